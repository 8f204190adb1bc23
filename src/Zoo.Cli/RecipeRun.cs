using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Dsl.Files;
using Dsl.Runtime;
using Dsl.Text;
using Dsl.Training;
using Dsl.Training.Alignment;
using Dsl.Training.Alignment.Data;
using static TorchSharp.torch;

namespace Zoo.Cli;

/// <summary>The stages of a recipe, one after the other, each a run in a folder of its own; a complete stage is not run again.</summary>
/// <param name="context">Where it runs.</param>
/// <param name="recipe">What is run.</param>
/// <param name="path">The recipe's folder.</param>
/// <param name="device">Of the models.</param>
/// <param name="saveEvery">A save every so many steps.</param>
/// <param name="keep">How many are kept.</param>
/// <param name="keepBest">How many more are kept for their held-out figure.</param>
/// <param name="own">A model and data of one's own; null: what the recipe's rule makes.</param>
internal sealed class RecipeRun(CliContext context, Recipe recipe, string path, Device device, int saveEvery, int keep, int keepBest = 0, OwnData? own = null)
{
    /// <summary>Runs what is left of it.</summary>
    /// <param name="resume">Go on with what the folder holds.</param>
    /// <param name="overwrite">Replace what the folder holds.</param>
    /// <returns>False where it was interrupted.</returns>
    /// <exception cref="CommandException">The folder holds a run, or another recipe's.</exception>
    internal bool Run(bool resume, bool overwrite)
    {
        if (!resume && !overwrite && Folders().Any(folder => folder.HoldsRun))
        {
            throw new CommandException($"{path} exists; --resume goes on from it, --overwrite replaces it");
        }

        context.Output.WriteLine($"{recipe.Name}: {recipe.What}");

        // Products of this size are done before a second thread has begun, which then only waits.
        int threads = get_num_threads();
        set_num_threads(own is null ? 1 : threads);
        try
        {
            return Stages(resume);
        }
        finally
        {
            set_num_threads(threads);
        }
    }

    private bool Stages(bool resume)
    {
        var before = new StageBase(null, null, null, null, null);
        int pads = recipe.Stages.ToList().FindIndex(stage => stage.AddsPad);
        TuningTokens? tokens = own is null ? recipe.Rule.Tokens(pads < 0 ? "<|pad|>" : null) : null;
        foreach (((Stage stage, RunFolder folder), int i) in recipe.Stages.Zip(Folders()).Select((pair, i) => (pair, i)))
        {
            tokens = i == pads && own is null ? new TuningTokens(GrownTokenizer.WithPad(tokens!.Tokenizer), tokens.Template) : tokens;
            using StageRun run = own is not null ? own.Stage(context, stage, before, device)
                : stage.Pictures is { } pictures ? new PictureStage(context, stage, pictures, before, device)
                : new RecipeStage(context, stage, recipe.Rule, tokens!, before, device);
            string name = Path.GetFileName(folder.Path);
            TrainingCheckpoint? found = resume ? Found(folder, run) : null;
            bool complete = found?.State.Ended == true;
            if (complete)
            {
                context.Output.WriteLine($"{name}: complete");
            }
            else if (!Train(run, folder, found))
            {
                return false;
            }

            TrainingCheckpoint made = folder.Latest().Checkpoint ?? throw new CommandException($"{folder.Path}: no complete checkpoint was left");
            double? loss = MetricsFile.Read(folder.Metrics).FindLast(row => row.HeldOutLoss is not null).HeldOutLoss;
            var result = new StageResult(Whole(run, folder, made, anew: !complete), made.State.Digest, made.State.Step, loss);
            before = stage.Kind == StageKind.Reward ? before with { Reward = result } : before with
            {
                First = before.First ?? result,
                Tuned = before.Tuned ?? (stage.Kind == StageKind.Pretrain ? null : result),
                Policy = result,
                Compared = recipe.Stages.ElementAtOrDefault(i + 1)?.FromFirst == true && i > 0 ? result : null,
            };
            before = before with { Earlier = [.. before.Earlier, (stage.Folder, result)] };
            foreach (string line in i + 1 == recipe.Stages.Count ? run.Next(made.Folder) : [])
            {
                context.Output.WriteLine(line);
            }
        }

        return true;
    }

