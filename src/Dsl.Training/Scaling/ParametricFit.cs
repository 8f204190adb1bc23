using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Runtime;
using MathNet.Numerics.Statistics;

namespace Dsl.Training.Scaling;

/// <summary>Where a resampled number lies with 95 % of the resamplings.</summary>
/// <param name="Low">The 2.5th percentile.</param>
/// <param name="High">The 97.5th.</param>
public readonly record struct Interval(double Low, double High)
{
    internal static Interval Of(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Where(double.IsFinite).Order()];
        return new Interval(SortedArrayStatistics.Quantile(sorted, 0.025), SortedArrayStatistics.Quantile(sorted, 0.975));
    }
}

/// <summary>A law with the intervals of its numbers.</summary>
/// <param name="Entropy">Of E.</param>
/// <param name="SizeFactor">Of A.</param>
/// <param name="DataFactor">Of B.</param>
/// <param name="SizeExponent">Of alpha.</param>
/// <param name="DataExponent">Of beta.</param>
/// <param name="SizeGrowth">Of a in N ~ C^a.</param>
public sealed record LawIntervals(
    Interval Entropy, Interval SizeFactor, Interval DataFactor, Interval SizeExponent, Interval DataExponent, Interval SizeGrowth);

/// <summary>
/// Approach 3 of Hoffmann et al. 2022: the law's five numbers at once, by the least sum of Huber's losses of log L, from the best of a grid of starts. Log
/// factors and exponents trade off along a flat valley: runs from a narrow range of sizes leave them uncertain, as the intervals then show.
/// </summary>
/// <param name="Law">The law.</param>
/// <param name="Objective">The sum of Huber's losses at it.</param>
/// <param name="Gradient">The largest entry of the gradient there, by a, b, e, alpha and beta.</param>
public sealed record ParametricFit(ChinchillaLaw Law, double Objective, double Gradient)
{
    /// <summary>Huber's delta as published.</summary>
    public const double PublishedDelta = 1e-3;

    private const int FirstSteps = 5, Promising = 150, RoughSteps = 40, PolishSteps = 200, Polished = 12;

    /// <summary>Fits runs.</summary>
    /// <param name="runs">At least six, of three sizes and three token counts.</param>
    /// <param name="delta">Where Huber's loss turns from squares to distances.</param>
    /// <exception cref="TrainingException">No law can be fitted: too few sizes, or losses that rise.</exception>
    public static ParametricFit Of(IReadOnlyList<RunLoss> runs, double delta = PublishedDelta)
    {
        RunTable.RequireFalling(runs);
        var problem = new HuberProblem(runs, delta);
        IEnumerable<double[]> rough = Best(problem, Best(problem, Starts(), FirstSteps, Promising), RoughSteps, Polished);
        ParametricFit best = rough.Select(point => Polish(problem, point)).MinBy(fit => fit.Objective)!;
        return best.Law is { SizeExponent: > 0, DataExponent: > 0 } ? best
            : throw new TrainingException(FormattableString.Invariant(
                $"the best law has the exponents {best.Law.SizeExponent:G3} and {best.Law.DataExponent:G3}, expected losses that fall with size and tokens"));
    }

    /// <summary>95 % intervals: the law fitted again to runs drawn with replacement, each from the law that was found.</summary>
    /// <param name="runs">What the law was fitted to.</param>
    /// <param name="resamplings">How often.</param>
    /// <param name="seed">Of the draws.</param>
    /// <param name="delta">As in the fit.</param>
    public LawIntervals Bootstrap(IReadOnlyList<RunLoss> runs, int resamplings = 500, ulong seed = 1, double delta = PublishedDelta)
    {
        var random = new SeededRandom(seed);
        double[] start = Point(Law);
        var laws = new List<ChinchillaLaw>();
        for (int i = 0; i < resamplings; i++)
        {
            RunLoss[] drawn = [.. runs.Select(_ => runs[(int)random.NextLong(runs.Count)])];
            var problem = new HuberProblem(drawn, delta);
            laws.Add(Polish(problem, problem.Descend(start, RoughSteps, exact: false).Point).Law);
        }

        Interval Of(Func<ChinchillaLaw, double> number) => Interval.Of(laws.Select(number));
        return new LawIntervals(Of(law => law.Entropy), Of(law => law.SizeFactor), Of(law => law.DataFactor), Of(law => law.SizeExponent),
            Of(law => law.DataExponent), Of(law => law.SizeGrowth));
    }

    /// <summary>Where so many steps from each start lead, the lowest of these.</summary>
    private static IEnumerable<double[]> Best(HuberProblem problem, IEnumerable<double[]> starts, int steps, int count) =>
        starts.Select(start => problem.Descend(start, steps, exact: false)).OrderBy(found => found.Objective).Take(count)
            .Select(found => found.Point).ToArray();

    private static ParametricFit Polish(HuberProblem problem, double[] point)
    {
        // Reweighted squares come near slowly and surely; Newton's own steps then end it.
        (double[] near, _, _) = problem.Descend(point, PolishSteps, exact: false);
        (double[] at, double objective, double gradient) = problem.Descend(near, PolishSteps, exact: true);
        return new ParametricFit(new ChinchillaLaw(Math.Exp(at[2]), Math.Exp(at[0]), Math.Exp(at[1]), at[3], at[4]), objective, gradient);
    }

    private static double[] Point(ChinchillaLaw law) =>
        [Math.Log(law.SizeFactor), Math.Log(law.DataFactor), Math.Log(law.Entropy), law.SizeExponent, law.DataExponent];

    /// <summary>The published grid: a and b from 0 to 25, e from -1 to 1, alpha and beta from 0 to 2.</summary>
    private static IEnumerable<double[]> Starts() =>
        from a in Enumerable.Range(0, 6)
        from b in Enumerable.Range(0, 6)
        from e in Enumerable.Range(-2, 5)
        from alpha in Enumerable.Range(0, 5)
        from beta in Enumerable.Range(0, 5)
        select new[] { 5.0 * a, 5.0 * b, e / 2.0, alpha / 2.0, beta / 2.0 };
}
