using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using static TorchSharp.torch;

namespace Dsl.Testing;

/// <summary>One comparison.</summary>
/// <param name="Check">What was compared: <c>out.logits</c>, <c>grad.&lt;key&gt;</c>, <c>advance by 3</c>, ...</param>
/// <param name="Dtype">The dtype the model ran in.</param>
/// <param name="Error">The error as the check defines it; NaN or infinite where the comparison could not be made.</param>
/// <param name="Tolerance">The largest error that passes.</param>
/// <param name="Note">Why it failed, where a number doesn't say it.</param>
public sealed record GoldenRow(string Check, ScalarType Dtype, double Error, double Tolerance, string? Note = null)
{
    /// <summary>False for NaN.</summary>
    public bool Passed => Error <= Tolerance;

    /// <inheritdoc/>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture,
            $"{Check} ({Dtype}): error {Error:0.0e+00}, allowed {Tolerance:0.0e+00}{(Note is null ? "" : ": " + Note)}");
}

/// <summary>All comparisons of one case.</summary>
/// <param name="Case">The folder's name.</param>
/// <param name="What">What it is, in a line.</param>
/// <param name="Rows">The comparisons, in the order in which they were made.</param>
public sealed record GoldenReport(string Case, string What, IReadOnlyList<GoldenRow> Rows)
{
    /// <summary>Whether anything was compared and nothing missed.</summary>
    public bool Passed => Rows.Count > 0 && Rows.All(r => r.Passed);

    /// <summary>The rows that missed.</summary>
    public IEnumerable<GoldenRow> Misses => Rows.Where(r => !r.Passed);

    /// <summary>The case, and a line for each comparison.</summary>
    public override string ToString() => $"{Case}: {What}" + string.Concat(Rows.Select(row => $"\n  {(row.Passed ? "held  " : "missed")} {row}"));
}
