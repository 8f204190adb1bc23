using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Training.Scaling;

namespace Zoo.Cli;

/// <summary>The pictures of the scaling papers: loss over size, training curves over compute with their envelope, and isoFLOP curves.</summary>
internal static class ScalingPlots
{
    private const int Width = 1000, Height = 560, Samples = 80;

    /// <summary>Loss over size, a line of the law for each number of tokens (Kaplan et al., figure 4 left).</summary>
    /// <param name="path">Of the PNG.</param>
    /// <param name="runs">Ends of runs: points.</param>
    /// <param name="law">Lines; null: none.</param>
    /// <param name="predicted">Runs that the law was not fitted to: crosses.</param>
    internal static void Sizes(string path, IReadOnlyList<RunLoss> runs, ChinchillaLaw? law, IReadOnlyList<RunLoss> predicted)
    {
        var plot = new ScottPlot.Plot();
        var palette = new ScottPlot.Palettes.Category10();
        RunLoss[] all = [.. runs, .. predicted];
        (double low, double high) = (all.Min(run => run.Parameters), all.Max(run => run.Parameters));
        double[] tokens = [.. runs.Select(run => run.Tokens).Distinct().Order()];
        for (int i = 0; i < tokens.Length; i++)
        {
            ScottPlot.Color colour = palette.GetColor(i);
            Points(plot, [.. runs.Where(run => run.Tokens == tokens[i])], run => run.Parameters, colour, $"{LogAxis.Spell(tokens[i])} tokens");
            if (law is not null)
            {
                double[] sizes = Between(low, high);
                Line(plot, sizes, [.. sizes.Select(size => law.Loss(size, tokens[i]))], colour);
            }
        }

        if (predicted.Count > 0)
        {
            ScottPlot.Plottables.Scatter crosses = Points(plot, predicted, run => run.Parameters, ScottPlot.Colors.Black, "not fitted to");
            crosses.MarkerShape = ScottPlot.MarkerShape.Cross;
            crosses.MarkerSize = 14;
            crosses.MarkerLineWidth = 2;
        }

        Save(plot, path, "parameters", low, high);
    }

    /// <summary>Training curves over compute, and the frontier below them (Hoffmann et al., figure 2 left).</summary>
    /// <param name="path">Of the PNG.</param>
    /// <param name="curves">Runs on their way.</param>
    /// <param name="law">Its frontier; null: none.</param>
    internal static void Envelope(string path, IReadOnlyList<RunLoss> curves, ChinchillaLaw? law)
    {
        var plot = new ScottPlot.Plot();
        var palette = new ScottPlot.Palettes.Category10();
        double[] sizes = [.. curves.Select(run => run.Parameters).Distinct().Order()];
        for (int i = 0; i < sizes.Length; i++)
        {
            ScottPlot.Plottables.Scatter curve = Points(
                plot, [.. curves.Where(run => run.Parameters == sizes[i]).OrderBy(run => run.Compute)], run => run.Compute, palette.GetColor(i),
                $"{LogAxis.Spell(sizes[i])} parameters");
            curve.MarkerSize = 4;
            curve.LineWidth = 1.5f;
        }

        (double low, double high) = (curves.Min(run => run.Compute), curves.Max(run => run.Compute));
        if (law is not null)
        {
            double[] budgets = Between(low, high);
            ScottPlot.Plottables.Scatter frontier = Line(plot, budgets, [.. budgets.Select(budget => law.Allocate(budget).Loss)], ScottPlot.Colors.Black);
            frontier.LegendText = "the law's frontier";
        }

        Save(plot, path, "compute, FLOP", low, high);
    }

    /// <summary>Loss over size at each budget, with the parabolas and their lowest points (Hoffmann et al., figure 3 left).</summary>
    /// <param name="path">Of the PNG.</param>
    /// <param name="runs">Ends of runs.</param>
    /// <param name="fit">Approach 2's.</param>
    internal static void IsoFlop(string path, IReadOnlyList<RunLoss> runs, FrontierFit fit)
    {
        var plot = new ScottPlot.Plot();
        var palette = new ScottPlot.Palettes.Category10();
        for (int i = 0; i < fit.Curves.Count; i++)
        {
            IsoFlopCurve curve = fit.Curves[i];
            RunLoss[] budget = [.. runs.Where(run => Math.Abs(Math.Log(run.Compute / curve.Compute)) < 0.1)];
            Points(plot, budget, run => run.Parameters, palette.GetColor(i), $"{LogAxis.Spell(curve.Compute)} FLOP");
            double[] sizes = Between(budget.Min(run => run.Parameters), budget.Max(run => run.Parameters));
            double best = Math.Log10(curve.Best.Parameters);
            Line(plot, sizes, [.. sizes.Select(size => curve.Best.Loss + (curve.Curvature * Math.Pow(Math.Log10(size) - best, 2)))], palette.GetColor(i));
            ScottPlot.Plottables.Marker lowest = plot.Add.Marker(best, curve.Best.Loss);
            lowest.Color = ScottPlot.Colors.Black;
            lowest.Shape = ScottPlot.MarkerShape.Cross;
        }

        Save(plot, path, "parameters", runs.Min(run => run.Parameters), runs.Max(run => run.Parameters));
    }

    private static ScottPlot.Plottables.Scatter Points(
        ScottPlot.Plot plot, IReadOnlyList<RunLoss> runs, Func<RunLoss, double> over, ScottPlot.Color colour, string legend)
    {
        ScottPlot.Plottables.Scatter points = plot.Add.Scatter([.. runs.Select(run => Math.Log10(over(run)))], runs.Select(run => run.Loss).ToArray());
        points.Color = colour;
        points.LineWidth = 0;
        points.MarkerSize = 9;
        points.LegendText = legend;
        return points;
    }

    private static ScottPlot.Plottables.Scatter Line(ScottPlot.Plot plot, double[] over, double[] losses, ScottPlot.Color colour)
    {
        ScottPlot.Plottables.Scatter line = plot.Add.ScatterLine([.. over.Select(Math.Log10)], losses);
        line.Color = colour;
        line.LineWidth = 1.5f;
        return line;
    }

    private static double[] Between(double low, double high) => [.. Enumerable.Range(0, Samples).Select(i => low * Math.Pow(high / low, i / (Samples - 1.0)))];

    private static void Save(ScottPlot.Plot plot, string path, string over, double low, double high)
    {
        plot.XLabel(over);
        plot.YLabel("cross entropy of the next token, nats");
        LogAxis.Put(plot.Axes.Bottom, low, high);
        plot.ShowLegend(ScottPlot.Alignment.UpperRight);
        Pictures.Save(plot, path, Width, Height, replace: true);
    }
}
