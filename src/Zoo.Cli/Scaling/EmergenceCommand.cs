using System;
using System.Collections.Generic;
using System.CommandLine;
using System.IO;
using System.Linq;
using Dsl.Files;
using Dsl.Generation.Evaluation;
using Dsl.Training.Tasks;
using Spectre.Console;
using static ScottPlot.IMultiplotExtensions;

namespace Zoo.Cli;

/// <summary><c>emergence</c>: a ladder of models on sums; accuracy over size jumps, and the log-likelihood under it does not.</summary>
internal sealed class EmergenceCommand
{
    private readonly CliContext context;
    private readonly Option<string> family = new("--family") { Description = "The family of all.", HelpName = "name", DefaultValueFactory = _ => "llama" };
    private readonly Option<string> widths = new("--widths")
    {
        Description = "Widths of the models, with commas between them.",
        HelpName = "n,n,...",
        DefaultValueFactory = _ => "8,12,16,24,32,48,64",
    };
    private readonly Option<int> steps = new("--steps") { Description = "Training steps of each.", HelpName = "n", DefaultValueFactory = _ => 4000 };
    private readonly Option<int> questions = new("--questions") { Description = "How many sums are asked.", HelpName = "n", DefaultValueFactory = _ => 400 };
    private readonly Option<string> output = new("--out", "-o")
    {
        Description = "The folder of models, task, table and picture; what is complete there is taken as it is.",
        HelpName = "folder",
        DefaultValueFactory = _ => Path.Combine("runs", "emergence"),
    };

    private EmergenceCommand(CliContext context) => this.context = context;

    internal static Command Make(CliContext context)
    {
        var made = new EmergenceCommand(context);
        var command = new Command("emergence", "Draw the accuracy of models of several sizes on sums, and beside it the smooth measure under it.")
        {
            made.family, made.widths, made.steps, made.questions, made.output,
        };
        command.SetAction(made.Run);
        return command;
    }

    private int Run(ParseResult words)
    {
        int[] sizes = SweepCommand.Numbers("widths", words.GetValue(widths)!, least: 2);
        Arguments.Require(words.GetValue(steps) >= 1, "steps", words.GetValue(steps), "1 or more");
        Arguments.Require(words.GetValue(questions) >= 2, "questions", words.GetValue(questions), "2 or more");
        string folder = words.GetValue(output)!;
        var ladder = new RuleLadder(context, SumSequences.Rule, folder);
        Rung[] models = [.. sizes.Select(width =>
            ladder.Rung(words.GetValue(family)!, width, 2, words.GetValue(steps), 2e-3 * Math.Sqrt(32.0 / Math.Max(width, 32)), 64))];
        string task = RuleTaskFiles.Sums(ladder.Tasks, words.GetValue(questions));
        try
        {
            Tell(folder, ladder.Run(models, [task], [0]));
            return 0;
        }
        catch (OperationCanceledException)
        {
            context.Output.WriteLine($"stopped; the same command goes on from what is in {folder}");
            return ZooCommands.Interrupted;
        }
    }

    private void Tell(string folder, IReadOnlyList<(TrainedRung Model, IReadOnlyList<TaskResult> Results)> found)
    {
        var table = new Table().Border(TableBorder.Horizontal)
            .AddColumns("width", "parameters", "accuracy", "standard error", "log-likelihood of the answer, nats");
        var rows = new List<string>();
        var points = new List<Point>();
        foreach ((TrainedRung model, IReadOnlyList<TaskResult> results) in found)
        {
            Figure accuracy = results[0].Figures.Single(figure => figure.Metric == "acc");
            double likelihood = -Math.Log(results[0].Figures.Single(figure => figure.Metric == "perplexity").Value);
            points.Add(new Point(model.Parameters, accuracy.Value, likelihood));
            table.AddRow($"{model.Rung.Size.Width}", Words.Count(model.Parameters), FormattableString.Invariant($"{accuracy.Value:F3}"),
                FormattableString.Invariant($"{accuracy.Error:F3}"), FormattableString.Invariant($"{likelihood:F3}"));
            rows.Add(FormattableString.Invariant(
                $"{model.Rung.Size.Width},{model.Rung.Size.Layers},{model.Parameters},{accuracy.Value:R},{accuracy.Error:R},{likelihood:R}"));
        }

        string picture = Path.Combine(folder, "emergence.png"), data = Path.Combine(folder, "emergence.csv");
        CsvFile.Write(data, "width,layers,parameters,accuracy,standard_error,log_likelihood", rows);
        var both = new ScottPlot.Multiplot();
        both.AddPlots(2);
        both.Layout = new ScottPlot.MultiplotLayouts.Columns();
        Panel(both.GetPlot(0), points, point => point.Accuracy, "accuracy: every digit right");
        Panel(both.GetPlot(1), points, point => point.Likelihood, "log-likelihood of the answer, nats");
        AtomicFiles.WriteBytes(picture, both.Render(1200, 480).GetImageBytes(ScottPlot.ImageFormat.Png), FileErrors.Plain);
        context.Console.Write(table);
        context.Output.WriteLine($"table    {data}");
        context.Output.WriteLine($"picture  {picture}");
    }

    private static void Panel(ScottPlot.Plot plot, IReadOnlyList<Point> points, Func<Point, double> value, string label)
    {
        ScottPlot.Plottables.Scatter line = plot.Add.Scatter(points.Select(point => Math.Log10(point.Size)).ToArray(), points.Select(value).ToArray());
        line.LineWidth = 2;
        line.MarkerSize = 8;
        plot.XLabel("parameters");
        plot.YLabel(label);
        LogAxis.Put(plot.Axes.Bottom, points.Min(point => point.Size), points.Max(point => point.Size));
    }

    private readonly record struct Point(double Size, double Accuracy, double Likelihood);
}
