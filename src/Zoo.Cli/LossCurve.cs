using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Training;

namespace Zoo.Cli;

/// <summary>The losses of a run as a picture.</summary>
public static class LossCurve
{
    /// <summary>Writes a PNG of 1000 x 560 pixels: the loss of every step, smoothed, and the held-out losses as points.</summary>
    /// <param name="path">Replaced.</param>
    /// <param name="rows">All steps.</param>
    /// <param name="what">What the loss is.</param>
    public static void Save(string path, IReadOnlyList<MetricsRow> rows, string what = "cross entropy of the next token, nats")
    {
        var plot = new ScottPlot.Plot();
        double[] steps = rows.Select(row => (double)row.Step).ToArray();
        ScottPlot.Plottables.Scatter each = plot.Add.ScatterLine(steps, rows.Select(row => row.Loss).ToArray());
        each.Color = ScottPlot.Colors.SteelBlue.WithAlpha(0.25);
        each.LegendText = "loss of each step";
        ScottPlot.Plottables.Scatter smooth = plot.Add.ScatterLine(steps, Smooth([.. rows.Select(row => row.Loss)]));
        smooth.Color = ScottPlot.Colors.SteelBlue;
        smooth.LineWidth = 2;
        smooth.LegendText = "smoothed";
        MetricsRow[] heldOut = rows.Where(row => row.HeldOutLoss is not null).ToArray();
        if (heldOut.Length > 0)
        {
            ScottPlot.Plottables.Scatter points = plot.Add.Scatter(
                heldOut.Select(row => (double)row.Step).ToArray(), heldOut.Select(row => row.HeldOutLoss!.Value).ToArray());
            points.Color = ScottPlot.Colors.DarkOrange;
            points.LineWidth = 2;
            points.MarkerSize = 8;
            points.LegendText = "held out";
        }

        plot.XLabel("step");
        plot.YLabel(what);
        plot.ShowLegend(ScottPlot.Alignment.UpperRight);
        Pictures.Save(plot, path, 1000, 560, replace: true);
    }

    /// <summary>
    /// Writes a PNG of 1000 x 560 pixels: of each run the smoothed loss as a line and the held-out losses as points on another, both in the run's colour.
    /// </summary>
    /// <param name="path">Of the picture.</param>
    /// <param name="runs">Their names and rows.</param>
    public static void Save(string path, IReadOnlyList<(string Name, IReadOnlyList<MetricsRow> Rows)> runs, bool replace)
    {
        var plot = new ScottPlot.Plot();
        var palette = new ScottPlot.Palettes.Category10();
        for (int i = 0; i < runs.Count; i++)
        {
            (string name, IReadOnlyList<MetricsRow> rows) = runs[i];
            ScottPlot.Plottables.Scatter smooth = plot.Add.ScatterLine(
                rows.Select(row => (double)row.Step).ToArray(), Smooth([.. rows.Select(row => row.Loss)]));
            smooth.Color = palette.GetColor(i).WithAlpha(0.35);
            MetricsRow[] heldOut = rows.Where(row => row.HeldOutLoss is not null).ToArray();
            ScottPlot.Plottables.Scatter points =
                plot.Add.Scatter(heldOut.Select(row => (double)row.Step).ToArray(), heldOut.Select(row => row.HeldOutLoss!.Value).ToArray());
            points.Color = palette.GetColor(i);
            points.LineWidth = 2;
            points.MarkerSize = 8;
            points.LegendText = heldOut.Length > 0 ? FormattableString.Invariant($"{name}, held out: {heldOut[^1].HeldOutLoss:F3}") : name;
        }

        plot.XLabel("step");
        plot.YLabel("cross entropy of the next token, nats");
        plot.ShowLegend(ScottPlot.Alignment.UpperRight);
        Pictures.Save(plot, path, 1000, 560, replace: true);
    }

    /// <summary>The mean of what came so far, in which what is long ago counts little.</summary>
    internal static double[] Smooth(double[] values)
    {
        // A memory of a twenty-fifth of the run: long enough to calm the line, short enough not to lag behind it.
        double memory = 1 - 1 / Math.Clamp(values.Length / 25.0, 1, 50);
        var smooth = new double[values.Length];
        double mean = 0;
        double weight = 0;
        for (int i = 0; i < smooth.Length; i++)
        {
            // Divided by the sum of the weights, so that the first values are not pulled towards zero.
            mean = memory * mean + (1 - memory) * values[i];
            weight = memory * weight + (1 - memory);
            smooth[i] = mean / weight;
        }

        return smooth;
    }
}
