using System;
using System.Collections.Generic;
using System.CommandLine;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text;
using Dsl.Runtime;
using Spectre.Console;
using TorchSharp;
using Dsl.Generation;
using Dsl.Text;
using Dsl.Training;
using static TorchSharp.torch;

namespace Zoo.Cli;

/// <summary><c>train</c>: with no more words, the quickstart.</summary>
internal sealed class TrainCommand
{
    /// <summary>How commands are typed from a clone.</summary>
    internal const string Program = "dotnet run -c Release --project src/Zoo.Cli --";

    private readonly CliContext context;
    private readonly Option<string?> family = new("--family")
    {
        Description = $"What to train: {string.Join(", ", Quickstart.Families.Select(f => f.Name))}.",
        HelpName = "name",
    };
    private readonly Option<string?> objective = new("--objective")
    {
        Description = $"What to learn: clm (the next token, without more words), "
            + $"{string.Join(", ", ObjectiveFamilies.All.SelectMany(f => f.Objectives.Select(o => $"{o} ({f.Name})")))}.",
        HelpName = "name",
    };
    private readonly Option<int> vocabulary = new("--vocabulary")
    {
        Description = "With an objective: how many tokens are learned from the text.",
        HelpName = "n",
        DefaultValueFactory = _ => 1000,
    };
    private readonly Option<bool> wholeWords = new("--whole-words") { Description = "With mlm: mask all tokens of a word together." };
    private readonly Option<bool> staticNoise = new("--static-noise") { Description = "With an objective: the same noise in every pass over the text." };
    private readonly DenoisingWords denoising = new();
    private readonly Option<string?> output = new("--out", "-o")
    {
        Description = "The run's folder; runs/quickstart unless another family is asked for.",
        HelpName = "folder",
    };
    private readonly Option<bool> resume = new("--resume")
    {
        Description = "Go on from the newest checkpoint in the folder, bit for bit as if the run had never stopped.",
    };
    private readonly Option<bool> overwrite = new("--overwrite") { Description = "Replace the run that the folder holds." };
    private readonly Option<string?> text = new("--text") { Description = "A UTF-8 text to learn; the King James Bible without it.", HelpName = "file" };
    private readonly Option<string?> tokens = new("--tokens")
    {
        Description = "characters (one id per character that occurs), bytes, or the folder of a tokenizer.",
        HelpName = "kind",
    };
    private readonly Option<int?> steps = new("--steps") { Description = "Steps of the run (500).", HelpName = "n" };
    private readonly Option<int?> batch = new("--batch") { Description = "Rows in a step (16).", HelpName = "n" };
    private readonly Option<int?> length = new("--context") { Description = "Tokens in a row (128).", HelpName = "n" };
    private readonly Option<double?> rate = new("--rate") { Description = "The learning rate after the warm-up (1e-3).", HelpName = "x" };
    private readonly Option<double?> lastRate = new("--last-rate") { Description = "The learning rate at the end (a tenth of the rate).", HelpName = "x" };
    private readonly Option<int?> warmUp = new("--warm-up") { Description = "Steps of linear warm-up (a tenth of the steps, at most 50).", HelpName = "n" };
    private readonly Option<string?> schedule = new("--schedule") { Description = "cosine, linear, constant or inverse-sqrt (cosine).", HelpName = "name" };
    private readonly Option<double?> decay = new("--decay") { Description = "AdamW's weight decay, on matrices only (0.1).", HelpName = "x" };
    private readonly Option<double?> clip = new("--clip") { Description = "The norm to which gradients are clipped (1).", HelpName = "x" };
    private readonly Option<long?> seed = new("--seed") { Description = "Decides first weights, data order and dropout (0).", HelpName = "n" };
    private readonly Option<int?> evaluateEvery = new("--evaluate-every")
    {
        Description = "Measure the held-out loss every so many steps (100).",
        HelpName = "n",
    };
    private readonly Option<int?> evaluationBatches = new("--evaluation-batches") { Description = "Over so many fixed batches (20).", HelpName = "n" };
    private readonly Option<int> saveEvery = new("--save-every")
    {
        Description = "Write a checkpoint every so many steps.",
        HelpName = "n",
        DefaultValueFactory = _ => 100,
    };
    private readonly Option<int> keep = new("--keep") { Description = "How many checkpoints are kept.", HelpName = "n", DefaultValueFactory = _ => 2 };
    private readonly Option<string> device = new("--device") { Description = "cpu, cuda, cuda:1 or mps.", HelpName = "name", DefaultValueFactory = _ => "cpu" };

