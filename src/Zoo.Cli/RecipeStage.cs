using System;
using System.Collections.Generic;
using System.Linq;
using System.Text.Json.Nodes;
using Dsl;
using Dsl.Runtime;
using Dsl.Text;
using Dsl.Text.Templates;
using Dsl.Training;
using Dsl.Training.Alignment;
using Dsl.Training.Alignment.Data;
using Dsl.Training.Alignment.Rules;
using TorchSharp;
using static TorchSharp.torch;

namespace Zoo.Cli;

/// <summary>One stage of a recipe on what a rule makes.</summary>
internal sealed class RecipeStage : StageRun
{
    private const int Width = 96, Inner = 256, Layers = 3;

    private readonly RuleData rule;
    private readonly TuningTokens tokens;
    private readonly StageBase before;

    /// <param name="context">Makes models.</param>
    /// <param name="stage">What is run.</param>
    /// <param name="rule">What is learned.</param>
    /// <param name="tokens">The vocabulary, with its template.</param>
    /// <param name="before">What it begins with.</param>
    /// <param name="device">Where it runs.</param>
    internal RecipeStage(CliContext context, Stage stage, RuleData rule, TuningTokens tokens, StageBase before, Device device)
        : base(context, stage, device)
    {
        (this.rule, this.tokens, this.before) = (rule, tokens, before);
        string from = string.Join(' ', new[] { Start, before.Reward }.Select(made => made?.Digest ?? "-"));
        Hash = HashOf(FormattableString.Invariant(
            $"{rule.Name} {Stage.Kind} {Stage.Lines} {Options.Seed} {from} {Stage.Domain} {Stage.Infill} {Stage.FourBits} {Spelled(Stage.Adapter)}")
            + (Stage.Demonstrations > 0 ? FormattableString.Invariant($" {Stage.Demonstrations}") : ""));
    }

    /// <inheritdoc/>
    internal override string Family => "llama";

    /// <summary>The rule, the seed, and the checkpoints that it begins with.</summary>
    internal override string Hash { get; }

    /// <inheritdoc/>
    internal override string? Base => Start is null ? null
        : Start.Folder ?? throw new CommandException("the stage before left an adapter over four bits, expected a whole model to go on with");

    private StageResult? Start => Stage.FromFirst ? before.First : before.Policy;

    /// <inheritdoc/>
    internal override string Config()
    {
        string trained = Stage.Kind switch { StageKind.Reward => "reward", StageKind.Optimise => "ppo", _ => TrainingDefaults.NextToken };
        SmallModel model = SmallModels.TrainedBy(trained).First(known => known.Family == Family);
        var keys = new List<(string Key, JsonNode? Value)>(SpecialIds.Of(tokens.Tokenizer));
        if (Stage.Kind == StageKind.Reward)
        {
            keys.Add(("num_labels", null));
            keys.Add(("id2label", new JsonObject { ["0"] = "reward" }));
        }

        return model.ConfigText(
            new SmallSize(tokens.Tokenizer.Vocabulary, 2 * Options.Context)
            {
                Width = Width,
                Inner = Inner,
                Layers = Layers,
                Pad = tokens.Tokenizer.Special.Pad,
            },
            [.. keys]);
    }

    /// <summary>The model with the newest policy's weights; a head that the policy has not is new, a value head zero.</summary>
    internal override IModel Model(string config) => Adapted(Begun(config, Base, out IReadOnlyList<string> fresh), fresh, []);

    /// <inheritdoc/>
    internal override ITrainingData Data() => Stage.Kind switch
    {
        StageKind.Pretrain => Rows(Texts()),
        StageKind.Tune => Rows(Demonstrations(Stage.Lines)),
        StageKind.Reward => Pairs(new RewardObjective(), (lines, tokens) => PreferenceRows.ForReward(lines, tokens, Options.Context)),
        StageKind.Prefer => Pairs(new PreferenceObjective(Stage.Rule, References.Frozen(Loaded(Base!))),
            (lines, tokens) => PreferenceRows.ForPolicy(lines, tokens, Options.Context)),
        StageKind.Select => Rows(Selected()),
        _ => Policies(),
    };

    /// <inheritdoc/>
    internal override IEnumerable<string> Describe(IModel model, TrainingOutcome outcome) => Stage.Kind switch
    {
        StageKind.Reward => [FormattableString.Invariant($"held-out pairs ranked right: {Part(outcome, "accuracy"):P1}")],
        StageKind.Pretrain => OfTexts(model, outcome),
        StageKind.Tune => OfAnswers(model, outcome),
        _ => OfPolicy(model, outcome),
    };

    private IEnumerable<string> OfTexts(IModel model, TrainingOutcome outcome)
    {
        yield return FormattableString.Invariant($"held-out texts: {outcome.HeldOutLoss:F4} nats a token");
        if (Stage.Infill is not null)
        {
            foreach (bool suffixFirst in new[] { false, true })
            {
                yield return FormattableString.Invariant(
                    $"held-out gaps filled exactly, {(suffixFirst ? "suffix" : "prefix")} first: {Filled(model, suffixFirst):P1} of {Stage.Measured}");
            }
        }
    }

