using System;
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
        var table = new Table().Border(TableBorder.Simple).AddColumn("preset").AddColumn("model").AddColumn(new TableColumn("parameters").RightAligned());
        foreach (ZooPreset preset in context.Zoo.Presets)
        {
            using IModel outline = preset.Outline();
            table.AddRow(Markup.Escape(preset.Name), Markup.Escape(preset.Model), Words.Count(outline.Weights.Count));
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
        var command = new Command("show", "Show a preset: its declaration, its tensors and its size.") { name };
        command.SetAction(words => Run(context, Presets.Find(context, words.GetRequiredValue(name))));
        return command;
    }

    private static int Run(CliContext context, ZooPreset preset)
    {
        context.Output.WriteLine(preset.Declaration.TrimEnd());
        context.Output.WriteLine();
        using IModel model = preset.Outline();
        var table = new Table().Border(TableBorder.Simple).AddColumn("tensor").AddColumn("shape").AddColumn(new TableColumn("numbers").RightAligned());
        foreach (Weight weight in model.Weights.All)
        {
            string names = weight.Aliases.Count == 0 ? weight.Key : $"{weight.Key} (also {string.Join(", ", weight.Aliases)})";
            string shape = string.Join(" x ", weight.Shape.Select(size => size.ToString(CultureInfo.InvariantCulture)));
            table.AddRow(Markup.Escape(names), shape, Words.Count(weight.Count));
        }

        context.Console.Write(table);
        long count = model.Weights.Count;
        context.Output.WriteLine($"{preset.Name}: {Words.Count(count)} parameters, {Words.Bytes(count * 4)} in float32, {Words.Bytes(count * 2)} in bfloat16");
        return 0;
    }
}
