using System;
using System.Collections.Generic;
using System.CommandLine;
using System.Diagnostics;
using System.IO;
using System.Linq;
using Dsl.Runtime;
using Spectre.Console;
using TorchSharp;
using Dsl.Training.Tasks;
using Dsl.Text;
using Dsl.Training;
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
        new("--family") { Description = "One family only: bert, roberta, albert, electra, t5 or bart.", HelpName = "name" };
    private readonly Option<int?> steps = new("--steps") { Description = "Training steps; what each task needs without this.", HelpName = "n" };
    private readonly Option<double?> rate =
        new("--rate") { Description = $"The learning rate after the warm-up ({TaskFamilies.Defaults.Rate}).", HelpName = "x" };
    private readonly Option<long> seed = new("--seed") { Description = "Decides first weights and questions.", HelpName = "n" };
    private readonly Option<string> output = new("--out", "-o")
    {
        Description = "A checkpoint of each model goes into a folder below this one, for classify.",
        HelpName = "folder",
        DefaultValueFactory = _ => Path.Combine("runs", "tasks"),
    };

    private TasksCommand(CliContext context) => this.context = context;

    internal static Command Make(CliContext context)
    {
        var made = new TasksCommand(context);
        var command = new Command("tasks", "Train each head on a small task made by rule, and measure it on held-out questions.")
        {
            made.task, made.family, made.steps, made.rate, made.seed, made.output,
        };
        command.SetAction(made.Run);
        return command;
    }

    private int Run(ParseResult words)
    {
        (string Task, string Family)[] chosen = Chosen(words.GetValue(task), words.GetValue(family));
        double highest = words.GetValue(rate) ?? TaskFamilies.Defaults.Rate;
        TrainingOptions options = TaskFamilies.Defaults with
        {
            Rate = highest,
            LastRate = highest / 20,
            Seed = words.GetValue(seed),
        };
        options.Validate();
        Arguments.Require(words.GetValue(steps) is null or >= 1, "steps", words.GetValue(steps) ?? 1, "1 or more");
        var table = new Table().AddColumns("task", "family", "head", "steps", "seconds", "loss", "held-out answers right");
        foreach ((string name, string on) in chosen)
        {
            RuleTask asked = RuleTask.All.First(known => known.Name == name);
            int total = words.GetValue(steps) ?? asked.Steps;
            TrainingOptions of = options with { Steps = total, WarmUp = Math.Min(options.WarmUp, total / 10) };
            table.AddRow([.. Train(asked, ObjectiveFamilies.All.First(f => f.Name == on), of, words.GetValue(output)!).Select(Markup.Escape)]);
            if (context.Stop.IsCancellationRequested)
            {
                break;
            }
        }

        context.Console.Write(table);
        return context.Stop.IsCancellationRequested ? ZooCommands.Interrupted : 0;
    }

    private string[] Train(RuleTask asked, ObjectiveFamily on, TrainingOptions options, string folder)
    {
        Stopwatch clock = Stopwatch.StartNew();
        ITokenizer tokenizer = TaskFamilies.Learn(on);
        string config = TaskFamilies.Config(on, asked, tokenizer, options.Context).ToJsonString() + "\n";
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
        var runs = new RunFolder(Path.Combine(folder, $"{asked.Name}-{on.Name}"));
        if (runs.HoldsRun)
        {
            runs.Clear();
        }

        runs.Save(trainer, on.Name, config, keep: 1);
        context.Output.WriteLine(FormattableString.Invariant($"{asked.Name} on {on.Name}: {right * 100:F1} % of held-out answers right, {runs.Path}"));
        return
        [
            asked.Name, on.Name, asked.Head.ToString().ToLowerInvariant(), FormattableString.Invariant($"{trainer.Step}"),
            FormattableString.Invariant($"{clock.Elapsed.TotalSeconds:F0}"), FormattableString.Invariant($"{loss:F4}"),
            FormattableString.Invariant($"{right * 100:F1} %"),
        ];
    }

    private static (string Task, string Family)[] Chosen(string? task, string? family)
    {
        if (task is not null && RuleTask.All.All(known => known.Name != task))
        {
            throw new CommandException($"--task '{task}', expected {string.Join(", ", RuleTask.All.Select(known => known.Name))}", 2);
        }

        if (task is not null && family is not null)
        {
            IReadOnlyList<string> able = TaskFamilies.For(RuleTask.All.First(known => known.Name == task));
            return able.Contains(family) ? [(task, family)]
                : throw new CommandException($"--family '{family}' with --task {task}, expected {string.Join(", ", able)}", 2);
        }

        (string Task, string Family)[] chosen =
            [.. TaskFamilies.All.Where(pair => (task is null || pair.Task == task) && (family is null || pair.Family == family))];
        return chosen.Length > 0 ? chosen
            : throw new CommandException($"--family '{family}', expected {string.Join(", ", TaskFamilies.All.Select(pair => pair.Family).Distinct())}", 2);
    }
}
