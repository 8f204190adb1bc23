using System;
using System.Collections.Generic;
using System.CommandLine;
using System.IO;
using System.Linq;
using System.Text;
using Dsl.Files;
using Dsl.Runtime;
using Dsl.Training;

namespace Zoo.Cli;

/// <summary><c>masks</c>: pictures of what each query may read.</summary>
internal static class MasksCommand
{
    private const int InTerminal = 32;
    private const int SideBySide = 16;

    internal static Command Make(CliContext context)
    {
        var names = new Argument<string[]>("preset")
        {
            Description = "the name of a preset, as list prints it; several are drawn side by side, and without any the three kinds of architectures are.",
            Arity = ArgumentArity.ZeroOrMore,
        };
        var size = new Option<int>("--size") { Description = "How many queries and keys the picture shows.", HelpName = "n", DefaultValueFactory = _ => 64 };
        var output = new Option<string>("--out", "-o") { Description = "Where the pictures go.", HelpName = "folder", DefaultValueFactory = _ => "masks" };
        var overwrite = new Option<bool>("--overwrite") { Description = "Replace pictures that are there." };
        var command = new Command("masks", "Draw the attention masks of a preset, in the terminal and as PNG.") { names, size, output, overwrite };
        command.SetAction(words =>
        {
            int n = words.GetValue(size);
            Arguments.Require(n is >= 2 and <= 2048, "size", n, "from 2 to 2048");
            string[] asked = words.GetValue(names) is { Length: > 0 } given ? given : ArchitecturePictures.OneOfEach;
            ZooPreset[] presets = [.. asked.Select(name => Presets.Find(context, name))];
            return presets.Length > 1
                ? ArchitecturePictures.Run(context, presets, SideBySide, n, words.GetValue(output)!, words.GetValue(overwrite))
                : Run(context, presets[0], n, words.GetValue(output)!, words.GetValue(overwrite));
        });
        return command;
    }

    private static int Run(CliContext context, ZooPreset preset, int size, string folder, bool overwrite)
    {
        IReadOnlyList<(string Name, MaskRule Rule)> masks = preset.Masks();
        if (masks.Count == 0)
        {
            context.Output.WriteLine($"{preset.Name} attends to nothing: it has no masks");
            return 0;
        }

        string PathOf(string mask) => Path.Combine(folder, $"{FileName(preset.Name)}.{FileName(mask)}.png");
        if (!overwrite)
        {
            // All of them before the first is drawn.
            foreach ((string mask, _) in masks)
            {
                AtomicFiles.RequireFree(PathOf(mask));
            }
        }

        foreach ((string mask, MaskRule rule) in masks)
        {
            string path = PathOf(mask);
            int step = Step(rule, InTerminal);
            string scale = step == 1 ? "" : $", one in {step}";
            context.Output.WriteLine($"{mask}: row = query, column = key{scale}, filled = may read");
            context.Output.WriteLine(Draw(Sample(rule, InTerminal, step)));
            Save(path, $"{preset.Name}: {mask}", Sample(rule, size, Step(rule, size)), Step(rule, size), overwrite);
            context.Output.WriteLine(path);
            context.Output.WriteLine();
        }

        return 0;
    }

    /// <summary>How many tokens lie between two cells of a picture, so that a wide band is seen to be one.</summary>
    private static int Step(MaskRule rule, int cells) => rule.Window is { } window && window > cells / 2 ? (2 * window + cells - 1) / cells : 1;

    private static bool[,] Sample(MaskRule rule, int cells, int step)
    {
        var table = new bool[cells, cells];
        for (int query = 0; query < cells; query++)
        {
            for (int key = 0; key < cells; key++)
            {
                table[query, key] = rule.Allows(query * step, key * step);
            }
        }

        return table;
    }

    /// <summary>Two queries a line, by half blocks, so that the picture is about square.</summary>
    internal static string Draw(bool[,] table)
    {
        var text = new StringBuilder();
        for (int query = 0; query < table.GetLength(0); query += 2)
        {
            for (int key = 0; key < table.GetLength(1); key++)
            {
                bool upper = table[query, key];
                bool lower = query + 1 < table.GetLength(0) && table[query + 1, key];
                text.Append(upper && lower ? '█' : upper ? '▀' : lower ? '▄' : '·');
            }

            text.Append('\n');
        }

        return text.ToString();
    }

    private static void Save(string path, string title, bool[,] table, int step, bool overwrite)
    {
        int queries = table.GetLength(0);
        int keys = table.GetLength(1);
        var values = new double[queries, keys];
        for (int q = 0; q < queries; q++)
        {
            for (int k = 0; k < keys; k++)
            {
                values[q, k] = table[q, k] ? 1 : 0;
            }
        }

        var plot = new ScottPlot.Plot();
        ScottPlot.Plottables.Heatmap map = plot.Add.Heatmap(values);
        map.Colormap = new ScottPlot.Colormaps.CustomInterpolated([ScottPlot.Colors.WhiteSmoke, ScottPlot.Colors.SteelBlue]);
        map.ManualRange = new ScottPlot.Range(0, 1);
        plot.Axes.InvertY();
        plot.Axes.SquareUnits();
        plot.Title(title);
        plot.XLabel(step == 1 ? "key" : $"key / {step}");
        plot.YLabel(step == 1 ? "query" : $"query / {step}");
        Pictures.Save(plot, path, 640, 640, overwrite);
    }

    private static string FileName(string name) =>
        string.Join('-', string.Concat(name.Select(c => char.IsLetterOrDigit(c) || c == '.' ? c : ' ')).Split(' ', StringSplitOptions.RemoveEmptyEntries));
}
