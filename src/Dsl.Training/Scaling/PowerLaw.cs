using System;

namespace Dsl.Training.Scaling;

/// <summary>A loss that falls as a power of one quantity: L(x) = (Scale / x)^Exponent, in nats a token.</summary>
/// <param name="Exponent">alpha; positive.</param>
/// <param name="Scale">Where the loss would be 1, in the units of x.</param>
public sealed record PowerLaw(double Exponent, double Scale)
{
    /// <summary>The loss at a size, in nats a token.</summary>
    /// <exception cref="ArgumentException"><paramref name="x"/> is not a positive number.</exception>
    public double At(double x) => Math.Pow(Scale / Quantity.Positive(x, "size"), Exponent);
}

/// <summary>A quantity that grows as a power of compute: y(C) = Factor * C^Exponent.</summary>
/// <param name="Factor">y at C = 1.</param>
/// <param name="Exponent">Of C.</param>
public sealed record Growth(double Factor, double Exponent)
{
    /// <summary>The quantity at a compute budget, in the units that the factor was given for.</summary>
    public double At(double compute) => Factor * Math.Pow(Quantity.Positive(compute, "compute"), Exponent);
}

/// <summary>Numbers that only make sense above zero.</summary>
internal static class Quantity
{
    internal static double Positive(double value, string name) => value > 0 && double.IsFinite(value) ? value
        : throw new ArgumentException(FormattableString.Invariant($"{name} {value}, expected a number above 0"));
}
