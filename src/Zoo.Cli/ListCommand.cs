using System;
using System.Collections.Generic;
using System.CommandLine;
using System.Globalization;
using System.Linq;
using Dsl.Runtime;
using Dsl.Training;
using Spectre.Console;

namespace Zoo.Cli;

/// <summary><c>list</c>: what is declared.</summary>
internal static class ListCommand
{
    internal static Command Make(CliContext context)
    {
        var command = new Command("list", "List the declared models with their published sizes, and what train offers.");
        command.SetAction(_ => Run(context));
        return command;
    }

    private static int Run(CliContext context)
    {
        var table = new Table().Border(TableBorder.Simple).AddColumn("preset").AddColumn("model").AddColumn(new TableColumn("parameters").RightAligned())
            .AddColumn(new TableColumn("context").RightAligned()).AddColumn("files");
        foreach (ZooPreset preset in context.Zoo.Presets)
        {
            using IModel outline = preset.Outline();
            long? longest = ContextLimits.TrainedOn(outline.Config) ?? (PicturePrompt.IsReadBy(outline) ? null : outline.Weights.Positions);
            string trained = longest is { } length ? Words.Count(length) : "";
            string layouts = outline is GeneratedModel model ? string.Join(", ", model.KeyRules.Layouts.Select(layout => layout.Name).Prepend("declared")) : "";
            table.AddRow(
                Markup.Escape(preset.Name), Markup.Escape(preset.Model), Words.Count(outline.Weights.Count), trained, Markup.Escape(layouts));
        }

        context.Console.Write(table);
        foreach (SmallModel model in SmallModels.TrainedBy(TrainingDefaults.NextToken))
        {
            context.Output.WriteLine($"train --family {model.Family}: {model.Small.What}");
        }

        return 0;
    }
}

/// <summary>Presets by name.</summary>
internal static class Presets
{
    internal static ZooPreset Find(CliContext context, string name) =>
        context.Zoo.Presets.FirstOrDefault(preset => string.Equals(preset.Name, name, StringComparison.OrdinalIgnoreCase))
            ?? throw new CommandException(
                Arguments.Nearest(name, context.Zoo.Presets.Select(preset => preset.Name)) is { } nearest
                    ? $"'{name}' is not a preset, expected '{nearest}' perhaps; list shows all"
                    : $"'{name}' is not a preset; list shows all", 2);
}

/// <summary><c>show</c>: one preset's declaration, tensors and size.</summary>
internal static class ShowCommand
{
    internal static Command Make(CliContext context)
    {
        var name = new Argument<string>("preset") { Description = "the name of a preset, as list prints it." };
        var all = new Option<bool>("--all") { Description = "Show every tensor of every layer, not equal layers as one." };
        var command = new Command("show", "Show a preset: its declaration, its tensors (equal layers as one) and its size.") { name, all };
        command.SetAction(words => Run(context, Presets.Find(context, words.GetRequiredValue(name)), words.GetValue(all)));
        return command;
    }

    private static int Run(CliContext context, ZooPreset preset, bool all)
    {
        context.Output.WriteLine(preset.Declaration.TrimEnd());
        context.Output.WriteLine();
        using IModel model = preset.Outline();
        var table = new Table().Border(TableBorder.Simple).AddColumn("tensor").AddColumn("shape").AddColumn(new TableColumn("numbers").RightAligned());
        IReadOnlyList<FoldedTensors> tensors = all
            ? [.. model.Weights.All.Select(w => new FoldedTensors(w.Key, w.Shape, w.Aliases, 1, w.Count))]
            : FoldedTensors.Of(model.Weights.All);
        foreach (FoldedTensors tensor in tensors)
        {
            string names = tensor.Aliases.Count == 0 ? tensor.Key : $"{tensor.Key} (also {string.Join(", ", tensor.Aliases)})";
            string shape = string.Join(" x ", tensor.Shape.Select(size => size.ToString(CultureInfo.InvariantCulture)));
            table.AddRow(Markup.Escape(names), shape, (tensor.Times > 1 ? Words.Count(tensor.Times) + " x " : "") + Words.Count(tensor.Count));
        }

        context.Console.Write(table);
        long count = model.Weights.Count;
        context.Output.WriteLine($"{preset.Name}: {Words.Count(count)} parameters, {Words.Bytes(count * 4)} in float32, {Words.Bytes(count * 2)} in bfloat16");
        return 0;
    }
}
