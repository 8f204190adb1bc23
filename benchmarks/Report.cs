using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text.Json;
using Spectre.Console;

namespace Benchmarks;

/// <summary>One measured case: medians of interleaved runs. What a case has no use for is null.</summary>
/// <param name="Share">Share of the machine's limit: of its product rate, or of its read bandwidth.</param>
/// <param name="PeakMb">Peak memory of a process that runs ours alone, above what it held before the model was built.</param>
internal sealed record Result(
    string Case, double? OursMs, double? BaselineMs = null, double? Share = null, double? PeakMb = null, double? BaselinePeakMb = null)
{
    public double? Speedup => BaselineMs / OursMs;

    /// <summary>Further figures of the case, by their names in the JSON.</summary>
    public IReadOnlyDictionary<string, double?>? More { get; init; }
}

/// <summary>What a run prints: a table, and one JSON object as the last line.</summary>
internal sealed record Report(string Benchmark, Machine Machine, IReadOnlyList<Result> Results)
{
    public void Print(IAnsiConsole console)
    {
        console.MarkupLineInterpolated(
            CultureInfo.InvariantCulture,
            $"[bold]{Benchmark}[/] on {Machine.Cpu}: {Machine.GemmGflops:F0} GFLOP/s in products, {Machine.ReadGbs:F1} GB/s reading");
        var table = new Table().Border(TableBorder.Horizontal);
        foreach (string column in new[] { "case", "ours ms", "base ms", "faster", "limit", "MB", "base MB" })
        {
            table.AddColumn(column == "case" ? new TableColumn(column).NoWrap() : new TableColumn(column).NoWrap().RightAligned());
        }

        foreach (var r in Results)
        {
            table.AddRow(
                Markup.Escape(r.Case),
                Cell(r.OursMs, "F1"),
                Cell(r.BaselineMs, "F1"),
                Cell(r.Speedup, "0.00x"),
                Cell(r.Share, "P0"),
                Cell(r.PeakMb, "F0"),
                Cell(r.BaselinePeakMb, "F0"));
        }

        console.Write(table);
        foreach (var r in Results.Where(r => r.More is not null))
        {
            console.WriteLine(
                $"{r.Case}: " + string.Join(", ", r.More!
                    .Where(m => m.Value is not null).Select(m => $"{m.Key} {Round(m.Value)!.Value.ToString(CultureInfo.InvariantCulture)}")));
        }
    }

    public string ToJson() => JsonSerializer.Serialize(new
    {
        benchmark = Benchmark,
        machine = new { gemm_gflops = Round(Machine.GemmGflops), read_gbs = Round(Machine.ReadGbs), cpu = Machine.Cpu },
        results = Array.ConvertAll([.. Results], r => new Dictionary<string, object?>(
            (r.More ?? new Dictionary<string, double?>()).ToDictionary(m => m.Key, m => (object?)Round(m.Value)))
        {
            ["case"] = r.Case,
            ["ours_ms"] = Round(r.OursMs),
            ["baseline_ms"] = Round(r.BaselineMs),
            ["speedup"] = Round(r.Speedup),
            ["share"] = Round(r.Share),
            ["peak_mb"] = Round(r.PeakMb),
            ["baseline_peak_mb"] = Round(r.BaselinePeakMb),
        }),
    });

    private static string Cell(double? value, string format) => value?.ToString(format, CultureInfo.InvariantCulture) ?? "";

    /// <summary>Four significant digits: more would be noise.</summary>
    private static double? Round(double? value) =>
        value is { } v && double.IsFinite(v) ? double.Parse(v.ToString("G4", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture) : null;
}
