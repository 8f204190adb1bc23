using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using Dsl.Testing;
using Spectre.Console;

namespace Zoo.Cli;

/// <summary>Reports of golden cases as tables.</summary>
internal static class GoldenTables
{
    /// <summary>Verifies the given cases (a case's folder, or a folder of cases) and prints a table of each.</summary>
    /// <returns>The exit code: 0 when everything is within its tolerance, 1 on a miss, 2 when a path holds no case.</returns>
    internal static int Print(GoldenVerifier verifier, IEnumerable<string> paths, IAnsiConsole console)
    {
        int exit = 0;
        foreach (string path in paths)
        {
            var found = verifier.Find(path);
            if (found.Count == 0)
            {
                console.MarkupLineInterpolated($"[red]{path} holds no case: {Expected(verifier)}.[/]");
                exit = 2;
            }

            foreach (string folder in found)
            {
                var report = verifier.Verify(folder);
                Print(report, console);
                exit = report.Passed ? exit : Math.Max(exit, 1);
            }
        }

        return exit;
    }

    /// <summary>Every check with its error and its tolerance in each dtype, then the misses in words.</summary>
    private static void Print(GoldenReport report, IAnsiConsole console)
    {
        var dtypes = report.Rows.Select(r => r.Dtype).Distinct().ToArray();
        var table = new Table().Border(TableBorder.Horizontal).Title(Markup.Escape($"{report.Case}: {report.What}"));
        table.AddColumn(new TableColumn("check").NoWrap());
        foreach (var dtype in dtypes)
        {
            table.AddColumn(new TableColumn(Markup.Escape(dtype?.ToString() ?? "different")).RightAligned());
            table.AddColumn(new TableColumn("allowed").RightAligned());
        }

        foreach (var check in report.Rows.GroupBy(r => r.Check))
        {
            var cells = new List<string> { Markup.Escape(check.Key) };
            foreach (var dtype in dtypes)
            {
                var row = check.FirstOrDefault(r => r.Dtype == dtype);
                cells.Add(row is null ? "" : row.Passed ? $"[green]{Number(row.Error)}[/]" : $"[red]{Number(row.Error)}[/]");
                cells.Add(row is null ? "" : Number(row.Tolerance, "0e+00"));
            }

            table.AddRow([.. cells]);
        }

        console.Write(table);
        foreach (var miss in report.Misses)
        {
            console.MarkupLineInterpolated($"[red]missed[/] {miss.ToString()}");
        }

        foreach (string line in report.Omissions)
        {
            console.MarkupLineInterpolated($"{line}");
        }
    }

    private static string Expected(GoldenVerifier verifier) => "expected case.json with config.json, model.safetensors and io.safetensors, "
        + $"or with base/, adapter/ and io.safetensors, or in a folder whose name begins with one of {string.Join(", ", verifier.Kinds)}";

    private static string Number(double value, string format = "0.0e+00") => value == 0 ? "0" : value.ToString(format, CultureInfo.InvariantCulture);
}
