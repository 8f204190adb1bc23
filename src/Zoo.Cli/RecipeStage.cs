using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Dsl;
using Dsl.Runtime;
using Dsl.Text.Templates;
using Dsl.Training;
using Dsl.Training.Alignment;
using Dsl.Training.Alignment.Data;
using TorchSharp;
using static TorchSharp.torch;

namespace Zoo.Cli;

/// <summary>What a stage of a recipe begins with: the folders of those before it.</summary>
/// <param name="Tuned">The first policy's checkpoint, which results are measured against; null before it.</param>
/// <param name="Policy">The newest policy's; null before the first.</param>
/// <param name="Reward">The reward model's; null where none was trained.</param>
internal sealed record StageBase(TrainingCheckpoint? Tuned, TrainingCheckpoint? Policy, TrainingCheckpoint? Reward)
{
    /// <summary>All of them, by the stage's folder.</summary>
    internal IReadOnlyList<(string Stage, TrainingCheckpoint Made)> Earlier { get; init; } = [];
}

/// <summary>One stage of a recipe as it is run.</summary>
internal interface IRecipeStage : IDisposable
{
    /// <summary>What its checkpoints call the model's family.</summary>
    string Family { get; }

    /// <summary>What tells the stage's data from others'.</summary>
    string Hash { get; }

    /// <summary>The text of config.json.</summary>
    string Config();

    /// <summary>The model that it begins with; it stays the stage's.</summary>
    IModel Model(string config);

    /// <summary>What is learned.</summary>
    ITrainingData Data();

    /// <summary>What came out, a line each.</summary>
    IEnumerable<string> Describe(IModel model, TrainingOutcome outcome);
}

/// <summary>One stage of a recipe as it is run: its model, its data, and what it came to.</summary>
internal sealed class RecipeStage : IRecipeStage
{
    private const string Llama = "llama";
    private const int MostTokens = 8;
    private const int Width = 96, Inner = 256, Layers = 3;

    private readonly CliContext context;
    private readonly Stage stage;
    private readonly TrainingOptions options;
    private readonly TuningTokens tokens;
    private readonly List<IDisposable> owned = [];
    private readonly Device device;
    private readonly StageBase before;