    private TrainCommand(CliContext context) => this.context = context;

    internal static Command Make(CliContext context)
    {
        var made = new TrainCommand(context);
        var command = new Command("train", "Train a small model on a text; with no more words, the quickstart: a LLaMA on the King James Bible.")
        {
            made.family, made.objective, made.vocabulary, made.wholeWords, made.staticNoise, made.output, made.resume, made.overwrite, made.text, made.tokens,
            made.steps, made.batch, made.length, made.rate, made.lastRate, made.warmUp, made.schedule, made.decay, made.clip, made.seed, made.evaluateEvery,
            made.evaluationBatches, made.saveEvery, made.keep, made.device,
        };
        made.denoising.AddTo(command);
        command.SetAction(made.Run);
        return command;
    }

    private int Run(ParseResult words)
    {
        string? asked = words.GetValue(objective) is "clm" ? null : words.GetValue(objective);
        string path = words.GetValue(output) ?? Path.Combine("runs", DefaultName(words.GetValue(family), asked, denoising.Speaks(words)));
        Arguments.Require(words.GetValue(saveEvery) >= 1, "save-every", words.GetValue(saveEvery), "1 or more");
        Arguments.Require(words.GetValue(keep) >= 1, "keep", words.GetValue(keep), "1 or more");
        Device where = Arguments.Device(words.GetValue(device)!);
        var folder = new RunFolder(path);
        return words.GetValue(resume) ? Resume(words, folder, asked, where) : Begin(words, folder, asked, where);
    }

    private int Begin(ParseResult words, RunFolder folder, string? asked, Device where)
    {
        TrainingOptions options = denoising.Over(words, Options(words, asked is null ? new TrainingOptions() : ObjectiveFamilies.Defaults), asked);
        options.Validate();
        if (asked is null)
        {
            // Before anything is read: a wrong family is told at once.
            Family(words.GetValue(family));
        }

        if (File.Exists(folder.Path))
        {
            throw new CommandException($"{folder.Path}: is a file, expected a folder");
        }

        if (folder.HoldsRun && !words.GetValue(overwrite))
        {
            throw new CommandException($"{folder.Path} exists; --resume goes on from it, --overwrite replaces it");
        }

        TrainingSubject subject = asked is null
            ? NextTokenSubject.Of(Family(words.GetValue(family)), words.GetValue(text), Codec(words.GetValue(tokens) ?? "characters"))
            : ObjectiveSubject.Learn(words.GetValue(family), asked, words.GetValue(text), options.Languages, words.GetValue(vocabulary));
        ITrainingData data = subject.Data(options);
        string config = subject.Config(options);
        manual_seed(options.Seed);
        using IModel model = context.Zoo.Create(config, "config.json", ScalarType.Float32, where);
        using var trainer = new Trainer(model, data, options);
        if (folder.HoldsRun)
        {
            folder.Clear();
        }

        return Train(words, trainer, subject, folder, config);
    }

    private int Resume(ParseResult words, RunFolder folder, string? asked, Device where)
    {
        (TrainingCheckpoint? found, IReadOnlyList<string> notes) = folder.Latest();
        foreach (string note in notes)
        {
            context.Output.WriteLine(note);
        }

        TrainingCheckpoint checkpoint = found
            ?? throw new CommandException($"{folder.Path}: no complete checkpoint, expected a folder step-N that train wrote");
        TrainingState state = checkpoint.State;
        string name = Path.GetFileName(checkpoint.Folder);
        if (words.GetValue(family) is { } askedFamily && askedFamily != state.Family)
        {
            throw new CommandException($"{name} was trained with --family {state.Family}, not {askedFamily}; --resume takes no other");
        }

        if (asked is not null && asked != state.Objective)
        {
            throw new CommandException($"{name} was trained with --objective {state.Objective ?? "clm"}, not {asked}; --resume takes no other");
        }

        TrainingOptions options = denoising.Over(words, Options(words, state.Options), state.Objective);
        if (Difference(state.Options, options) is { } difference)
        {
            throw new CommandException($"{name} was trained with {difference}; --resume takes no other");
        }

        TrainingSubject subject = state.Objective is { } learned
            ? ObjectiveSubject.Open(checkpoint, learned, words.GetValue(text))
            : NextTokenSubject.Of(Family(state.Family), words.GetValue(text) ?? TrainingSubject.PathOf(state), Codec(words, checkpoint));
        ITrainingData data = subject.Data(options);
        if (data.Hash != state.TextHash)
        {
            throw new CommandException(
                $"{data.Name} is not the text that {name} was trained on, expected {state.Text} as it was (SHA-256 {state.TextHash[..12]}...)");
        }

        string config = File.ReadAllText(checkpoint.ConfigPath);
        using IModel model = context.Zoo.Create(config, checkpoint.ConfigPath, ScalarType.Float32, where);
        using var trainer = new Trainer(model, data, options);
        checkpoint.ReadInto(trainer);
        context.Output.WriteLine(FormattableString.Invariant($"resuming from {name} of {options.Steps}"));
        return Train(words, trainer, subject, folder, config);
    }

