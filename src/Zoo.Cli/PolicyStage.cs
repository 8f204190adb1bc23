using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Runtime;
using Dsl.Text;
using Dsl.Training;
using Dsl.Training.Alignment;
using Dsl.Training.Alignment.Data;
using static TorchSharp.torch;

namespace Zoo.Cli;

/// <summary>A stage in which a model learns from its own answers to a file's prompts: the best of several, or all of them by their rewards.</summary>
internal sealed class PolicyStage : OwnStage
{
    private readonly TuningSplit<int[]> prompts;
    private readonly TuningSplit<TuningRow>? demonstrations;
    private readonly TuningSplit<TuningRow>? texts;
    private Judge? judge;

    /// <param name="context">Makes models.</param>
    /// <param name="stage">What is run, with the published numbers.</param>
    /// <param name="source">Model and data.</param>
    /// <param name="before">What earlier stages made.</param>
    /// <param name="device">Where it runs.</param>
    /// <exception cref="CommandException">The data, the model or what of it is trained cannot be; the message is one sentence.</exception>
    internal PolicyStage(CliContext context, Stage stage, OwnData source, StageBase before, Device device)
        : base(context, stage, source, before, device)
    {
        Stage = stage = stage with
        {
            Run = source.For(stage, 1, Limit),
            MostTokens = Asked.Response,
            Selection = stage.Selection with { Samples = Asked.BestOf, MostTokens = Asked.Response },
            Policy = stage.Policy with
            {
                Rule = stage.Policy.Rule with { KlCoefficient = Asked.Kl },
                Adaptive = Asked.KlTarget > 0 ? new AdaptiveKl(Asked.KlTarget) : null,
                Rollouts = Asked.Rollouts,
                Epochs = new PolicyOptions().Epochs,
                MostTokens = Asked.Response,
            },
        };
        IReadOnlyList<int[]> read = Read();
        prompts = TuningSplit<int[]>.Of(Asked.Prompts, read);
        demonstrations = Asked.Data.Length > 0 && stage.Demonstrations > 0 ? Split(Asked.Data) : null;
        texts = stage.Kind != StageKind.Optimise ? null
            : Asked.Texts.Length > 0 ? Split(Asked.Texts) : demonstrations;
        int rows = prompts.Training.Count * (stage.Kind == StageKind.Optimise ? stage.Policy.Epochs : 1);
        Stage = stage with
        {
            Run = source.For(stage, rows, Limit),
            Policy = stage.Policy with { PretrainingWeight = texts is null ? 0 : Math.Max(stage.Policy.PretrainingWeight, 1) },
        };
        string reward = Asked.Reward.Length > 0 ? RunReader.Checkpoint(context, Asked.Reward) : "";
        Hash = HashOfAll(
            FormattableString.Invariant($"{Asked.Kl:R} {Asked.KlTarget:R} {Asked.Rollouts} {Asked.Response} {Asked.BestOf} {reward}"),
            [.. new[] { Asked.Prompts, texts is null ? "" : Asked.Texts, demonstrations is null ? "" : Asked.Data }.Where(file => file.Length > 0)]);
    }

    internal override string Hash { get; }

    internal override ITrainingData Data()
    {
        if (Stage.Kind == StageKind.Optimise)
        {
            return Own(new PolicyData(prompts, Tokens, Reference(), Judge(), Stage.Policy, Options, texts is null ? null : Learned(texts)) { Hash = Hash });
        }

        var best = TuningSplit<TuningRow>.Of("the best of the policy's answers",
            RejectionSampling.Best(Loaded(Folder), Judge(), prompts.Training, Tokens, Stage.Selection, Options.Seed));
        return Learned(demonstrations is null ? best : best with { Training = [.. best.Training, .. demonstrations.Training] });
    }

    internal override IEnumerable<string> Describe(IModel model, TrainingOutcome outcome)
    {
        IModel start = Loaded(Folder);
        using var measured = new PolicyData(prompts, Tokens, References.Frozen(start), Judge(), Stage.Policy, Options) { Hash = "" };
        PolicyFigures was = measured.Measure(start, prompts.HeldOut), now = measured.Measure(model, prompts.HeldOut);
        yield return FormattableString.Invariant(
            $"held-out reward {now.Scores.Average():F2}, {was.Scores.Average():F2} before, at {now.Kl:F2} nats a response from the model before");
        foreach (string sample in Samples(Tokens, model, Folder, prompts.HeldOut, Stage.MostTokens))
        {
            yield return sample;
        }
    }

    private TuningSplit<TuningRow> Split(string path) => TuningSplit<TuningRow>.Of(path, Texts(path, TuningFile.Read(path)));

    /// <summary>Ids of prompts that leave room for an answer; what is left out is noted.</summary>
    private IReadOnlyList<int[]> Read()
    {
        int most = Options.Context - Asked.Response;
        if (most < 1)
        {
            throw new CommandException(FormattableString.Invariant(
                $"--response {Asked.Response} leaves no room for a prompt among the {Options.Context} tokens of the context, expected less"), 2);
        }

        var kept = new List<int[]>();
        var left = new List<string>();
        foreach ((string place, Passage prompt) in TuningFile.ReadPrompts(Asked.Prompts))
        {
            int[] ids = Named(place, () => Tokens.Prompt(prompt));
            if (ids.Length is > 0 && ids.Length <= most)
            {
                kept.Add(ids);
            }
            else
            {
                left.Add(FormattableString.Invariant($"{place}: {ids.Length} tokens, expected 1 to {most}, which leaves room for an answer: left out"));
            }
        }

        Note(left);
        return kept.Count > 0 ? kept : throw new TextException(FormattableString.Invariant(
            $"{Asked.Prompts}: no prompt leaves room for an answer of {Asked.Response} tokens among the {Options.Context} of the context"));
    }

    /// <summary>The reward model that was trained before, or is there; normalised on demonstrations, where there are some.</summary>
    private Judge Judge()
    {
        if (judge is not null)
        {
            return judge;
        }

        string folder = Before.Reward is { } trained ? trained.Folder! : RunReader.Checkpoint(Context, Asked.Reward);
        int vocabulary = TextCodecs.OpenTokenizer(folder).Vocabulary;
        if (vocabulary != Tokens.Tokenizer.Vocabulary)
        {
            throw new CommandException(FormattableString.Invariant(
                $"{folder}: a vocabulary of {vocabulary} tokens, expected the {Tokens.Tokenizer.Vocabulary} of the model that it judges"));
        }

        IModel model = Loaded(folder);
        using (no_grad())
        using (TuningInputs one = TuningInputs.Of([new TuningRow(-1, prompts.Training[0], prompts.Training[0], [])], Tokens.Pad, Device))
        using (Tensor score = model.Outputs.Contains("logits") ? RewardObjective.Scores(model, one) : empty(0))
        {
            if (score.dim() != 1 || score.shape[0] != 1)
            {
                throw new CommandException($"{folder}: is no reward model, expected one that gives a text one score");
            }
        }

        return judge = demonstrations is null ? Judges.Of(model) : Judges.Normalised(model, demonstrations.HeldOut, Tokens.Pad);
    }
}
