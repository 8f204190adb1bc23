using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using Dsl.Files;

namespace Dsl.Training;

/// <summary>One row of <c>metrics.csv</c>.</summary>
public readonly record struct MetricsRow(long Step, double Loss, double Rate, double GradientNorm, double? HeldOutLoss, double TokensPerSecond, double Seconds)
{
    private readonly IReadOnlyList<LossPart>? parts;

    /// <summary>What else was measured: parts of the loss, rewards, divergence. Each is a column, the same ones in every row.</summary>
    public IReadOnlyList<LossPart> Parts
    {
        get => parts ?? [];
        init => parts = value;
    }
}

/// <summary>
/// The table of a run, a row per step. It is on disk from the first row on; a resumed run drops the rows after its checkpoint, which it is about to write
/// again. While it is held back, what stands there is left as it is.
/// </summary>
public sealed class MetricsFile : IDisposable
{
    private const string Header = "step,loss,rate,gradient_norm,held_out_loss,tokens_per_second,seconds";

    private static readonly int Columns = Header.Split(',').Length;

    // Ten million steps.
    private const long MostBytes = 1 << 30;

    private readonly string path;
    private readonly string? eventsPath;
    private readonly double began;
    private bool held;
    private GrowingFile? file;
    private EventsFile? events;

    /// <param name="path">Replaced, or continued, with the first row.</param>
    /// <param name="lastStep">Rows of later steps are dropped; 0: all of them.</param>
    /// <param name="held">Nothing is written before <see cref="Release"/>.</param>
    /// <param name="events">Where the same rows are written for TensorBoard (<see cref="EventsFile"/>); null: nowhere.</param>
    /// <exception cref="IOException">What is there cannot be read.</exception>
    public MetricsFile(string path, long lastStep, bool held = false, string? events = null)
    {
        eventsPath = events;
        this.path = path;
        this.held = held;
        Rows = lastStep > 0 && File.Exists(path) ? Read(path).FindAll(row => row.Step <= lastStep) : [];
        Seconds = Rows.Count > 0 ? Rows[^1].Seconds : 0;
        began = (DateTime.UtcNow - DateTime.UnixEpoch).TotalSeconds - Seconds;
    }

    /// <summary>All rows so far.</summary>
    public List<MetricsRow> Rows { get; }

    /// <summary>How long the run had taken when it was last stopped.</summary>
    public double Seconds { get; }

    /// <summary>Adds a row.</summary>
    /// <exception cref="IOException">The table cannot be written.</exception>
    public void Add(MetricsRow row)
    {
        Rows.Add(row);
        if (file is not null)
        {
            file.Add(Line(row));
            events?.Add(row);
        }
        else if (!held)
        {
            Begin();
        }
    }

    /// <summary>Puts what was added on disk.</summary>
    public void Flush()
    {
        file?.Flush();
        events?.Flush();
    }

    /// <summary>What was held back is written, over what stands there.</summary>
    /// <exception cref="IOException">The table cannot be written.</exception>
    public void Release()
    {
        held = false;
        if (file is null && Rows.Count > 0)
        {
            Begin();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        file?.Dispose();
        events?.Dispose();
    }

    /// <summary>The rows of a table; a last line that was cut short is left out.</summary>
    /// <exception cref="IOException">It cannot be read, or is no regular file.</exception>
    public static List<MetricsRow> Read(string path)
    {
        var rows = new List<MetricsRow>();
        string[] names = [];
        foreach (string line in UserFile.ReadText(path, MostBytes, FileErrors.Plain).Split('\n'))
        {
            string[] cells = line.Split(',');
            if (line.StartsWith(Header, StringComparison.Ordinal))
            {
                names = cells[Columns..];
            }
            else if (cells.Length == Columns + names.Length && long.TryParse(cells[0], NumberStyles.None, CultureInfo.InvariantCulture, out long step)
                && Number(cells[1]) is { } loss && Number(cells[2]) is { } rate && Number(cells[3]) is { } norm
                && Number(cells[5]) is { } speed && Number(cells[6]) is { } seconds)
            {
                rows.Add(new MetricsRow(step, loss, rate, norm, Number(cells[4]), speed, seconds)
                {
                    Parts = [.. names.Zip(cells.Skip(Columns), (name, cell) => new LossPart(name, Number(cell) ?? double.NaN))],
                });
            }
        }

        return rows;
    }

    private static double? Number(string cell) => double.TryParse(cell, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) ? value : null;

    private void Begin()
    {
        string header = string.Join(',', Rows[0].Parts.Select(part => part.Name).Prepend(Header)) + "\n";
        file = new GrowingFile(path, header + string.Concat(Rows.Select(Line)), FileErrors.Plain);
        events = eventsPath is null ? null : new EventsFile(eventsPath, Rows, began);
    }

    private static string Line(MetricsRow row) => FormattableString.Invariant(
        $"{row.Step},{row.Loss:R},{row.Rate:R},{row.GradientNorm:R},{row.HeldOutLoss:R},{row.TokensPerSecond:F0},{row.Seconds:F3}")
        + string.Concat(row.Parts.Select(part => FormattableString.Invariant($",{part.Value:R}"))) + "\n";
}