    private static ITextCodec? Codec(string kind) => kind switch
    {
        "characters" => null,
        "bytes" => new ByteCodec(),
        _ when Directory.Exists(kind) => TextCodecs.OpenTokenizer(kind),
        _ => throw new CommandException($"--tokens '{kind}', expected characters, bytes or the folder of a tokenizer", 2),
    };

    /// <summary>What a checkpoint was trained with; characters are counted again, so that another text is noticed.</summary>
    private ITextCodec? Codec(ParseResult words, TrainingCheckpoint checkpoint)
    {
        ITextCodec was = TextCodecs.Open(checkpoint.Folder);
        string? asked = words.GetValue(tokens);
        return asked is null || asked == was.Name || (was is ITokenizer tokenizer && Codec(asked) is ITokenizer other && Same(tokenizer, other))
            ? was is CharacterCodec ? null : was
            : throw new CommandException($"{Path.GetFileName(checkpoint.Folder)} was trained with --tokens {was.Name}, not {asked}; --resume takes no other");
    }

    private static bool Same(ITokenizer a, ITokenizer b) =>
        a.Vocabulary == b.Vocabulary && Enumerable.Range(0, a.Vocabulary).All(id => a.TokenOf(id) == b.TokenOf(id));

    private int Train(ParseResult words, Trainer trainer, TrainingSubject subject, RunFolder folder, string config)
    {
        TrainingOptions options = trainer.Options;
        string title = FormattableString.Invariant($"{subject.Family}, {Words.Count(trainer.Model.Weights.Count)} parameters, {subject.Vocabulary}, ")
            + FormattableString.Invariant($"{options.Batch} x {options.Context} tokens a step");
        context.Output.WriteLine($"training {title}");
        foreach (string line in subject.Describe(trainer.Data, options))
        {
            context.Output.WriteLine(line);
        }

        ITrainingView view = context.Interactive ? new LiveTrainingView(context.Console, title)
            : new PlainTrainingView(context.Output, every: Math.Max(1, options.Steps / 50));
        var run = new TrainingRun(trainer, folder, subject.Family, config, words.GetValue(saveEvery), words.GetValue(keep));
        TrainingOutcome outcome = run.Run(view, context.Stop);
        if (MetricsFile.Read(folder.Metrics) is { Count: > 0 } rows)
        {
            LossCurve.Save(folder.Curve, rows);
        }

        Report(outcome, folder, options);
        if (!outcome.Interrupted)
        {
            foreach (string line in subject.Show(trainer, outcome))
            {
                context.Output.WriteLine(line);
            }
        }

        Next(outcome, subject, folder);
        return outcome.Interrupted ? ZooCommands.Interrupted : 0;
    }

    private void Report(TrainingOutcome outcome, RunFolder folder, TrainingOptions options)
    {
        TextWriter to = context.Output;
        to.WriteLine();
        if (outcome.Interrupted)
        {
            to.WriteLine(FormattableString.Invariant($"stopped after step {outcome.Step} of {options.Steps}; the checkpoint is complete"));
        }
        else if (outcome.HeldOutLoss is { } loss)
        {
            string took = Words.Duration(TimeSpan.FromSeconds(outcome.Seconds));
            to.WriteLine(FormattableString.Invariant($"held-out loss {loss:F4} after {outcome.Step} steps, {took}, {outcome.TokensPerSecond:N0} tokens/s"));
        }

        to.WriteLine($"checkpoint  {outcome.Checkpoint}");
        to.WriteLine($"metrics     {folder.Metrics}");
        to.WriteLine($"loss curve  {folder.Curve}");
    }

