using System;
using System.Linq;

namespace Dsl.Generators.Tests.Scalar;

/// <summary>A derivative held against differences of the function.</summary>
internal static class Differences
{
    // A kink may lie within one step; within all of them it lies at the point itself, where the two sides disagree.
    private static readonly double[] Steps = [1e-5, 1e-6, 1e-7];

    public static double Central(Func<double, double> at, double step) => (at(step) - at(-step)) / (2 * step);

    /// <summary>
    /// Whether the derivative equals a central difference. With <paramref name="kinks"/> a shorter step may say so, too, and where the sides disagree at
    /// the point itself there is nothing to compare.
    /// </summary>
    public static bool Agree(Func<double, double> at, double derivative, bool kinks)
    {
        bool Close(double difference) => Math.Abs(difference - derivative) <= 2e-5 * (1 + Math.Abs(difference));
        if (Close(Central(at, Steps[0])))
        {
            return true;
        }

        if (!kinks)
        {
            return false;
        }

        double last = Steps[^1], middle = at(0), right = (at(last) - middle) / last, left = (middle - at(-last)) / last;
        return Steps.Skip(1).Any(step => Close(Central(at, step))) || Math.Abs(right - left) > 3e-5 * (1 + Math.Abs(right));
    }
}