    /// <summary>The folder of the whole model that a stage made: an adapter becomes part of its base's weights.</summary>
    private static string? Whole(StageRun run, RunFolder folder, TrainingCheckpoint made, bool anew)
    {
        if (run.Stage.Adapter is null)
        {
            return made.Folder;
        }

        // Numbers in four bits cannot take the matrices in.
        if (run.Stage.FourBits)
        {
            return null;
        }

        string merged = Path.Combine(folder.Path, RunReader.Merged), path = Path.Combine(merged, "config.json");
        if (anew || !File.Exists(path))
        {
            string config = run.Config();
            IModel model = run.Model(config);
            using var trainer = new Trainer(model, run.Data(), run.Stage.Run);
            made.ReadInto(trainer);
            Adapters.Get(model).Merge(keep: false);
            ((GeneratedModel)model).Save(merged);
            AtomicFiles.WriteText(path, config, FileErrors.Plain);
            GenerationSettings.WriteFor(merged);
            trainer.Data.Save(merged);
        }

        return merged;
    }

    private IReadOnlyList<RunFolder> Folders() =>
        [.. recipe.Stages.Select((stage, i) => new RunFolder(Path.Combine(path, FormattableString.Invariant($"{i + 1}-{stage.Folder}"))))];

    /// <summary>The newest checkpoint that began with the same stages; null where there is none.</summary>
    private TrainingCheckpoint? Found(RunFolder folder, StageRun run)
    {
        (TrainingCheckpoint? found, IReadOnlyList<string> notes) = folder.Latest();
        foreach (string note in notes)
        {
            context.Output.WriteLine(note);
        }

        if (found is null || found.State.TextHash != run.Hash)
        {
            return found is null || !run.RefusesOthers ? null : throw new CommandException(
                $"{Path.GetFileName(found.Folder)} was trained with other data, another model or another adapter; --resume takes no other");
        }

        found.Verify();
        return OptionRows.Difference(found.State.Options, run.Stage.Run) is not { } difference ? found
            : throw new CommandException($"{Path.GetFileName(found.Folder)} was trained with {difference}; --resume takes no other");
    }

    private bool Train(StageRun run, RunFolder folder, TrainingCheckpoint? found)
    {
        string config = run.Config(), name = Path.GetFileName(folder.Path);
        TrainingOptions options = run.Stage.Run;
        foreach (string note in run.Notes)
        {
            context.Output.WriteLine($"{name}: {note}");
        }

        IModel model = run.Model(config);
        ITrainingData data = run.Data();
        using var trainer = new Trainer(model, data, options);
        found?.ReadInto(trainer);
        folder.Replaces = found is null && folder.HoldsRun;
        string title = FormattableString.Invariant(
            $"{name}: {Words.Count(model.Weights.Count)} parameters{Trained(model)}, {data.Name}, step {trainer.Step} of {options.Steps}");
        context.Output.WriteLine(title);
        ITrainingView view = context.Interactive ? new LiveTrainingView(context.Console, title)
            : new PlainTrainingView(context.Output, every: Math.Max(1, options.Steps / 10));
        StopSignals.Saves();
        TrainingOutcome outcome = new TrainingRun(trainer, folder, run.Family, config, saveEvery, keep, keepBest).Run(view, context.Stop);
        LossCurve.Save(folder.Curve, MetricsFile.Read(folder.Metrics), run.Stage.Kind is StageKind.Pretrain or StageKind.Tune or StageKind.Select
            ? "cross entropy of what counts, nats a token" : $"loss, held out {(run.Stage.Kind == StageKind.Optimise ? "minus the reward" : "the same")}");
        RecipePicture.Save(Path.Combine(path, "recipe.png"), [.. Folders().Where(each => File.Exists(each.Metrics))
            .Select(each => (Path.GetFileName(each.Path), (IReadOnlyList<MetricsRow>)MetricsFile.Read(each.Metrics)))]);
        if (outcome.Interrupted)
        {
            context.Output.WriteLine(FormattableString.Invariant(
                $"{name}: stopped after step {outcome.Step} of {options.Steps}; the checkpoint is complete"));
            return false;
        }

        foreach (string line in run.Describe(model, outcome))
        {
            context.Output.WriteLine($"{name}: {line}");
        }

        return true;
    }

    private static string Trained(IModel model)
    {
        long trained = model.Weights.All.Where(weight => weight.Trainable).Sum(weight => weight.Count);
        return trained == model.Weights.Count ? "" : $" ({Words.Count(trained)} of them trained)";
    }
}
