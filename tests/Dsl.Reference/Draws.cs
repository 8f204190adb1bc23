using System;

namespace Dsl.Reference;

/// <summary>Random numbers, by a seed alone.</summary>
internal static class Draws
{
    /// <summary>A normal number (Box and Muller 1958).</summary>
    internal static double Normal(Random random) => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}
