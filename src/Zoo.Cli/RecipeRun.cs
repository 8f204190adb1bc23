using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Dsl.Runtime;
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
internal sealed class RecipeRun(CliContext context, Recipe recipe, string path, Device device, int saveEvery, int keep)
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
        set_num_threads(1);
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
        TuningTokens tokens = RuleChat.Tokens();
        var before = new StageBase(null, null, null);
        foreach ((Stage stage, RunFolder folder) in recipe.Stages.Zip(Folders()))
        {
            using IRecipeStage run = stage.Pictures is { } pictures ? new PictureStage(context, stage, pictures, before, device)
                : new RecipeStage(context, stage, tokens, before, device);
            string name = Path.GetFileName(folder.Path);
            TrainingCheckpoint? found = resume ? Found(folder, run, stage) : null;
            if (found?.State.Step == stage.Run.Steps)
            {
                context.Output.WriteLine($"{name}: complete");
            }
            else if (!Train(run, stage, folder, found))
            {
                return false;
            }

            TrainingCheckpoint made = folder.Latest().Checkpoint ?? throw new CommandException($"{folder.Path}: no complete checkpoint was left");
            before = stage.Kind == StageKind.Reward ? before with { Reward = made } : before with { Tuned = before.Tuned ?? made, Policy = made };
            before = before with { Earlier = [.. before.Earlier, (stage.Folder, made)] };
        }

        return true;
    }

    private IReadOnlyList<RunFolder> Folders() =>
        [.. recipe.Stages.Select((stage, i) => new RunFolder(Path.Combine(path, FormattableString.Invariant($"{i + 1}-{stage.Folder}"))))];

    /// <summary>The newest checkpoint that began with the same stages; null where there is none.</summary>
    private TrainingCheckpoint? Found(RunFolder folder, IRecipeStage run, Stage stage)
    {
        (TrainingCheckpoint? found, IReadOnlyList<string> notes) = folder.Latest();
        foreach (string note in notes)
        {
            context.Output.WriteLine(note);
        }

        if (found is null || found.State.TextHash != run.Hash)
        {
            return null;
        }

        found.Verify();
        return OptionRows.Difference(found.State.Options, stage.Run) is not { } difference ? found
            : throw new CommandException($"{Path.GetFileName(found.Folder)} was trained with {difference}; --resume takes no other");
    }

    private bool Train(IRecipeStage run, Stage stage, RunFolder folder, TrainingCheckpoint? found)
    {
        string config = run.Config(), name = Path.GetFileName(folder.Path);
        IModel model = run.Model(config);
        ITrainingData data = run.Data();
        using var trainer = new Trainer(model, data, stage.Run);
        found?.ReadInto(trainer);
        folder.Replaces = found is null && folder.HoldsRun;
        string title = FormattableString.Invariant(
            $"{name}: {Words.Count(model.Weights.Count)} parameters, {data.Name}, step {trainer.Step} of {stage.Run.Steps}");
        context.Output.WriteLine(title);
        ITrainingView view = context.Interactive ? new LiveTrainingView(context.Console, title)
            : new PlainTrainingView(context.Output, every: Math.Max(1, stage.Run.Steps / 10));
        StopSignals.Saves();
        TrainingOutcome outcome = new TrainingRun(trainer, folder, run.Family, config, saveEvery, keep).Run(view, context.Stop);
        LossCurve.Save(folder.Curve, MetricsFile.Read(folder.Metrics));
        if (outcome.Interrupted)
        {
            context.Output.WriteLine(FormattableString.Invariant(
                $"{name}: stopped after step {outcome.Step} of {stage.Run.Steps}; the checkpoint is complete"));
            return false;
        }

        foreach (string line in run.Describe(model, outcome))
        {
            context.Output.WriteLine($"{name}: {line}");
        }

        return true;
    }
}
