using System;
using System.Collections.Generic;
using System.CommandLine;
using System.IO;
using System.Linq;
using Dsl.Files;
using Dsl.Training;
using Spectre.Console;

namespace Zoo.Cli;

/// <summary><c>curves</c>: the held-out losses of several runs in one picture and one table.</summary>
internal static class CurvesCommand
{
    internal static Command Make(CliContext context)
    {
        var runs = new Argument<string[]>("run") { Description = "folders that train wrote", Arity = ArgumentArity.OneOrMore };
        var output = new Option<string>("--out") { Description = "Where the picture goes (PNG).", HelpName = "file", DefaultValueFactory = _ => "curves.png" };
        var overwrite = new Option<bool>("--overwrite") { Description = "Replace a picture that is there." };
        var command = new Command("curves", "Draw the losses of several runs side by side.") { runs, output, overwrite };
        command.SetAction(parsed =>
        {
            string path = parsed.GetValue(output)!;
            bool replace = parsed.GetValue(overwrite);
            if (!replace)
            {
                AtomicFiles.RequireFree(path);
            }

            var read = parsed.GetRequiredValue(runs).Select(Read).ToList();
            LossCurve.Save(path, [.. read.Select(run => (run.Name, run.Rows))], replace);
            Print(context.Console, read);
            context.Output.WriteLine($"curves  {path}");
        });
        return command;
    }

    private static (string Name, IReadOnlyList<MetricsRow> Rows) Read(string path)
    {
        var folder = new RunFolder(path);
        if (!File.Exists(folder.Metrics))
        {
            throw new CommandException($"{path}: no {Path.GetFileName(folder.Metrics)}, expected a folder that train wrote");
        }

        List<MetricsRow> rows = MetricsFile.Read(folder.Metrics);
        return rows.Count > 0
            ? (Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path))), rows)
            : throw new CommandException($"{folder.Metrics}: no rows, expected at least one step");
    }

    private static void Print(IAnsiConsole console, IEnumerable<(string Name, IReadOnlyList<MetricsRow> Rows)> runs)
    {
        var table = new Table().Border(TableBorder.Horizontal).AddColumns("run", "steps", "held-out loss", "lowest", "minutes");
        foreach (var (name, rows) in runs)
        {
            double?[] heldOut = [.. rows.Select(row => row.HeldOutLoss).Where(loss => loss is not null)];
            table.AddRow(Markup.Escape(name), $"{rows[^1].Step}", Number(heldOut.LastOrDefault()), Number(heldOut.Min()),
                FormattableString.Invariant($"{rows[^1].Seconds / 60:F1}"));
        }

        console.Write(table);
    }

    private static string Number(double? loss) => loss is { } value ? FormattableString.Invariant($"{value:F4}") : "none";
}
