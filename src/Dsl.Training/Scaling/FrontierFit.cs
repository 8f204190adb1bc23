using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Runtime;
using MathNet.Numerics;

namespace Dsl.Training.Scaling;

/// <summary>A parabola of loss over log10 N at one budget (approach 2).</summary>
/// <param name="Compute">FLOP.</param>
/// <param name="Best">Its lowest point.</param>
/// <param name="Curvature">Of the parabola, nats per squared decade; positive.</param>
public readonly record struct IsoFlopCurve(double Compute, Allocation Best, double Curvature);

/// <summary>
/// Best sizes at several budgets, and the powers of compute through them: approaches 1 and 2 of Hoffmann et al. 2022 (sections 3.1 and 3.2).
/// </summary>
/// <param name="Best">The best split of each budget, by rising compute.</param>
/// <param name="Size">N through them.</param>
/// <param name="Tokens">D through them.</param>
/// <param name="Curves">Approach 2's parabolas; empty in approach 1.</param>
public sealed record FrontierFit(IReadOnlyList<Allocation> Best, Growth Size, Growth Tokens, IReadOnlyList<IsoFlopCurve> Curves)
{
    private const int LeastBudgets = 2, LeastSizes = 3;

    /// <summary>
    /// Approach 1: the lowest loss at each of many budgets, over the training curves of several sizes; between a curve's points log loss is a line of log C.
    /// </summary>
    /// <param name="curves">Runs on their way: for each size, losses at several token counts.</param>
    /// <param name="budgets">How many budgets, evenly spread in log C over the range that at least two sizes share.</param>
    /// <exception cref="TrainingException">Fewer than three sizes, or curves that share no budget.</exception>
    public static FrontierFit ByEnvelope(IReadOnlyList<RunLoss> curves, int budgets = 200)
    {
        RunLoss[][] sizes = [.. curves.GroupBy(run => run.Parameters).OrderBy(group => group.Key).Select(group => group.OrderBy(run => run.Tokens).ToArray())];
        if (sizes.Length < LeastSizes)
        {
            throw new TrainingException($"{sizes.Length} sizes with training curves, expected at least {LeastSizes} for an envelope");
        }

        double low = sizes.Select(curve => curve[0].Compute).Order().ElementAt(1);
        double high = sizes.Select(curve => curve[^1].Compute).OrderDescending().ElementAt(1);
        if (!(high > low))
        {
            throw new TrainingException("no two training curves share a budget, expected sizes that were trained over the same range of compute");
        }

        var best = new List<Allocation>();
        foreach (double compute in Generate.LogSpaced(budgets, Math.Log10(low), Math.Log10(high)))
        {
            Allocation[] there = [.. sizes.Where(curve => curve[0].Compute <= compute && compute <= curve[^1].Compute).Select(curve =>
                new Allocation(compute, curve[0].Parameters, compute / 6 / curve[0].Parameters, LossAt(curve, compute)))];
            int lowest = Array.IndexOf(there, there.MinBy(split => split.Loss));

            // At an end of the ladder the best size may lie beyond it.
            if (lowest > 0 && lowest < there.Length - 1)
            {
                best.Add(there[lowest]);
            }
        }

        if (best.Select(split => split.Parameters).Distinct().Count() < LeastBudgets)
        {
            throw new TrainingException(
                "no size inside of the ladder is ever the best of those trained, expected budgets that favour neither the smallest nor the largest");
        }

        return Through(best, []);
    }

