using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Files;
using Dsl.Training;
using ScottPlot;

namespace Zoo.Cli;

/// <summary>A recipe as a picture, a panel for each stage: the loss, of pairs how many are right, of a policy its reward and its divergence.</summary>
public static class RecipePicture
{
    private const int Width = 380, Height = 300;

    /// <summary>Writes a PNG of 380 x 300 pixels a stage, side by side.</summary>
    /// <param name="path">Replaced.</param>
    /// <param name="stages">Their names and rows; those without rows are left out.</param>
    public static void Save(string path, IReadOnlyList<(string Name, IReadOnlyList<MetricsRow> Rows)> stages)
    {
        (string Name, IReadOnlyList<MetricsRow> Rows)[] run = [.. stages.Where(stage => stage.Rows.Count > 0)];
        var all = new Multiplot();
        all.AddPlots(run.Length);
        all.Layout = new ScottPlot.MultiplotLayouts.Columns();
        for (int i = 0; i < run.Length; i++)
        {
            Draw(all.GetPlot(i), run[i].Name, run[i].Rows);
        }

        AtomicFiles.WriteBytes(
            path, all.Render(Width * run.Length, Height).GetImageBytes(ImageFormat.Png), FileErrors.Plain, replace: true);
    }

    private static void Draw(Plot plot, string name, IReadOnlyList<MetricsRow> rows)
    {
        plot.Title(name);
        plot.XLabel("step");
        if (Has(rows, "kl"))
        {
            Line(plot, rows, row => Part(row, "reward"), "reward", Colors.SteelBlue);
            Line(plot, rows, row => Part(row, "kl"), "divergence, nats", Colors.DarkOrange).Axes.YAxis = plot.Axes.Right;
        }
        else
        {
            Line(plot, rows, row => row.Loss, "loss", Colors.SteelBlue);
            if (Has(rows, "accuracy"))
            {
                Line(plot, rows, row => Part(row, "accuracy"), "pairs right", Colors.DarkOrange).Axes.YAxis = plot.Axes.Right;
            }

            MetricsRow[] measured = [.. rows.Where(row => row.HeldOutLoss is not null)];
            double[] steps = [.. measured.Select(row => (double)row.Step)], losses = [.. measured.Select(row => row.HeldOutLoss!.Value)];
            ScottPlot.Plottables.Scatter points = plot.Add.ScatterPoints(steps, losses);
            points.Color = Colors.Black;
            points.LegendText = "held out";
        }

        plot.ShowLegend(Alignment.MiddleRight);
    }

    private static ScottPlot.Plottables.Scatter Line(
        Plot plot, IReadOnlyList<MetricsRow> rows, Func<MetricsRow, double> value, string what, Color colour)
    {
        double[] steps = [.. rows.Select(row => (double)row.Step)];
        ScottPlot.Plottables.Scatter line = plot.Add.ScatterLine(steps, LossCurve.Smooth([.. rows.Select(value)]), colour);
        line.LineWidth = 2;
        line.LegendText = what;
        return line;
    }

    private static bool Has(IReadOnlyList<MetricsRow> rows, string part) => rows[0].Parts.Any(each => each.Name == part);

    private static double Part(MetricsRow row, string name) => row.Parts.Single(each => each.Name == name).Value;
}
