using System;
using System.Collections.Generic;
using System.CommandLine;
using System.Globalization;
using System.IO;
using System.Linq;
using Dsl.Files;
using Dsl.Runtime;
using Dsl.Text;
using Dsl.Training;
using Dsl.Training.Alignment;
using Dsl.Training.Objectives;
using Spectre.Console;
using TorchSharp;
using static TorchSharp.torch;

namespace Zoo.Cli;

/// <summary><c>train</c>: with no more words, the quickstart.</summary>
internal sealed class TrainCommand
{
    /// <summary>How commands are typed from a clone.</summary>
    internal const string Program = "dotnet run -c Release --project src/Zoo.Cli --";

    private const string Language = "language";

    private readonly CliContext context;
    private readonly OptionWords options = new();
    private readonly Option<string?> family = new("--family")
    {
        Description = $"What to train: {Names(SmallModels.TrainedBy(TrainingDefaults.NextToken))}; with an objective, those that have it.",
        HelpName = "name",
    };
    private readonly Option<string?> objective = new("--objective")
    {
        Description = "What to learn: clm (the next token, without more words), "
            + string.Join(", ", Objectives.Skip(1).Select(name => $"{name} ({Names(SmallModels.TrainedBy(name))})")) + ".",
        HelpName = "name",
    };
    private readonly Option<string?> recipe = new("--recipe")
    {
        Description = "From a model to an assistant, stage by stage, on conversations made by rule: "
            + $"{string.Join(", ", Recipes.All.Select(known => known.Name))}.",
        HelpName = "name",
    };
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
    private readonly Option<int> saveEvery = new("--save-every")
    {
        Description = "Write a checkpoint every so many steps; may change when a run goes on.",
        HelpName = "n",
        DefaultValueFactory = _ => 100,
    };
    private readonly Option<int> keep = new("--keep")
    {
        Description = "How many checkpoints are kept; may change when a run goes on.",
        HelpName = "n",
        DefaultValueFactory = _ => 2,
    };
    private readonly Option<int> keepBest = new("--keep-best")
    {
        Description = "How many more are kept for their held-out figure (--metric); may change when a run goes on.",
        HelpName = "n",
    };
    private readonly Option<string> device = new("--device")
    {
        Description = "cpu, cuda, cuda:1 or mps; may change when a run goes on, whose numbers then differ in rounding.",
        HelpName = "name",
        DefaultValueFactory = _ => "cpu",
    };

    private TrainCommand(CliContext context) => this.context = context;

    private static IEnumerable<string> Objectives => ObjectiveOptions.All.Select(known => known.Name);

    internal static Command Make(CliContext context)
    {
        var made = new TrainCommand(context);
        var command = new Command("train", "Train a small model on a text; with no more words, the quickstart: a LLaMA on the King James Bible.")
        {
            made.family, made.objective, made.recipe, made.output, made.resume, made.overwrite, made.text, made.saveEvery, made.keep, made.keepBest,
            made.device,
        };
        foreach (Option word in made.options.All)
        {
            command.Add(word);
        }

        command.SetAction(made.Run);
        return command;
    }

    private int Run(ParseResult words)
    {
        if (words.GetValue(recipe) is { } name)
        {
            return RunRecipe(words, name);
        }

        string? asked = words.GetValue(objective);
        string path = words.GetValue(output) ?? Path.Combine("runs", DefaultName(words, asked ?? TrainingDefaults.NextToken));
        Arguments.Require(words.GetValue(saveEvery) >= 1, "save-every", words.GetValue(saveEvery), "1 or more");
        Arguments.Require(words.GetValue(keep) >= 1, "keep", words.GetValue(keep), "1 or more");
        Arguments.Require(words.GetValue(keepBest) >= 0, "keep-best", words.GetValue(keepBest), "0 or more");
        Device where = Arguments.Device(words.GetValue(device)!);
        var folder = new RunFolder(path);
        return words.GetValue(resume) ? Resume(words, folder, asked, where) : Begin(words, folder, asked ?? TrainingDefaults.NextToken, where);
    }

