using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using Dsl.Files;

namespace Dsl.Training;

/// <summary>One row of <c>metrics.csv</c>.</summary>
public readonly record struct MetricsRow(long Step, double Loss, double Rate, double GradientNorm, double? HeldOutLoss, double TokensPerSecond, double Seconds);

/// <summary>The table of a run, a row per step. A resumed run drops the rows after its checkpoint, which it is about to write again.</summary>
public sealed class MetricsFile : IDisposable
{
    private const string Header = "step,loss,rate,gradient_norm,held_out_loss,tokens_per_second,seconds";

    // Ten million steps.
    private const long MostBytes = 1 << 30;

    private readonly StreamWriter writer;

    /// <param name="path">Created, or continued.</param>
    /// <param name="lastStep">Rows of later steps are dropped.</param>
    public MetricsFile(string path, long lastStep)
    {
        Rows = File.Exists(path) ? Read(path).FindAll(row => row.Step <= lastStep) : [];
        Seconds = Rows.Count > 0 ? Rows[^1].Seconds : 0;
        writer = new StreamWriter(path, append: false);
        writer.WriteLine(Header);
        Rows.ForEach(Write);
        writer.Flush();
    }

    /// <summary>All rows so far.</summary>
    public List<MetricsRow> Rows { get; }

    /// <summary>How long the run had taken when it was last stopped.</summary>
    public double Seconds { get; }

    /// <summary>Adds a row.</summary>
    public void Add(MetricsRow row)
    {
        Rows.Add(row);
        Write(row);
    }

    /// <summary>Puts what was added on disk.</summary>
    public void Flush() => writer.Flush();

    /// <inheritdoc/>
    public void Dispose() => writer.Dispose();

    /// <summary>The rows of a table; a last line that was cut short is left out.</summary>
    public static List<MetricsRow> Read(string path)
    {
        var rows = new List<MetricsRow>();
        foreach (string line in UserFile.ReadText(path, MostBytes, FileErrors.Plain).Split('\n'))
        {
            string[] cells = line.Split(',');
            if (cells.Length == 7 && long.TryParse(cells[0], NumberStyles.None, CultureInfo.InvariantCulture, out long step)
                && Number(cells[1]) is { } loss && Number(cells[2]) is { } rate && Number(cells[3]) is { } norm
                && Number(cells[5]) is { } speed && Number(cells[6]) is { } seconds)
            {
                rows.Add(new MetricsRow(step, loss, rate, norm, Number(cells[4]), speed, seconds));
            }
        }

        return rows;
    }

    private static double? Number(string cell) => double.TryParse(cell, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) ? value : null;

    private void Write(MetricsRow row) => writer.WriteLine(FormattableString.Invariant(
        $"{row.Step},{row.Loss:R},{row.Rate:R},{row.GradientNorm:R},{row.HeldOutLoss:R},{row.TokensPerSecond:F0},{row.Seconds:F3}"));
}