    /// <param name="context">Makes models.</param>
    /// <param name="stage">What is run.</param>
    /// <param name="tokens">The vocabulary of all stages, with its template.</param>
    /// <param name="before">What it begins with.</param>
    /// <param name="device">Where it runs.</param>
    internal RecipeStage(CliContext context, Stage stage, TuningTokens tokens, StageBase before, Device device)
    {
        (this.context, this.stage, this.options, this.tokens, this.before, this.device) = (context, stage, stage.Run, tokens, before, device);
        string from = string.Join(' ', new[] { before.Policy, before.Reward }.Select(checkpoint => checkpoint?.State.Digest ?? "-"));
        string what = FormattableString.Invariant($"{stage.Kind} {stage.Lines} {options.Seed} {from}");
        Hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(what)));
    }

    /// <summary>What tells the stage's data from others': the rule, the seed, and the checkpoints that it begins with.</summary>
    public string Hash { get; }

    /// <inheritdoc/>
    public string Family => Llama;

    /// <summary>The text of config.json.</summary>
    public string Config()
    {
        string trained = stage.Kind switch { StageKind.Reward => "reward", StageKind.Optimise => "ppo", _ => TrainingDefaults.NextToken };
        SmallModel model = SmallModels.TrainedBy(trained).First(known => known.Family == Llama);
        var keys = new List<(string Key, JsonNode? Value)>(SpecialIds.Of(tokens.Tokenizer));
        if (stage.Kind == StageKind.Reward)
        {
            keys.Add(("num_labels", null));
            keys.Add(("id2label", new JsonObject { ["0"] = "reward" }));
        }

        return model.ConfigText(
            new SmallSize(tokens.Tokenizer.Vocabulary, 2 * options.Context)
            {
                Width = Width,
                Inner = Inner,
                Layers = Layers,
                Pad = tokens.Tokenizer.Special.Pad,
            },
            [.. keys]);
    }

    /// <summary>The model with the newest policy's weights; a head that the policy has not is new, a value head zero.</summary>
    public IModel Model(string config)
    {
        manual_seed(options.Seed);
        IModel model = Own(context.Zoo.Create(config, "config.json", ScalarType.Float32, device));
        if (before.Policy is { } policy)
        {
            using IDisposable off = no_grad();
            using SafeTensorsFile file = SafeTensorsFile.Open(Path.Combine(policy.Folder, "model.safetensors"));
            var known = file.Tensors.Select(entry => entry.Name).ToHashSet(StringComparer.Ordinal);
            foreach (Weight weight in model.Weights.All)
            {
                if (known.Contains(weight.Key))
                {
                    file.Read(weight.Key, weight.Value);
                }
                else if (stage.Kind == StageKind.Optimise)
                {
                    weight.Value.zero_();
                }
            }

            model.Weights.Changed();
        }

        return model;
    }

    /// <summary>What is learned.</summary>
    public ITrainingData Data() => stage.Kind switch
    {
        StageKind.Tune => Rows(Conversations(RuleChat.Demonstrations)),
        StageKind.Reward => Pairs(new RewardObjective(), (lines, tokens) => PreferenceRows.ForReward(lines, tokens, options.Context)),
        StageKind.Prefer => Pairs(new PreferenceObjective(stage.Rule, References.Frozen(Policy())),
            (lines, tokens) => PreferenceRows.ForPolicy(lines, tokens, options.Context)),
        StageKind.Select => Rows(TuningSplit<TuningRow>.Of("the best of the policy's answers", RejectionSampling.Best(
            Policy(), Judge(), Prompts(RuleChat.Requests(stage.Lines, options.Seed + before.Policy!.State.Step, heldOut: false)), tokens,
            stage.Selection with { MostTokens = MostTokens }, options.Seed))),
        _ => Policies(),
    };

    /// <summary>What came out, a line each.</summary>
    public IEnumerable<string> Describe(IModel model, TrainingOutcome outcome)
    {
        if (stage.Kind == StageKind.Reward)
        {
            yield return FormattableString.Invariant($"held-out pairs ranked right: {Part(outcome, "accuracy"):P1}");
            yield break;
        }

        if (stage.Kind == StageKind.Prefer)
        {
            yield return FormattableString.Invariant($"held-out preferences right: {Part(outcome, "accuracy"):P1}");
        }

        yield return FormattableString.Invariant($"held-out instructions answered exactly: {ExactMatch(model):P1} of {stage.Measured}");
        if (before.Policy is not null)
        {
            Gain gain = Measure(model);
            yield return FormattableString.Invariant(
                $"held-out requests: {gain.Worth:F2} of {RuleChat.Asked} words are of the asked kind, {gain.WorthBefore:F2} before");
            yield return FormattableString.Invariant($"divergence from the first policy: {gain.Kl:F2} nats a response");
            if (before.Reward is not null)
            {
                yield return FormattableString.Invariant(
                    $"held-out reward: {gain.Deviations:+0.00;-0.00} deviations ({gain.Reward:F2}, {gain.RewardBefore:F2} before)");
            }
        }
    }

    /// <summary>The share of held-out instructions whose greedy answer is the right one, to the character.</summary>
    internal double ExactMatch(IModel model)
    {
        IReadOnlyList<(string Prompt, string Answer)> questions = RuleChat.Questions(stage.Measured, 20, heldOut: true);
        IReadOnlyList<Rollout> written = Rollouts.Sample(model, Prompts(questions.Select(question => question.Prompt)), MostTokens, tokens.End, temperature: 0);
        return questions.Zip(written).Average(pair => pair.Second.Ended && Text(pair.Second) == pair.First.Answer ? 1.0 : 0);
    }

    /// <summary>What a policy's answers to held-out requests are worth beside those of the first policy, fine-tuned alone.</summary>
    internal Gain Measure(IModel model)
    {
        IReadOnlyList<string> requests = RuleChat.Requests(stage.Measured, 20, heldOut: true);
        int[][] prompts = Prompts(requests);
        IModel start = Loaded(before.Tuned!);
        double Worth(IModel policy)
        {
            using Tensor generator = get_rng_state();
            manual_seed(20);
            IReadOnlyList<Rollout> written = Rollouts.Sample(policy, prompts, MostTokens, tokens.End);
            set_rng_state(generator);
            return requests.Zip(written, (request, rollout) => (double)RuleChat.Worth(request, Text(rollout))).Average();
        }

        Judge judge = before.Reward is null ? batch => zeros(batch.Ids.shape[0], dtype: ScalarType.Float32) : Judge();
        using var measured = new PolicyData(
            new("", prompts, prompts), tokens, References.Frozen(start), judge, stage.Policy with { MostTokens = MostTokens }, options)
        { Hash = "" };
        PolicyFigures was = measured.Measure(start, prompts), now = measured.Measure(model, prompts);
        return new Gain(now.Scores.Average(), was.Scores.Average(), Deviation(was.Scores), now.Kl, Worth(model), Worth(start));
    }

    /// <inheritdoc/>
    public void Dispose() => owned.ForEach(one => one.Dispose());

    private static double Part(TrainingOutcome outcome, string name) => outcome.HeldOutParts.Single(part => part.Name == name).Value;

    private static double Deviation(double[] values)
    {
        double mean = values.Average();
        return Math.Sqrt(values.Average(value => (value - mean) * (value - mean)));
    }

    private string Text(Rollout rollout) => tokens.Tokenizer.Decode(rollout.Response).Trim();

    private int[][] Prompts(IEnumerable<string> questions) => [.. questions.Select(question => tokens.Prompt(new Passage([new ChatTurn("user", question)])))];

    private TuningSplit<TuningRow> Conversations(Func<int, long, bool, string> make)
    {
        IReadOnlyList<TuningRow> Made(int count, bool heldOut) =>
            TuningRows.Prepare(TuningFile.Parse(make(count, options.Seed, heldOut), "conversations"), tokens, Counting).Rows;

        return new("conversations made by rule", Made(stage.Lines, heldOut: false), Made(Math.Max(64, stage.Lines / 10), heldOut: true));
    }

    private TuningData<TuningRow> Rows(TuningSplit<TuningRow> rows) =>
        new(rows, (part, where) => TuningInputs.Of(part, tokens.Pad, where), new AnswerObjective(), tokens, options) { Hash = Hash };

    private TuningData<PreferenceRow> Pairs(ITuningObjective objective, Func<IReadOnlyList<TuningLine>, TuningTokens, PreferenceSet> prepare)
    {
        IReadOnlyList<PreferenceRow> Made(int count, bool heldOut) =>
            prepare(TuningFile.Parse(RuleChat.Pairs(count, options.Seed, heldOut), "pairs"), tokens).Rows;

        return new(new("pairs made by rule", Made(stage.Lines, heldOut: false), Made(stage.Measured, heldOut: true)),
            (part, where) => TuningInputs.Of(PreferenceBatch.Of(part, tokens.Pad), where), objective, tokens, options)
        { Hash = Hash };
    }

    private PolicyData Policies() => Own(new PolicyData(
        new("requests made by rule", Prompts(RuleChat.Requests(stage.Lines, options.Seed, heldOut: false)),
            Prompts(RuleChat.Requests(stage.Measured, 20, heldOut: true))),
        tokens, References.Frozen(Policy()), Judge(), stage.Policy with { MostTokens = MostTokens }, options,
        stage.Policy.PretrainingWeight > 0 ? Rows(Conversations(RuleChat.RightAnswers)) : null)
    {
        Hash = Hash,
    });

    /// <summary>The policy that the stage begins with, as it was.</summary>
    private IModel Policy() => Loaded(before.Policy!);

    private IModel Loaded(TrainingCheckpoint checkpoint) => Own(context.Zoo.Load(checkpoint.Folder, ScalarType.Float32, device, new LoadOptions()));

    /// <summary>The reward model, normalised on answers to requests that the first policy learned from.</summary>
    private Judge Judge()
    {
        IModel model = Loaded(before.Reward!);
        string answers = RuleChat.Answers(stage.Measured, options.Seed, heldOut: false);
        return Judges.Normalised(model, TuningRows.Prepare(TuningFile.Parse(answers, "answers"), tokens, Counting).Rows, tokens.Pad);
    }

    private TuningOptions Counting => new() { AssistantOnly = true, MaxLength = options.Context };

    private T Own<T>(T made)
        where T : IDisposable
    {
        owned.Add(made);
        return made;
    }
}

/// <summary>What a stage changed.</summary>
/// <param name="Reward">The mean reward of answers to held-out requests.</param>
/// <param name="RewardBefore">The same of the policy before.</param>
/// <param name="Deviation">The deviation of rewards before.</param>
/// <param name="Kl">Nats of divergence a response.</param>
/// <param name="Worth">Words of the asked kind, by the rule itself.</param>
/// <param name="WorthBefore">The same before.</param>
internal sealed record Gain(double Reward, double RewardBefore, double Deviation, double Kl, double Worth, double WorthBefore)
{
    /// <summary>By how many deviations the reward rose.</summary>
    internal double Deviations => (Reward - RewardBefore) / Deviation;
}