    private IEnumerable<string> OfAnswers(IModel model, TrainingOutcome outcome)
    {
        int different = rule.Questions(Stage.Measured, 20, heldOut: true).Select(question => question.Prompt).Distinct().Count();
        yield return FormattableString.Invariant(
            $"held-out instructions answered exactly: {ExactMatch(model):P1} of {Stage.Measured} ({different} of them different)");
        if (Base is { } start && outcome.HeldOutLoss is { } loss)
        {
            double begun = HeldOutLoss(Begun(Config(), start, out _), Data());
            yield return FormattableString.Invariant($"held-out answers: {loss:F4} nats a token, {begun:F4} before: {begun - loss:F4} gained");
            if (before.Compared?.HeldOutLoss is { } other)
            {
                yield return FormattableString.Invariant($"that is {(begun - loss) / (begun - other):P1} of what the stage before gained");
            }
        }

        foreach (string sample in Samples(tokens, model, Base, Prompts(rule.Questions(2, 20, heldOut: true).Select(each => each.Prompt)), Stage.MostTokens))
        {
            yield return sample;
        }
    }

    private IEnumerable<string> OfPolicy(IModel model, TrainingOutcome outcome)
    {
        if (Stage.Kind == StageKind.Prefer)
        {
            yield return FormattableString.Invariant($"held-out preferences right: {Part(outcome, "accuracy"):P1}");
        }

        yield return FormattableString.Invariant($"held-out instructions answered exactly: {ExactMatch(model):P1} of {Stage.Measured}");
        Gain gain = Measure(model);
        yield return FormattableString.Invariant(
            $"held-out requests: {gain.Worth:F2} of {RuleChat.Asked} words are of the asked kind, {gain.WorthBefore:F2} before");
        yield return FormattableString.Invariant($"divergence from the first policy: {gain.Kl:F2} nats a response");
        if (before.Reward is not null)
        {
            yield return FormattableString.Invariant(
                $"held-out reward: {gain.Deviations:+0.00;-0.00} deviations ({gain.Reward:F2}, {gain.RewardBefore:F2} before)");
        }

        if (Stage.Kind == StageKind.Optimise && Stage.Policy.PretrainingWeight > 0 && Stage.Demonstrations == 0)
        {
            TuningData<TuningRow> texts = Rows(Texts());
            double now = HeldOutLoss(model, texts), was = HeldOutLoss(Loaded(Base!), texts), first = HeldOutLoss(Loaded(before.First!.Folder!), texts);
            yield return FormattableString.Invariant($"held-out texts of pre-training: {now:F4} nats a token, {first:F4} after pre-training ")
                + FormattableString.Invariant($"({now / first - 1:+0.0 %;-0.0 %}), {was:F4} before");
        }

        foreach (string sample in Samples(tokens, model, before.Tuned!.Folder, Prompts(RuleChat.Requests(2, 20, heldOut: true)), Stage.MostTokens))
        {
            yield return sample;
        }
    }

    private double Filled(IModel model, bool suffixFirst)
    {
        IReadOnlyList<RuleQuestion> gaps = rule.Questions(Stage.Measured, 20, heldOut: true);
        int[][] prompts = [.. gaps.Select(gap => Infilling.Split(gap.Prompt)).Select(
            parts => Infilling.Prompt(parts.Prefix, parts.Suffix, tokens.Tokenizer, suffixFirst))];
        IReadOnlyList<Rollout> written = Rollouts.Sample(
            model, prompts, Stage.MostTokens, InfillTokens.Of(tokens.Tokenizer).End, temperature: 0);
        return gaps.Zip(written).Average(pair => pair.Second.Ended && tokens.Tokenizer.Decode(pair.Second.Response) == pair.First.Answer ? 1.0 : 0);
    }

    /// <summary>The share of held-out instructions whose greedy answer is the right one, to the character.</summary>
    internal double ExactMatch(IModel model)
    {
        IReadOnlyList<RuleQuestion> questions = rule.Questions(Stage.Measured, 20, heldOut: true);
        IReadOnlyList<Rollout> written = Rollouts.Sample(
            model, Prompts(questions.Select(question => question.Prompt)), Stage.MostTokens, tokens.End, temperature: 0);
        return questions.Zip(written).Average(pair => pair.Second.Ended && rule.IsRight(pair.First, Text(pair.Second)) ? 1.0 : 0);
    }

