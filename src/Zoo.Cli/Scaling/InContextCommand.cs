using System;
using System.Collections.Generic;
using System.CommandLine;
using System.IO;
using System.Linq;
using Dsl.Generation.Evaluation;
using Dsl.Training.Tasks;
using Spectre.Console;

namespace Zoo.Cli;

/// <summary>
/// <c>in-context</c>: two models learn texts with a new mapping in each; the larger one reads the mapping off the shots before a question, the smaller one,
/// of a single layer, cannot.
/// </summary>
internal sealed class InContextCommand
{
    private readonly CliContext context;
    private readonly Option<string> family = new("--family") { Description = "The family of both.", HelpName = "name", DefaultValueFactory = _ => "llama" };
    private readonly Option<string> shots = new("--shots")
    {
        Description = "How many shots, with commas between them.",
        HelpName = "n,n,...",
        DefaultValueFactory = _ => "0,1,2,4,8",
    };
    private readonly Option<int> steps = new("--steps") { Description = "Training steps of each.", HelpName = "n", DefaultValueFactory = _ => 6000 };
    private readonly Option<int> mappings = new("--mappings")
    {
        Description = "How many mappings are asked about.",
        HelpName = "n",
        DefaultValueFactory = _ => 12,
    };
    private readonly Option<string> output = new("--out", "-o")
    {
        Description = "The folder of models, tasks, table and picture; what is complete there is taken as it is.",
        HelpName = "folder",
        DefaultValueFactory = _ => Path.Combine("runs", "in-context"),
    };

    private InContextCommand(CliContext context) => this.context = context;

    internal static Command Make(CliContext context)
    {
        var made = new InContextCommand(context);
        var command = new Command("in-context", "Show that accuracy rises with the number of shots in one model, and not in a smaller one.")
        {
            made.family, made.shots, made.steps, made.mappings, made.output,
        };
        command.SetAction(made.Run);
        return command;
    }

    private int Run(ParseResult words)
    {
        int[] counts = [.. EvaluateCommand.ShotCounts(words.GetValue(shots)!)];
        Arguments.Require(words.GetValue(steps) >= 1, "steps", words.GetValue(steps), "1 or more");
        Arguments.Require(words.GetValue(mappings) >= 1, "mappings", words.GetValue(mappings), "1 or more");
        Arguments.Require(counts.Max() < LabelSequences.Items, "shots", counts.Max(), $"at most {LabelSequences.Items - 1}: a mapping has no more other items");
        string folder = words.GetValue(output)!;
        var ladder = new RuleLadder(context, LabelSequences.Rule, folder);
        Rung Of(int width, int layers) => ladder.Rung(words.GetValue(family)!, width, layers, words.GetValue(steps), 3e-3, 32);
        Rung[] models = [Of(64, 2), Of(16, 1)];
        string[] tasks = RuleTaskFiles.Labels(ladder.Tasks, words.GetValue(mappings));
        IReadOnlyList<(TrainedRung Model, IReadOnlyList<TaskResult> Results)> found;
        try
        {
            found = ladder.Run(models, tasks, counts);
        }
        catch (OperationCanceledException)
        {
            context.Output.WriteLine($"stopped; the same command goes on from what is in {folder}");
            return ZooCommands.Interrupted;
        }

        var rows = new List<(TrainedRung Model, int Shots, double Accuracy, double Error)>();
        foreach ((TrainedRung model, IReadOnlyList<TaskResult> results) in found)
        {
            foreach (IGrouping<int, TaskResult> same in results.GroupBy(result => result.Shots))
            {
                double[] right = [.. same.SelectMany(result => result.Documents).Select(document => document.Metrics[("none", "acc")].Value)];
                double mean = right.Average();
                rows.Add((model, same.Key, mean, Math.Sqrt(right.Sum(value => Math.Pow(value - mean, 2)) / (right.Length - 1) / right.Length)));
            }
        }

        Tell(folder, rows);
        return 0;
    }

    private void Tell(string folder, IReadOnlyList<(TrainedRung Model, int Shots, double Accuracy, double Error)> rows)
    {
        var table = new Table().Border(TableBorder.Horizontal).AddColumns("model", "parameters", "shots", "accuracy", "standard error");
        var plot = new ScottPlot.Plot();
        foreach (IGrouping<TrainedRung, (TrainedRung Model, int Shots, double Accuracy, double Error)> model in rows.GroupBy(row => row.Model))
        {
            string name = FormattableString.Invariant($"width {model.Key.Rung.Size.Width}, layers {model.Key.Rung.Size.Layers}");
            foreach ((_, int count, double accuracy, double error) in model)
            {
                table.AddRow(name, Words.Count(model.Key.Parameters), $"{count}",
                    FormattableString.Invariant($"{accuracy:F3}"), FormattableString.Invariant($"{error:F3}"));
            }

            ScottPlot.Plottables.Scatter line = plot.Add.Scatter(model.Select(row => (double)row.Shots).ToArray(), model.Select(row => row.Accuracy).ToArray());
            line.LineWidth = 2;
            line.MarkerSize = 8;
            line.LegendText = $"{name}: {Words.Count(model.Key.Parameters)} parameters";
        }

        ScottPlot.Plottables.HorizontalLine chance = plot.Add.HorizontalLine(1.0 / LabelSequences.Labels);
        chance.Color = ScottPlot.Colors.Gray;
        chance.LinePattern = ScottPlot.LinePattern.Dashed;
        chance.LegendText = "chance";
        plot.XLabel("shots");
        plot.YLabel("accuracy");
        plot.Axes.SetLimitsY(0, 1.05);
        plot.ShowLegend(ScottPlot.Alignment.LowerRight);
        string picture = Path.Combine(folder, "in-context.png"), data = Path.Combine(folder, "in-context.csv");
        Pictures.Save(plot, picture, 1000, 560, replace: true);
        CsvFile.Write(data, "width,layers,parameters,shots,accuracy,standard_error", rows.Select(row => FormattableString.Invariant(
            $"{row.Model.Rung.Size.Width},{row.Model.Rung.Size.Layers},{row.Model.Parameters},{row.Shots},{row.Accuracy:R},{row.Error:R}")));
        context.Console.Write(table);
        context.Output.WriteLine($"table    {data}");
        context.Output.WriteLine($"picture  {picture}");
    }
}