    private int RunRecipe(ParseResult words, string name)
    {
        Recipe known = Recipes.Find(name)
            ?? throw new CommandException($"--recipe '{name}', expected {string.Join(", ", Recipes.All.Select(other => other.Name))}", 2);
        foreach (Option other in new Option[] { family, objective, text })
        {
            if (words.GetResult(other) is { Implicit: false })
            {
                throw new CommandException($"{other.Name} with --recipe, whose stages say what is learned", 2);
            }
        }

        options.RefuseOthers(words, OptionWords.Recipe);
        Arguments.Require(words.GetValue(saveEvery) >= 1, "save-every", words.GetValue(saveEvery), "1 or more");
        Arguments.Require(words.GetValue(keep) >= 1, "keep", words.GetValue(keep), "1 or more");
        Arguments.Require(words.GetValue(keepBest) >= 0, "keep-best", words.GetValue(keepBest), "0 or more");
        OwnDataOptions asked = options.Over(words, new OwnDataOptions());
        asked.Validate();
        OwnData? own = !asked.IsAsked ? null : new OwnData(
            asked, run => Dependent(words, options.Over(words, run)), options.Typed(words, "steps") ? options.Over(words, new TrainingOptions()).Steps : null);
        Recipe run = own is null
            ? known with { Stages = [.. known.Stages.Select(stage => stage with { Run = Dependent(words, options.Over(words, stage.Run)) })] }
            : OwnData.Of(known, asked);
        foreach (Stage stage in own is null ? run.Stages : [])
        {
            stage.Run.Validate();
        }

        var whole = new RecipeRun(
            context, run, words.GetValue(output) ?? Path.Combine("runs", name), Arguments.Device(words.GetValue(device)!), words.GetValue(saveEvery),
            words.GetValue(keep), words.GetValue(keepBest), own);
        return whole.Run(words.GetValue(resume), words.GetValue(overwrite)) ? 0 : ZooCommands.Interrupted;
    }

    private int Begin(ParseResult words, RunFolder folder, string asked, Device where)
    {
        ObjectiveOptions known = ObjectiveOptions.Find(asked) ?? throw new CommandException(
            $"--objective '{asked}', expected {string.Join(", ", Objectives.Skip(1))}, or clm (the next token)", 2);
        options.RefuseOthers(words, $"--objective {asked}");
        TrainingOptions run = Dependent(words, options.Over(words, TrainingDefaults.For(asked)));
        run.Validate();
        bool speaks = options.Typed(words, Language);

        // Before anything is read: a wrong family is told at once.
        SmallModel model = Find(words.GetValue(family), asked, speaks);
        ObjectiveOptions learned = Learned(words, OptionRows.Read(known, model.Trained.Options.Select(Pair)));
        if (File.Exists(folder.Path))
        {
            throw new CommandException($"{folder.Path}: is a file, expected a folder");
        }

        if (folder.HoldsRun && !words.GetValue(overwrite))
        {
            throw new CommandException(folder.Latest().Checkpoint is not null
                ? $"{folder.Path} exists; --resume goes on from it, --overwrite replaces it"
                : $"{folder.Path} holds a run without a complete checkpoint; --overwrite replaces it");
        }

        TrainingSubject subject = learned switch
        {
            NextTokenOptions next => NextTokenSubject.Of(model, next, words.GetValue(text), Codec(next.Tokens)),
            TextObjectiveOptions other => ObjectiveSubject.Learn(model, other, words.GetValue(text)),
            _ => throw new NotSupportedException($"--objective {asked} is not trained on a text"),
        };
        ITrainingData data = subject.Data(run);
        string config = subject.Config(run);
        manual_seed(run.Seed);
        using IModel made = context.Zoo.Create(config, "config.json", run.WeightType, where);
        using var trainer = new Trainer(made, data, run);
        folder.Replaces = folder.HoldsRun;
        return Train(words, trainer, subject, folder, config);
    }