    private void Next(TrainingOutcome outcome, TrainingSubject subject, RunFolder folder)
    {
        string quoted = folder.Path.Contains(' ') ? $"\"{folder.Path}\"" : folder.Path;
        string where = folder.Path == Path.Combine("runs", "quickstart") ? "" : $" --out {quoted}";
        context.Output.WriteLine();
        context.Output.WriteLine("next:");
        if (outcome.Interrupted)
        {
            context.Output.WriteLine($"  {Program} train --resume{where}");
        }

        foreach (string command in subject.Next(quoted))
        {
            context.Output.WriteLine($"  {Program} {command}");
        }
    }

    private static QuickstartFamily Family(string? name) => name is null
        ? Quickstart.Families[0]
        : Quickstart.Families.FirstOrDefault(candidate => candidate.Name == name)
            ?? throw new CommandException($"--family '{name}', expected {string.Join(", ", Quickstart.Families.Select(candidate => candidate.Name))}", 2);

    private static string DefaultName(string? family, string? objective, bool speaks) => objective is not null
        ? $"{family ?? ObjectiveFamilies.Able(objective, speaks).FirstOrDefault()?.Name}-{objective}"
        : family is null || family == Quickstart.Families[0].Name ? "quickstart" : family;

    /// <summary>What was typed over what holds otherwise.</summary>
    private TrainingOptions Options(ParseResult words, TrainingOptions defaults)
    {
        bool fresh = !words.GetValue(resume);
        int total = words.GetValue(steps) ?? defaults.Steps;
        double highest = words.GetValue(rate) ?? defaults.Rate;
        return defaults with
        {
            Steps = total,
            Batch = words.GetValue(batch) ?? defaults.Batch,
            Context = words.GetValue(length) ?? defaults.Context,
            Rate = highest,
            LastRate = words.GetValue(lastRate) ?? (fresh ? highest / 10 : defaults.LastRate),
            WarmUp = words.GetValue(warmUp) ?? (fresh ? Math.Min(defaults.WarmUp, total / 10) : defaults.WarmUp),
            Schedule = words.GetValue(schedule) ?? defaults.Schedule,
            Decay = words.GetValue(decay) ?? defaults.Decay,
            Clip = words.GetValue(clip) ?? defaults.Clip,
            Seed = words.GetValue(seed) ?? defaults.Seed,
            EvaluateEvery = words.GetValue(evaluateEvery) ?? defaults.EvaluateEvery,
            EvaluationBatches = words.GetValue(evaluationBatches) ?? defaults.EvaluationBatches,
            WholeWords = words.GetValue(wholeWords) || defaults.WholeWords,
            StaticNoise = words.GetValue(staticNoise) || defaults.StaticNoise,
        };
    }

    private static object Share(double? asked) => asked ?? (object)"as published";

    private static string? Difference(TrainingOptions was, TrainingOptions asked)
    {
        (string Name, object Was, object Asked)[] values =
        [
            ("steps", was.Steps, asked.Steps), ("batch", was.Batch, asked.Batch), ("context", was.Context, asked.Context), ("rate", was.Rate, asked.Rate),
            ("last-rate", was.LastRate, asked.LastRate), ("warm-up", was.WarmUp, asked.WarmUp), ("schedule", was.Schedule, asked.Schedule),
            ("decay", was.Decay, asked.Decay), ("clip", was.Clip, asked.Clip), ("seed", was.Seed, asked.Seed),
            ("evaluate-every", was.EvaluateEvery, asked.EvaluateEvery), ("evaluation-batches", was.EvaluationBatches, asked.EvaluationBatches),
            ("whole-words", was.WholeWords, asked.WholeWords), ("static-noise", was.StaticNoise, asked.StaticNoise),
            ("infill", Share(was.Noise.Infill), Share(asked.Noise.Infill)), ("mean-span", Share(was.Noise.MeanSpan), Share(asked.Noise.MeanSpan)),
            ("permute", Share(was.Noise.Permute), Share(asked.Noise.Permute)), ("mask", Share(was.Noise.Mask), Share(asked.Noise.Mask)),
            ("delete", Share(was.Noise.Delete), Share(asked.Noise.Delete)), ("rotate", Share(was.Noise.Rotate), Share(asked.Noise.Rotate)),
            ("random", Share(was.Noise.Random), Share(asked.Noise.Random)), ("alpha", was.Alpha, asked.Alpha),
            ("language", string.Join(' ', was.Languages), string.Join(' ', asked.Languages)),
        ];
        foreach ((string name, object before, object now) in values)
        {
            if (!before.Equals(now))
            {
                return FormattableString.Invariant($"--{name} {before}, not {now}");
            }
        }

        return null;
    }
}
