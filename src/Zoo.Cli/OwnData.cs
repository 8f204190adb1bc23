using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Runtime;
using Dsl.Training;
using Dsl.Training.Alignment;
using static TorchSharp.torch;

namespace Zoo.Cli;

/// <summary>The stages of a recipe that learn from a model and data of one's own.</summary>
/// <param name="Options">Which.</param>
/// <param name="Run">The published numbers of the recipe, with those that were typed; the steps, unless they were typed, follow from the data.</param>
/// <param name="Steps">The steps that were typed; null: the published passes over the data.</param>
internal sealed record OwnData(OwnDataOptions Options, Func<TrainingOptions, TrainingOptions> Run, int? Steps)
{
    private const int Batch = 8;

    private const int Longest = 512;

    /// <summary>
    /// Of a recipe that ends with lines of data its last stage; of one that ends with a policy's own answers that, and of those before it the ones whose files
    /// were given: the model of <c>--from</c> stands for pre-training, and for fine-tuning too where there are no conversations.
    /// </summary>
    /// <exception cref="CommandException">A file is missing, or there is one that no stage reads.</exception>
    internal static Recipe Of(Recipe recipe, OwnDataOptions options)
    {
        IEnumerable<Stage> stages = Answers(recipe) ? Chain(recipe, options) : [Last(recipe, options)];
        return recipe with { Stages = [.. stages.Select(stage => stage with { Adapter = options.Adapter, FourBits = options.Qlora, FromFirst = false })] };
    }

    internal StageRun Stage(CliContext context, Stage stage, StageBase before, Device device) => stage.Kind is StageKind.Select or StageKind.Optimise
        ? new PolicyStage(context, stage, this, before, device) : new FileStage(context, stage, this, before, device);

    /// <summary>The options of a run, published unless they were typed.</summary>
    internal TrainingOptions For(Stage stage, int rows, int? context)
    {
        Published published = stage.Published;
        double rate = stage.Adapter is null ? published.Rate ?? 2e-5 : Math.Max(published.Rate ?? 0, 2e-4);
        TrainingOptions run = Run(new TrainingOptions
        {
            Steps = Steps ?? int.MaxValue,
            Batch = Batch,
            Context = Math.Min(Math.Min(published.Length ?? Longest, Longest), context ?? Longest),
            Rate = rate,
            LastRate = rate / 10,
            Schedule = published.Schedule is "constant" or "linear" ? published.Schedule : "cosine",
            WarmUp = 0,
            Decay = published.Decay ?? 0,
            Beta2 = 0.999,
        });
        double passes = Options.Epochs > 0 ? Options.Epochs : published.Epochs ?? 1;
        int steps = Steps ?? Math.Max(1, (int)Math.Ceiling(rows * passes / ((double)run.Batch * run.Accumulate)));
        int warmUp = run.WarmUp > 0 ? run.WarmUp : (int)(steps * (published.WarmUp ?? 0));
        run = run with
        {
            Steps = steps,
            WarmUp = warmUp,
            EvaluateEvery = Math.Min(run.EvaluateEvery, Math.Max(1, steps / 5)),
        };
        run.Validate();
        return run;
    }

    private static bool Answers(Recipe recipe) => recipe.Stages[^1].Kind is StageKind.Select or StageKind.Optimise;

    private static Stage Last(Recipe recipe, OwnDataOptions options)
    {
        if (recipe.Stages[^1].Pictures is not null)
        {
            throw new CommandException($"--data with --recipe {recipe.Name}, which learns from pictures, expected --recipe "
                + string.Join(", ", Recipes.All.Where(known => known.Stages[^1].Pictures is null).Select(known => known.Name)), 2);
        }

        foreach ((string name, string value) in options.Files)
        {
            if (value.Length > 0 != (name == "data"))
            {
                throw new CommandException(value.Length > 0 ? $"--{name} with --recipe {recipe.Name}, which reads --data alone"
                    : $"--recipe {recipe.Name} without --data, expected the file that the model learns", 2);
            }
        }

        return recipe.Stages[^1];
    }

    private static IEnumerable<Stage> Chain(Recipe recipe, OwnDataOptions options)
    {
        string named = $"--recipe {recipe.Name}";
        Stage last = recipe.Stages[^1];
        bool judges = options.Reward.Length > 0, trainsJudge = options.Comparisons.Length > 0;
        string? wrong = options.Prompts.Length == 0 ? $"{named} without --prompts, expected the file of what the model answers as it learns"
            : judges && trainsJudge ? "--reward with --comparisons, expected one of them: a reward model, or what one is trained of"
            : !judges && !trainsJudge ? $"{named} without --reward and --comparisons, expected one of them: a reward model, or what one is trained of"
            : options.Qlora ? $"--qlora with {named}, whose stages go on from one another: numbers in four bits cannot take an adapter in, expected --lora"
            : options.Texts.Length > 0 && last.Kind != StageKind.Optimise ? $"--texts with {named}, which has no stage that mixes them in"
            : null;
        return wrong is null ? recipe.Stages.Where(stage => stage.Kind switch
        {
            StageKind.Pretrain => false,
            StageKind.Tune => options.Data.Length > 0,
            StageKind.Reward => trainsJudge,
            _ => true,
        }) : throw new CommandException(wrong, 2);
    }
}
