using System;
using System.Collections.Generic;
using System.Linq;
using Dsl;
using Dsl.Runtime;
using Dsl.Text.Templates;
using Dsl.Training;
using Dsl.Training.Alignment;
using Dsl.Training.Alignment.Data;
using Dsl.Training.Alignment.Rules;
using Dsl.Training.Objectives;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Zoo.Cli.Tests;

/// <summary>That each method learns what it is for, on a task of ten words and in seconds: the recipes themselves run for minutes.</summary>
public sealed class LearningTests : IDisposable
{
    private static readonly Ten Rule = new();
    private static readonly TuningTokens Tokens = Rule.Tokens();
    private static readonly Lazy<IModel> Tuned = new(Tune);
    private readonly List<IDisposable> made = [];

    public void Dispose() => made.ForEach(one => one.Dispose());

    [Fact]
    public void FineTuningAnswersHeldOutInstructions() => Assert.True(ExactMatch(Tuned.Value) >= 0.95, $"{ExactMatch(Tuned.Value):P1}");

    [Fact]
    public void ARewardModelRanksHeldOutPairs()
    {
        IModel model = Copied("reward", ("num_labels", null), ("id2label", new System.Text.Json.Nodes.JsonObject { ["0"] = "reward" }));
        Assert.True(Accuracy(model, new RewardObjective(), lines => PreferenceRows.ForReward(lines, Tokens)) >= 0.95);
    }

    [Fact]
    public void DirectPreferenceOptimisationPrefersAsItIsTold() => Assert.True(Accuracy(
        Copied("clm"), new PreferenceObjective(new PreferenceRule(Beta: 0.3), References.Frozen(Tuned.Value)),
        lines => PreferenceRows.ForPolicy(lines, Tokens)) >= 0.9);

    [Fact]
    public void RejectionSamplingRaisesTheReward()
    {
        IModel policy = Copied("clm");
        PolicyFigures was = Measured(policy);
        for (int round = 0; round < 2; round++)
        {
            IReadOnlyList<TuningRow> best = RejectionSampling.Best(policy, Judge, Requests(300, heldOut: false), Tokens, new(MostTokens: 5), seed: 3 + round);
            Train(policy, Rows(best, best, Options(40, 2e-3)), Options(40, 2e-3));
        }

        Better(was, Measured(policy), atMost: 6);
    }

    [Fact]
    public void ProximalPolicyOptimisationRaisesTheReward()
    {
        IModel policy = Copied("ppo");
        PolicyFigures was = Measured(policy);
        TrainingOptions options = Options(64, 1e-3) with { Beta2 = 0.95 };
        Train(policy, Own(Policies(options)), options);
        Better(was, Measured(policy), atMost: 8);
    }

    [Fact]
    public void AnAdapterGainsNearlyWhatFullTuningDoes()
    {
        IModel start = Made("clm");
        TuningRow[] texts = [.. Prepared(Rule.Texts(600, 1, heldOut: false, domain: false), new TuningOptions())];
        Train(start, Rows(texts, texts, Options(120, 5e-3)), Options(120, 5e-3));
        double Tuned(bool adapter)
        {
            IModel model = Made("clm");
            GrownRows.Copy(start, model);
            if (adapter)
            {
                Adapters.Add(model, new AdapterOptions { Targets = [AdapterOptions.AllLinear], Rank = 4, Alpha = 8 });
            }

            TrainingOptions options = Options(120, adapter ? 1.5e-2 : 4e-3);
            return Train(model, Demonstrations(options), options);
        }

        TrainingOptions measured = Options(1, 1e-3);
        using var before = new Trainer(start, Demonstrations(measured), measured);
        double loss = before.HeldOutLoss(), whole = Tuned(adapter: false), adapted = Tuned(adapter: true);
        Assert.True(loss - adapted >= 0.95 * (loss - whole), $"{loss} before, {whole} tuned whole, {adapted} by an adapter");
    }

    private static void Better(PolicyFigures was, PolicyFigures now, double atMost)
    {
        double mean = was.Scores.Average(), deviation = Math.Sqrt(was.Scores.Average(score => (score - mean) * (score - mean)));
        double gained = (now.Scores.Average() - mean) / deviation;
        Assert.True(gained >= 1.5 && now.Kl < atMost, $"{gained} deviations at {now.Kl} nats");
    }

