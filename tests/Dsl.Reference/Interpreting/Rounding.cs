using System;

namespace Dsl.Reference.Interpreting;

/// <summary>Moves numbers as rounding would, by much more than a unit of their last place: what then moves far, rounding decides.</summary>
internal sealed class Rounding(int seed)
{
    private const double Amount = 1e-13;
    private readonly Random random = new(seed);

    /// <summary>A number, moved by about so much of another.</summary>
    internal double Move(double x, double scale) => x + (scale * Amount * ((2 * random.NextDouble()) - 1));

    /// <summary>All of them, by about so much of the largest.</summary>
    internal NumberArray Move(NumberArray numbers)
    {
        double largest = numbers.Largest;
        return numbers.Map(x => Move(x, largest));
    }
}
