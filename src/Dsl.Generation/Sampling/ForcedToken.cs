using System;

namespace Dsl.Generation;

/// <summary>
/// The generated token at this place (0 is the first) is this one and no other: a language code at the start, the end token at the last place.
/// </summary>
public sealed record ForcedToken(int Place, int Id) : ILogitProcessor
{
    /// <inheritdoc/>
    public void Apply(Span<double> logits, RowHistory row)
    {
        if (row.Generated == Place)
        {
            logits.Fill(double.NegativeInfinity);
            logits[Id] = 0;
        }
    }
}