    private int Resume(ParseResult words, RunFolder folder, string? asked, Device where)
    {
        (TrainingCheckpoint? found, IReadOnlyList<string> notes) = folder.Latest();
        foreach (string note in notes)
        {
            context.Output.WriteLine(note);
        }

        TrainingCheckpoint checkpoint = found ?? throw new CommandException($"{folder.Path}: no complete checkpoint, expected a folder step-N that train wrote"
            + (folder.HoldsRun ? "; --overwrite begins the run anew" : ""));
        checkpoint.Verify();
        TrainingState state = checkpoint.State;
        string name = Path.GetFileName(checkpoint.Folder);
        string objectiveName = state.Objective ?? TrainingDefaults.NextToken;
        if (words.GetValue(family) is { } askedFamily && askedFamily != state.Family)
        {
            throw new CommandException($"{name} was trained with --family {state.Family}, not {askedFamily}; --resume takes no other");
        }

        if (asked is not null && asked != objectiveName)
        {
            throw new CommandException($"{name} was trained with --objective {objectiveName}, not {asked}; --resume takes no other");
        }

        options.RefuseOthers(words, $"--objective {objectiveName}");
        TrainingOptions run = options.Over(words, state.Options);
        ObjectiveOptions known = ObjectiveOptions.Find(objectiveName)
            ?? throw new CommandException($"{name} was trained with --objective {objectiveName}, which train does not know");
        ObjectiveOptions was = OptionRows.Read(known, state.Settings);
        ObjectiveOptions learned = Learned(words, was);
        if ((OptionRows.Difference(state.Options, run) ?? OptionRows.Difference(was, Beside(learned, was))) is { } difference)
        {
            throw new CommandException($"{name} was trained with {difference}; --resume takes no other");
        }

        SmallModel model = Find(state.Family, objectiveName, speaks: false);
        string? file = words.GetValue(text);
        TrainingSubject subject = learned switch
        {
            NextTokenOptions next => NextTokenSubject.Of(
                model, (NextTokenOptions)was, file ?? TrainingSubject.PathOf(state), Codec(options.Typed(words, "tokens") ? next.Tokens : null, checkpoint)),
            TextObjectiveOptions other => ObjectiveSubject.Open(model, other, checkpoint, file),
            _ => throw new NotSupportedException($"--objective {objectiveName} is not trained on a text"),
        };
        ITrainingData data = subject.Data(run);
        if (data.Hash != state.TextHash)
        {
            throw new CommandException(
                $"{data.Name} is not the text that {name} was trained on, expected {state.Text} as it was (SHA-256 {state.TextHash[..12]}...)");
        }

        string config = UserFile.ReadText(checkpoint.ConfigPath, UserFile.MostOfText, FileErrors.Plain);
        using IModel made = context.Zoo.Create(config, checkpoint.ConfigPath, run.WeightType, where);
        using var trainer = new Trainer(made, data, run);
        checkpoint.ReadInto(trainer);
        context.Output.WriteLine(FormattableString.Invariant($"resuming from {name} of {run.Steps}"));
        return Train(words, trainer, subject, folder, config);
    }

    /// <summary>What was typed over a record of the objective.</summary>
    private ObjectiveOptions Learned(ParseResult words, ObjectiveOptions known)
    {
        ObjectiveOptions learned = options.Over(words, known);
        learned.Validate();
        if (learned is DenoisingOptions denoising)
        {
            if (options.Typed(words, Language))
            {
                LanguageText.ReadTyped(denoising.Languages);
            }
            else if (options.Typed(words, "alpha") && LanguageText.Read(denoising.Languages).All(language => language.Path is null))
            {
                throw new CommandException("--alpha without --language, expected texts with their languages", 2);
            }
        }

        return learned;
    }

    /// <summary>The tokens of a text are compared by what they are, wherever they lie (<see cref="Codec(string?, TrainingCheckpoint)"/>).</summary>
    private static ObjectiveOptions Beside(ObjectiveOptions learned, ObjectiveOptions was) =>
        learned is NextTokenOptions next ? next with { Tokens = ((NextTokenOptions)was).Tokens } : learned;

    /// <summary>What follows from other options unless it was typed.</summary>
    private TrainingOptions Dependent(ParseResult words, TrainingOptions run) => run with
    {
        LastRate = options.Typed(words, "last-rate") ? run.LastRate : run.Rate / 10,
        WarmUp = options.Typed(words, "warm-up") ? run.WarmUp : Math.Min(run.WarmUp, run.Steps / 10),
    };

    private static KeyValuePair<string, string> Pair(string option) =>
        option.IndexOf('=') is > 0 and int at ? new(option[..at], option[(at + 1)..]) : throw new FormatException($"'{option}', expected option=value");

    private static string Names(IEnumerable<SmallModel> models) => string.Join(", ", models.Select(model => model.Family));

    private static IEnumerable<SmallModel> Able(string objective, bool speaks) => SmallModels.TrainedBy(objective)
        .Where(model => !speaks || model.Trained.Options.Any(option => Pair(option).Key == Language));