    /// <summary>Approach 2: at each budget a parabola of loss over log N, and its lowest point.</summary>
    /// <param name="runs">Ends of runs; those whose 6 N D are within <paramref name="tolerance"/> of one another share a budget.</param>
    /// <param name="tolerance">Of budgets, as a factor: 0.1 is a tenth.</param>
    /// <exception cref="TrainingException">Fewer than two budgets with three sizes, or a parabola without a lowest point.</exception>
    public static FrontierFit ByIsoFlop(IReadOnlyList<RunLoss> runs, double tolerance = 0.1)
    {
        var curves = new List<IsoFlopCurve>();
        foreach (RunLoss[] budget in Budgets(runs, tolerance).Where(budget => budget.Select(run => run.Parameters).Distinct().Count() >= LeastSizes))
        {
            double compute = Math.Exp(budget.Average(run => Math.Log(run.Compute)));
            double[] line = Fit.Polynomial([.. budget.Select(run => Math.Log10(run.Parameters))], [.. budget.Select(run => run.Loss)], 2);
            if (!(line[2] > 0))
            {
                throw new TrainingException(FormattableString.Invariant(
                    $"at {compute:E2} FLOP the losses make no valley over size, expected a lowest loss between the smallest and the largest model"));
            }

            double place = -line[1] / (2 * line[2]), size = Math.Pow(10, place);
            double lowest = line[0] + (place * (line[1] + (place * line[2])));
            curves.Add(new IsoFlopCurve(compute, new Allocation(compute, size, compute / 6 / size, lowest), line[2]));
        }

        return curves.Count >= LeastBudgets ? Through([.. curves.Select(curve => curve.Best)], curves)
            : throw new TrainingException($"{curves.Count} budgets with {LeastSizes} sizes or more, expected at least {LeastBudgets} for isoFLOP curves");
    }

    /// <summary>95 % intervals of the exponents of N and D, by drawing the budgets' runs again with replacement.</summary>
    /// <param name="runs">What was fitted.</param>
    /// <param name="fit">How: approach 1 or 2.</param>
    /// <param name="resamplings">How often; draws that leave nothing to fit are passed over.</param>
    /// <param name="seed">Of the draws.</param>
    public static (Interval Size, Interval Tokens) Bootstrap(
        IReadOnlyList<RunLoss> runs, Func<IReadOnlyList<RunLoss>, FrontierFit> fit, int resamplings = 500, ulong seed = 1)
    {
        var random = new SeededRandom(seed);
        var fits = new List<FrontierFit>();
        for (int i = 0; i < resamplings; i++)
        {
            try
            {
                fits.Add(fit([.. runs.Select(_ => runs[(int)random.NextLong(runs.Count)])]));
            }
            catch (TrainingException)
            {
                // Too few different runs in this draw.
            }
        }

        return (Interval.Of(fits.Select(found => found.Size.Exponent)), Interval.Of(fits.Select(found => found.Tokens.Exponent)));
    }

    private static FrontierFit Through(IReadOnlyList<Allocation> best, IReadOnlyList<IsoFlopCurve> curves)
    {
        Growth Line(Func<Allocation, double> quantity)
        {
            (double factor, double exponent) = Fit.Line(
                [.. best.Select(split => Math.Log(split.Compute))], [.. best.Select(split => Math.Log(quantity(split)))]);
            return new Growth(Math.Exp(factor), exponent);
        }

        return new FrontierFit([.. best.OrderBy(split => split.Compute)], Line(split => split.Parameters), Line(split => split.Tokens), curves);
    }

    private static double LossAt(RunLoss[] curve, double compute)
    {
        int after = Array.FindIndex(curve, run => run.Compute >= compute);
        if (after <= 0)
        {
            return curve[0].Loss;
        }

        (RunLoss left, RunLoss right) = (curve[after - 1], curve[after]);
        double part = Math.Log(compute / left.Compute) / Math.Log(right.Compute / left.Compute);
        return left.Loss * Math.Pow(right.Loss / left.Loss, part);
    }

    private static List<RunLoss[]> Budgets(IReadOnlyList<RunLoss> runs, double tolerance)
    {
        var budgets = new List<RunLoss[]>();
        RunLoss[] left = [.. runs.OrderBy(run => run.Compute)];
        while (left.Length > 0)
        {
            double most = left[0].Compute * (1 + tolerance);
            budgets.Add([.. left.TakeWhile(run => run.Compute <= most)]);
            left = left[budgets[^1].Length..];
        }

        return budgets;
    }
}