    private static TrainingOptions Options(int steps, double rate) => new()
    {
        Steps = steps,
        Batch = 64,
        Context = 16,
        Rate = rate,
        LastRate = rate / 10,
        WarmUp = steps / 10,
        Decay = 0,
        Beta2 = 0.98,
        EvaluationBatches = 4,
        Seed = 1,
    };

    private static IModel Tune()
    {
        IModel model = Made("clm");
        Train(model, Demonstrations(Options(250, 5e-3)), Options(250, 5e-3));
        return model;
    }

    private static IModel Made(string trainedBy, params (string Key, System.Text.Json.Nodes.JsonNode? Value)[] keys)
    {
        string config = SmallModels.TrainedBy(trainedBy).First(known => known.Family == "llama").ConfigText(
            new SmallSize(Tokens.Tokenizer.Vocabulary, 32) { Width = 48, Inner = 96, Layers = 2, Pad = Tokens.Pad },
            [.. SpecialIds.Of(Tokens.Tokenizer), .. keys]);
        manual_seed(4);
        return new DeclaredZoo().Create(config, "config.json", ScalarType.Float32, CPU);
    }

    private static double Train(IModel model, ITrainingData data, TrainingOptions options)
    {
        using var trainer = new Trainer(model, data, options);
        while (trainer.Step < options.Steps)
        {
            trainer.Next();
        }

        return trainer.HeldOutLoss();
    }

    private static IReadOnlyList<TuningRow> Prepared(string lines, TuningOptions options) =>
        TuningRows.Prepare(TuningFile.Parse(lines, "lines"), Tokens, options).Rows;

    private static TuningData<TuningRow> Demonstrations(TrainingOptions options)
    {
        var counting = new TuningOptions { AssistantOnly = true };
        return Rows(Prepared(Rule.Demonstrations(1500, 1, heldOut: false), counting), Prepared(Rule.Demonstrations(200, 1, heldOut: true), counting), options);
    }

    private static TuningData<TuningRow> Rows(IReadOnlyList<TuningRow> rows, IReadOnlyList<TuningRow> heldOut, TrainingOptions options) => new(
        new("rows", rows, heldOut), (part, device) => TuningInputs.Of(part, Tokens.Pad, device), new AnswerObjective(), Tokens, options)
    { Hash = "" };

    private static int[][] Prompts(IEnumerable<string> questions) =>
        [.. questions.Select(question => Tokens.Prompt(new Passage([new ChatTurn("user", question)])))];

    private static int[][] Requests(int count, bool heldOut) => Prompts(Rule.Requests(count, 2, heldOut));

    private static double ExactMatch(IModel model)
    {
        IReadOnlyList<RuleQuestion> questions = Rule.Questions(100, 2, heldOut: true);
        return questions.Zip(Rollouts.Sample(model, Prompts(questions.Select(question => question.Prompt)), 5, Tokens.End, temperature: 0)).Average(pair =>
            Tokens.Tokenizer.Decode(pair.Second.Response).Trim() == pair.First.Answer ? 1.0 : 0);
    }

    private static double Accuracy(IModel model, ITuningObjective objective, Func<IReadOnlyList<TuningLine>, PreferenceSet> prepare)
    {
        TrainingOptions options = Options(60, 2e-3);
        IReadOnlyList<PreferenceRow> Pairs(bool heldOut) => prepare(TuningFile.Parse(Rule.Pairs(heldOut ? 200 : 1000, 1, heldOut), "pairs")).Rows;
        var data = new TuningData<PreferenceRow>(new("pairs", Pairs(false), Pairs(true)),
            (part, device) => TuningInputs.Of(PreferenceBatch.Of(part, Tokens.Pad), device), objective, Tokens, options)
        { Hash = "" };
        using var trainer = new Trainer(model, data, options);
        while (trainer.Step < options.Steps)
        {
            trainer.Next();
        }

        return trainer.HeldOut().Parts.Single(part => part.Name == "accuracy").Value;
    }