    private static SmallModel Find(string? name, string objective, bool speaks)
    {
        SmallModel[] able = [.. Able(objective, speaks)];
        string with = objective == TrainingDefaults.NextToken ? "" : $" with --objective {objective}{(speaks ? " and --language" : "")}";
        return name is null ? able[0] : able.FirstOrDefault(model => model.Family == name)
            ?? throw new CommandException($"--family '{name}'{with}, expected {Names(able)}", 2);
    }

    private string DefaultName(ParseResult words, string asked)
    {
        string? first = Able(asked, options.Typed(words, Language)).FirstOrDefault()?.Family, name = words.GetValue(family) ?? first;
        return asked != TrainingDefaults.NextToken ? $"{name}-{asked}" : name == first ? "quickstart" : name!;
    }

    private static ITextCodec? Codec(string kind) => kind switch
    {
        "characters" => null,
        "bytes" => new ByteCodec(),
        _ when Directory.Exists(kind) => TextCodecs.OpenTokenizer(kind),
        _ => throw new CommandException($"--tokens '{kind}', expected characters, bytes or the folder of a tokenizer", 2),
    };

    /// <summary>What a checkpoint was trained with; characters are counted again, so that another text is noticed.</summary>
    private static ITextCodec? Codec(string? asked, TrainingCheckpoint checkpoint)
    {
        ITextCodec was = TextCodecs.Open(checkpoint.Folder);
        return asked is null || asked == was.Name || (was is ITokenizer tokenizer && Codec(asked) is ITokenizer other && Same(tokenizer, other))
            ? was is CharacterCodec ? null : was
            : throw new CommandException($"{Path.GetFileName(checkpoint.Folder)} was trained with --tokens {was.Name}, not {asked}; --resume takes no other");
    }

    private static bool Same(ITokenizer a, ITokenizer b) =>
        a.Vocabulary == b.Vocabulary && Enumerable.Range(0, a.Vocabulary).All(id => a.TokenOf(id) == b.TokenOf(id));

    private int Train(ParseResult words, Trainer trainer, TrainingSubject subject, RunFolder folder, string config)
    {
        TrainingOptions run = trainer.Options;
        string title = FormattableString.Invariant($"{subject.Family}, {Words.Count(trainer.Model.Weights.Count)} parameters, {subject.Vocabulary}, ")
            + FormattableString.Invariant($"{run.Batch} x {run.Context} tokens a step");
        context.Output.WriteLine($"training {title}");
        foreach (string line in subject.Describe(trainer.Data, run))
        {
            context.Output.WriteLine(line);
        }

        ITrainingView view = context.Interactive ? new LiveTrainingView(context.Console, title)
            : new PlainTrainingView(context.Output, every: Math.Max(1, run.Steps / 50));
        var training = new TrainingRun(trainer, folder, subject.Family, config, words.GetValue(saveEvery), words.GetValue(keep), words.GetValue(keepBest));
        StopSignals.Saves();
        TrainingOutcome outcome = training.Run(view, context.Stop);
        if (MetricsFile.Read(folder.Metrics) is { Count: > 0 } rows)
        {
            LossCurve.Save(folder.Curve, rows);
        }

        Report(outcome, folder, run);
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

    private void Report(TrainingOutcome outcome, RunFolder folder, TrainingOptions run)
    {
        TextWriter to = context.Output;
        to.WriteLine();
        if (outcome.Interrupted)
        {
            to.WriteLine(FormattableString.Invariant($"stopped after step {outcome.Step} of {run.Steps}; the checkpoint is complete"));
        }
        else if (outcome.HeldOutLoss is { } loss)
        {
            string took = Words.Duration(TimeSpan.FromSeconds(outcome.Seconds));
            to.WriteLine(FormattableString.Invariant($"held-out loss {loss:F4} after {outcome.Step} steps, {took}, {outcome.TokensPerSecond:N0} tokens/s"));
        }

        to.WriteLine($"checkpoint  {outcome.Checkpoint}");
        if (folder.Best(run.Metric) is [var best, ..] && best.Folder != outcome.Checkpoint)
        {
            to.WriteLine(FormattableString.Invariant($"best        {best.Folder} (held-out {run.Metric} {best.State.Measured!.Value:F4})"));
        }

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
}