    /// <summary>What a policy's answers to held-out requests are worth beside those of the first policy, fine-tuned alone.</summary>
    internal Gain Measure(IModel model)
    {
        IReadOnlyList<string> requests = RuleChat.Requests(Stage.Measured, 20, heldOut: true);
        int[][] prompts = Prompts(requests);
        IModel start = Loaded(before.Tuned!.Folder!);
        double Worth(IModel policy)
        {
            using Tensor generator = get_rng_state();
            manual_seed(20);
            IReadOnlyList<Rollout> written = Rollouts.Sample(policy, prompts, Stage.MostTokens, tokens.End);
            set_rng_state(generator);
            return requests.Zip(written, (request, rollout) => (double)RuleChat.Worth(request, Text(rollout))).Average();
        }

        Judge judge = before.Reward is null ? batch => zeros(batch.Ids.shape[0], dtype: ScalarType.Float32) : Judge();
        using var measured = new PolicyData(
            new("", prompts, prompts), tokens, References.Frozen(start), judge, Stage.Policy with { MostTokens = Stage.MostTokens }, Options)
        { Hash = "" };
        PolicyFigures was = measured.Measure(start, prompts), now = measured.Measure(model, prompts);
        return new Gain(now.Scores.Average(), was.Scores.Average(), Deviation(was.Scores), now.Kl, Worth(model), Worth(start));
    }

    private static double Deviation(double[] values)
    {
        double mean = values.Average();
        return Math.Sqrt(values.Average(value => (value - mean) * (value - mean)));
    }

    private string Text(Rollout rollout) => tokens.Tokenizer.Decode(rollout.Response).Trim();

    private int[][] Prompts(IEnumerable<string> questions) => [.. questions.Select(question => tokens.Prompt(new Passage([new ChatTurn("user", question)])))];

    private TuningSplit<TuningRow> Demonstrations(int lines) => Lines("conversations", rule.Demonstrations, Counting, lines);

    /// <summary>The best of the policy's answers, with demonstrations among them.</summary>
    private TuningSplit<TuningRow> Selected()
    {
        var best = TuningSplit<TuningRow>.Of("the best of the policy's answers", RejectionSampling.Best(
            Loaded(Base!), Judge(), Prompts(RuleChat.Requests(Stage.Lines, Options.Seed + before.Policy!.Step, heldOut: false)), tokens,
            Stage.Selection with { MostTokens = Stage.MostTokens }, Options.Seed));
        return Stage.Demonstrations == 0 ? best : best with { Training = [.. best.Training, .. Demonstrations(Stage.Demonstrations).Training] };
    }

    private TuningSplit<TuningRow> Texts() => Lines(
        "texts", (count, seed, heldOut) => rule.Texts(count, seed, heldOut, Stage.Domain), new TuningOptions { MaxLength = Options.Context }, Stage.Lines);

    private TuningSplit<TuningRow> Lines(string what, Func<int, long, bool, string> make, TuningOptions counting, int count)
    {
        IReadOnlyList<TuningRow> Made(int count, bool heldOut)
        {
            IReadOnlyList<TuningLine> lines = TuningFile.Parse(make(count, Options.Seed, heldOut), what);
            return Stage.Infill is { } gaps ? InfillRows.Prepare(lines, tokens, gaps, Options.Context, Options.Seed).Rows
                : TuningRows.Prepare(lines, tokens, counting).Rows;
        }

        return new(rule.Name, Made(count, heldOut: false), Made(Math.Max(64, count / 10), heldOut: true));
    }

    private TuningData<TuningRow> Rows(TuningSplit<TuningRow> rows) =>
        new(rows, (part, where) => TuningInputs.Of(part, tokens.Pad, where), new AnswerObjective(), tokens, Options) { Hash = Hash };

    private TuningData<PreferenceRow> Pairs(ITuningObjective objective, Func<IReadOnlyList<TuningLine>, TuningTokens, PreferenceSet> prepare)
    {
        IReadOnlyList<PreferenceRow> Made(int count, bool heldOut) =>
            prepare(TuningFile.Parse(RuleChat.Pairs(count, Options.Seed, heldOut), "pairs"), tokens).Rows;

        return new(new("pairs made by rule", Made(Stage.Lines, heldOut: false), Made(Stage.Measured, heldOut: true)),
            (part, where) => TuningInputs.Of(PreferenceBatch.Of(part, tokens.Pad), where), objective, tokens, Options)
        { Hash = Hash };
    }

    private PolicyData Policies() => Own(new PolicyData(
        new("requests made by rule", Prompts(RuleChat.Requests(Stage.Lines, Options.Seed, heldOut: false)),
            Prompts(RuleChat.Requests(Stage.Measured, 20, heldOut: true))),
        tokens, References.Frozen(Loaded(Base!)), Judge(), Stage.Policy with { MostTokens = Stage.MostTokens }, Options,
        Stage.Policy.PretrainingWeight > 0 ? Rows(Stage.Demonstrations > 0 ? Demonstrations(Stage.Demonstrations) : Texts()) : null)
    {
        Hash = Hash,
    });

    /// <summary>The reward model, normalised on answers to requests that the first policy learned from.</summary>
    private Judge Judge()
    {
        IModel model = Loaded(before.Reward!.Folder!);
        string answers = RuleChat.Answers(Stage.Measured, Options.Seed, heldOut: false);
        return Judges.Normalised(model, TuningRows.Prepare(TuningFile.Parse(answers, "answers"), tokens, Counting).Rows, tokens.Pad);
    }

    private TuningOptions Counting => new() { AssistantOnly = true, MaxLength = Options.Context };
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
