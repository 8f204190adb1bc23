using System;
using System.Collections.Generic;
using System.CommandLine;
using System.Diagnostics;
using System.IO;
using System.Linq;
using Dsl.Runtime;
using Dsl.Text;
using Dsl.Training;
using Dsl.Training.Tasks;
using Spectre.Console;
using TorchSharp;
using static TorchSharp.torch;

namespace Zoo.Cli;

/// <summary><c>tasks</c>: trains each head on a small task made by rule, and says how much of what was held out it answers.</summary>
internal sealed class TasksCommand
{
    private const int HeldOutBatches = 16;

    private readonly CliContext context;
    private readonly Option<string?> task =
        new("--task") { Description = $"One task only: {string.Join(", ", RuleTask.All.Select(t => t.Name))}.", HelpName = "name" };
    private readonly Option<string?> family =
        new("--family") { Description = $"One family only: {string.Join(", ", All.Select(pair => pair.Model.Family).Distinct())}.", HelpName = "name" };
    private readonly Option<int?> steps = new("--steps") { Description = "Training steps; what each task needs without this.", HelpName = "n" };
    private readonly Option<double?> rate =
        new("--rate") { Description = $"The learning rate after the warm-up ({TrainingDefaults.Tasks.Rate}).", HelpName = "x" };
    private readonly Option<long> seed = new("--seed") { Description = "Decides first weights and questions.", HelpName = "n" };
    private readonly Option<string> output = new("--out", "-o")
    {
        Description = "A checkpoint of each model goes into a folder below this one, for classify.",
        HelpName = "folder",
        DefaultValueFactory = _ => Path.Combine("runs", "tasks"),
    };
    private readonly Option<bool> overwrite = new("--overwrite") { Description = "Replace checkpoints that are there." };

    private TasksCommand(CliContext context) => this.context = context;

    internal static Command Make(CliContext context)
    {
        var made = new TasksCommand(context);
        var command = new Command("tasks", "Train each head on a small task made by rule, and measure it on held-out questions.")
        {
            made.task, made.family, made.steps, made.rate, made.seed, made.output, made.overwrite,
        };
        command.SetAction(made.Run);
        return command;
    }

    private int Run(ParseResult words)
    {
        (RuleTask Task, SmallModel Model)[] chosen = Chosen(words.GetValue(task), words.GetValue(family));
        double highest = words.GetValue(rate) ?? TrainingDefaults.Tasks.Rate;
        TrainingOptions options = TrainingDefaults.Tasks with
        {
            Rate = highest,
            LastRate = highest / 20,
            Seed = words.GetValue(seed),
        };
        options.Validate();
        Arguments.Require(words.GetValue(steps) is null or >= 1, "steps", words.GetValue(steps) ?? 1, "1 or more");
        string folder = words.GetValue(output)!;
        if (!words.GetValue(overwrite) && chosen.Select(pair => FolderOf(pair.Task, pair.Model, folder)).FirstOrDefault(run => run.HoldsRun) is { } there)
        {
            throw new CommandException($"{there.Path} exists; --overwrite replaces it");
        }

        StopSignals.Saves();
        var table = new Table().AddColumns("task", "family", "head", "steps", "seconds", "loss", "held-out answers right");
        foreach ((RuleTask asked, SmallModel on) in chosen)
        {
            int total = words.GetValue(steps) ?? asked.Steps;
            TrainingOptions of = options with { Steps = total, WarmUp = Math.Min(options.WarmUp, total / 10) };
            table.AddRow([.. Train(asked, on, of, folder).Select(Markup.Escape)]);
            if (context.Stop.IsCancellationRequested)
            {
                break;
            }
        }

        context.Console.Write(table);
        return context.Stop.IsCancellationRequested ? ZooCommands.Interrupted : 0;
    }

    private string[] Train(RuleTask asked, SmallModel on, TrainingOptions options, string folder)
    {
        Stopwatch clock = Stopwatch.StartNew();
        ITokenizer tokenizer = TaskModels.Vocabulary(on);
        string config = TaskModels.Config(on, asked, tokenizer, options.Context);
        var data = new TaskData(asked, tokenizer, options.Batch, options.Seed);
        manual_seed(options.Seed);
        using IModel model = context.Zoo.Create(config, "config.json", ScalarType.Float32, CPU);
        using var trainer = new Trainer(model, data, options);
        double loss = 0;
        while (trainer.Step < options.Steps && !context.Stop.IsCancellationRequested)
        {
            loss = trainer.Next().Loss;
        }

        double right = data.Accuracy(model, HeldOutBatches);
        RunFolder runs = FolderOf(asked, on, folder);
        runs.Replaces = runs.HoldsRun;
        runs.Save(trainer, on.Family, config, keep: 1);
        context.Output.WriteLine(FormattableString.Invariant($"{asked.Name} on {on.Family}: {right * 100:F1} % of held-out answers right, {runs.Path}"));
        return
        [
            asked.Name, on.Family, asked.Head.ToString().ToLowerInvariant(), FormattableString.Invariant($"{trainer.Step}"),
            FormattableString.Invariant($"{clock.Elapsed.TotalSeconds:F0}"), FormattableString.Invariant($"{loss:F4}"),
            FormattableString.Invariant($"{right * 100:F1} %"),
        ];
    }

    private static RunFolder FolderOf(RuleTask task, SmallModel model, string folder) => new(Path.Combine(folder, $"{task.Name}-{model.Family}"));

    /// <summary>What is run without more words.</summary>
    private static IEnumerable<(RuleTask Task, SmallModel Model)> All => RuleTask.All.SelectMany(task =>
        TaskModels.Of(task).Take(task.Everywhere ? int.MaxValue : 1).Select(model => (task, model)));

    private static (RuleTask Task, SmallModel Model)[] Chosen(string? task, string? family)
    {
        RuleTask? known = RuleTask.All.FirstOrDefault(candidate => candidate.Name == task);
        if (task is not null && known is null)
        {
            throw new CommandException($"--task '{task}', expected {string.Join(", ", RuleTask.All.Select(candidate => candidate.Name))}", 2);
        }

        if (known is not null && family is not null)
        {
            SmallModel[] able = [.. TaskModels.Of(known)];
            return able.FirstOrDefault(model => model.Family == family) is { } found ? [(known, found)]
                : throw new CommandException($"--family '{family}' with --task {task}, expected {string.Join(", ", able.Select(model => model.Family))}", 2);
        }

        (RuleTask Task, SmallModel Model)[] chosen =
            [.. All.Where(pair => (task is null || pair.Task.Name == task) && (family is null || pair.Model.Family == family))];
        return chosen.Length > 0 ? chosen
            : throw new CommandException($"--family '{family}', expected {string.Join(", ", All.Select(pair => pair.Model.Family).Distinct())}", 2);
    }
}
