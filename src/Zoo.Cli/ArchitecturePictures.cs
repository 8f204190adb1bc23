using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using Dsl.Files;
using Dsl.Runtime;

namespace Zoo.Cli;

/// <summary>
/// The attention of whole architectures on one axis of tokens. An encoder's tokens read one another; a decoder's read what came before; in a pair the source
/// stands before the target: the source reads itself, the target reads the source (cross-attention) and its own past.
/// </summary>
internal static class ArchitecturePictures
{
    private const int Gap = 4;

    /// <summary>What is drawn when no preset is named: one of each kind.</summary>
    internal static readonly string[] OneOfEach = ["bert-base-uncased", "t5-base", "gpt2"];

    private enum Cell
    {
        Closed,
        Self,
        Cross,
    }

    private sealed record Picture(string Preset, string Kind, Cell[,] Cells);

    /// <summary>Prints pictures of several presets side by side and saves them as one PNG.</summary>
    internal static int Run(CliContext context, IReadOnlyList<ZooPreset> presets, int inTerminal, int size, string folder, bool overwrite)
    {
        string path = Path.Combine(folder, "architectures.png");
        if (!overwrite)
        {
            AtomicFiles.RequireFree(path);
        }

        Picture[] small = [.. presets.Select(preset => Of(preset, inTerminal))];
        context.Output.WriteLine("row = query, column = key, filled = may read; in a pair: first the source, then the target (░ = target reads source)");
        context.Output.WriteLine();
        context.Output.Write(Draw(small));
        Save(path, [.. presets.Select(preset => Of(preset, size))], overwrite);
        context.Output.WriteLine();
        context.Output.WriteLine(path);
        return 0;
    }

    private static Picture Of(ZooPreset preset, int size)
    {
        using IModel model = preset.Outline();
        MaskRule[] rules = [.. model.Masks().Select(place => place.Mask)];
        if (rules.Length == 0)
        {
            throw new CommandException($"{preset.Name} attends to nothing: it has no masks");
        }

        // A pair is what steps along a second input: the first attention is the source's, the causal one the target's, the last one crosses.
        bool pair = model.Inputs.Contains("decoder_input_ids");
        int source = pair ? size / 2 : size;
        MaskRule past = rules.FirstOrDefault(rule => rule.IsCausal) ?? rules[0];
        var cells = new Cell[size, size];
        for (int query = 0; query < size; query++)
        {
            for (int key = 0; key < size; key++)
            {
                cells[query, key] = (query < source, key < source) switch
                {
                    (true, true) => rules[0].Allows(query, key) ? Cell.Self : Cell.Closed,
                    (true, false) => Cell.Closed,
                    (false, true) => rules[^1].Allows(query - source, key) ? Cell.Cross : Cell.Closed,
                    _ => past.Allows(query - source, key - source) ? Cell.Self : Cell.Closed,
                };
            }
        }

        string kind = pair ? "source, cross-attention, target" : rules[0].IsCausal ? "causal" : "bidirectional";
        return new Picture(preset.Name, kind, cells);
    }

    private static string Draw(Picture[] pictures)
    {
        var text = new StringBuilder();
        int size = pictures[0].Cells.GetLength(0), width = 2 * size + Gap;
        void Line(Func<Picture, string> part) => text.Append(string.Concat(pictures.Select(picture => part(picture).PadRight(width))).TrimEnd()).Append('\n');

        Line(picture => picture.Preset);
        Line(picture => picture.Kind);
        for (int query = 0; query < size; query++)
        {
            int row = query;
            Line(picture => string.Concat(Enumerable.Range(0, size)
                .Select(key => picture.Cells[row, key] switch { Cell.Self => "██", Cell.Cross => "░░", _ => "··" })));
        }

        return text.ToString();
    }

    private static void Save(string path, Picture[] pictures, bool overwrite)
    {
        int size = pictures[0].Cells.GetLength(0);
        double step = size * 1.15;
        var plot = new ScottPlot.Plot();
        for (int k = 0; k < pictures.Length; k++)
        {
            var values = new double[size, size];
            for (int q = 0; q < size; q++)
            {
                for (int key = 0; key < size; key++)
                {
                    values[q, key] = pictures[k].Cells[q, key] switch { Cell.Self => 1, Cell.Cross => 0.5, _ => 0 };
                }
            }

            ScottPlot.Plottables.Heatmap map = plot.Add.Heatmap(values);
            map.Colormap = new ScottPlot.Colormaps.CustomInterpolated([ScottPlot.Colors.WhiteSmoke, ScottPlot.Colors.DarkOrange, ScottPlot.Colors.SteelBlue]);
            map.ManualRange = new ScottPlot.Range(0, 1);
            map.Position = new ScottPlot.CoordinateRect(k * step, k * step + size, 0, size);
            ScottPlot.Plottables.Text title = plot.Add.Text($"{pictures[k].Preset}: {pictures[k].Kind}", k * step + size / 2.0, size * 1.06);
            title.LabelAlignment = ScottPlot.Alignment.MiddleCenter;
            title.LabelFontSize = 16;
        }

        plot.HideAxesAndGrid();
        plot.Axes.SetLimits(-0.02 * size, (pictures.Length - 1) * step + 1.02 * size, -0.02 * size, 1.12 * size);
        Pictures.Save(plot, path, 380 * pictures.Length, 400, overwrite);
    }
}