    /// <summary>How many words of a response are among the first five: the rule itself.</summary>
    private static Tensor Judge(TuningInputs batch)
    {
        int[] good = [.. Ten.Words.Take(5).Select(word => Tokens.Tokenizer.Encode(" " + word).Single())];
        return batch.Labels.unsqueeze(-1).eq(tensor([.. good.Select(id => (long)id)])).any(-1).sum(1).to(ScalarType.Float32);
    }

    private PolicyData Policies(TrainingOptions options) => Own(new PolicyData(
        new("requests", Requests(300, heldOut: false), Requests(60, heldOut: true)), Tokens, References.Frozen(Tuned.Value), Judge,
        new PolicyOptions { Rule = new PpoRule { KlCoefficient = 0.2, ValueWeight = 0.5 }, Rollouts = 128, Epochs = 2, MostTokens = 5 }, options)
    {
        Hash = "",
    });

    private PolicyFigures Measured(IModel policy)
    {
        using PolicyData data = Policies(Options(1, 1e-3));
        return data.Measure(policy, [.. Enumerable.Repeat(Requests(60, heldOut: true), 4).SelectMany(prompts => prompts)]);
    }

    private IModel Copied(string trainedBy, params (string Key, System.Text.Json.Nodes.JsonNode? Value)[] keys)
    {
        IModel model = Own(Made(trainedBy, keys));
        GrownRows.Copy(Tuned.Value, model);
        return model;
    }

    private T Own<T>(T one)
        where T : IDisposable
    {
        made.Add(one);
        return one;
    }

    /// <summary>The first or the last of two words; three words beside one, of which the first five words are the better ones.</summary>
    private sealed class Ten : RuleData
    {
        internal static readonly string[] Words = ["ant", "bee", "cat", "dog", "elk", "fox", "gnu", "hen", "ibex", "jay"];

        public override string Name => "ten words";

        public override TuningTokens Tokens(string? pad = "<|pad|>") => Vocabulary([.. Words, "first", "last", "of", "beside"], pad);

        public override string Texts(int count, long seed, bool heldOut, bool domain) =>
            Lines(Questions(count, seed, heldOut).Select(question => TextLine($" {question.Prompt} : {question.Answer}")));

        public override string Demonstrations(int count, long seed, bool heldOut) => Lines(
            [.. Questions(2 * count / 3, seed, heldOut).Select(Conversation),
                .. Drawn(count / 3, seed, heldOut, draws => Request(draws) is var request ? (request, new RuleQuestion(request, Some(draws))) : default)
                    .Select(Conversation)]);

        public override IReadOnlyList<RuleQuestion> Questions(int count, long seed, bool heldOut) => Drawn(count, seed, heldOut, draws =>
        {
            (string one, string other, bool first) = (Any(draws, Words), Any(draws, Words), draws.Integer(0, 1) == 0);
            string prompt = $"{(first ? "first" : "last")} of {one} {other}";
            return (prompt, new RuleQuestion(prompt, first ? one : other));
        });

        internal IReadOnlyList<string> Requests(int count, long seed, bool heldOut) =>
            Drawn(count, seed, heldOut, draws => Request(draws) is var request ? (request, request) : default);

        internal string Pairs(int count, long seed, bool heldOut) => Lines(Drawn(count, seed, heldOut, draws =>
        {
            string request = Request(draws), one = Some(draws), other = Some(draws);
            while (Worth(one) == Worth(other))
            {
                other = Some(draws);
            }

            (string better, string worse) = Worth(one) > Worth(other) ? (one, other) : (other, one);
            return (request + one + other, Messages(
                ("prompt", [("user", request)]), ("chosen", [("assistant", better)]), ("rejected", [("assistant", worse)])));
        }));

        private static int Worth(string answer) => answer.Split(' ').Count(Words.Take(5).Contains);

        private static string Some(IDraws draws) => string.Join(' ', Enumerable.Range(0, 3).Select(_ => Any(draws, Words)));

        private static string Request(IDraws draws) => $"beside {Any(draws, Words)} {Any(draws, Words)}";
    }
}
