using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Dsl.Runtime;
using Dsl.Tests;
using Dsl.Text;
using Dsl.Text.Templates;
using Dsl.Training.Alignment;
using Dsl.Training.Alignment.Data;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Dsl.Training.Tests.Alignment;

public sealed class TuningTrainerTests
{
    private static readonly TuningTokens Tokens = RuleChat.Tokens();

    private static readonly TrainingOptions Options = new()
    {
        Steps = 8,
        Batch = 6,
        Context = 24,
        Rate = 1e-2,
        LastRate = 1e-3,
        WarmUp = 1,
        EvaluateEvery = 4,
        EvaluationBatches = 1,
        Seed = 3,
    };

    [Fact]
    public void SeveralBatchesOfDifferentLengthsAreOneStepOfTheirTokensMean()
    {
        TuningRow[] rows = [.. Rows(12, heldOut: false)];
        Assert.True(rows.Select(row => row.Labels.Count(label => label >= 0)).Distinct().Count() > 1);
        double[] Trained(int batch, int accumulate)
        {
            using var model = new TinyModel(new TinyConfig(Tokens.Tokenizer.Vocabulary), Seeded());
            TrainingOptions options = Options with { Batch = batch, Accumulate = accumulate };
            using var trainer = new Trainer(model, Data(rows, options), options);
            StepResult result = trainer.Next();
            return [result.Loss, result.GradientNorm, .. Numbers(model)];
        }

        double[] whole = Trained(12, 1), parts = Trained(4, 3);
        Assert.True(Close.Error(whole, parts) < 1e-5, $"{Close.Error(whole, parts)}");

        // Four batches are asked for and three are there: the pass ends, and so does the step.
        Assert.True(Close.Error(whole, Trained(4, 4)) < 1e-5);
    }

    [Fact]
    public void APassReadsEveryRowOnceAndTheNextOneInAnotherOrder()
    {
        var seen = new List<int[]>();
        TuningRow[] rows = [.. Rows(10, heldOut: false)];
        TrainingOptions options = Options with { Batch = 4 };
        var data = new TuningData<TuningRow>(new("rows", rows, rows), (part, device) =>
        {
            seen.Add([.. part.Select(row => Array.IndexOf(rows, row))]);
            return TuningInputs.Of(part, Tokens.Pad, device);
        }, new AnswerObjective(), Tokens, options)
        {
            Hash = "",
        };
        using var model = new TinyModel(new TinyConfig(Tokens.Tokenizer.Vocabulary), Seeded());
        bool[] ends = [.. Enumerable.Range(0, 6).Select(_ =>
        {
            using TrainingLoss loss = data.Next(model);
            return loss.EndsPass;
        })];
        Assert.Equal([false, false, true, false, false, true], ends);
        int[] first = [.. seen.Take(3).SelectMany(part => part)], second = [.. seen.Skip(3).SelectMany(part => part)];
        Assert.Equal(Enumerable.Range(0, 10), first.Order());
        Assert.Equal(Enumerable.Range(0, 10), second.Order());
        Assert.NotEqual(first, second);
        data.Position = "3";
        using (data.Next(model))
        {
            Assert.Equal(second[..4], seen[^1]);
        }
    }

    [Fact]
    public void PackedSequencesAreLearnedAsTheyAreAlone()
    {
        TuningRow[] rows = [.. Rows(8, heldOut: false)];
        IReadOnlyList<TuningRow> packed = Packed.Of(rows, 64, Packing.BestFit);
        Assert.True(packed.Count < rows.Length);
        using var model = new TinyModel(new TinyConfig(Tokens.Tokenizer.Vocabulary), Seeded());
        double Loss(IReadOnlyList<TuningRow> of)
        {
            using TuningInputs inputs = TuningInputs.Of(of, Tokens.Pad);
            using TrainingLoss loss = new AnswerObjective().Loss(model, inputs);
            return loss.Total.item<float>();
        }

        Assert.Equal(Loss(rows), Loss(packed), 5);
    }

    [Fact]
    public void ResponsesAreWrittenInABatchAsTheyAreAlone()
    {
        using var model = new TinyModel(new TinyConfig(Tokens.Tokenizer.Vocabulary), Seeded());
        int[][] prompts = [.. RuleChat.Questions(6, 1, heldOut: false).Select(question => Tokens.Prompt(new Passage([new ChatTurn("user", question.Prompt)])))];
        Assert.True(prompts.Select(prompt => prompt.Length).Distinct().Count() > 1);
        IReadOnlyList<Rollout> together = Rollouts.Sample(model, prompts, 5, Tokens.End, temperature: 0);
        foreach ((Rollout one, int[] prompt) in together.Zip(prompts))
        {
            Assert.Equal(prompt, one.Prompt);
            Assert.Equal(Rollouts.Sample(model, [prompt], 5, Tokens.End, temperature: 0)[0].Response, one.Response);
            Assert.Equal(one.Response[^1] == Tokens.End, one.Ended);
            Assert.Equal(one.Response, one.Row.Labels.Where(label => label >= 0));
        }
    }

    [Fact]
    public void TheBestOfSeveralIsTheOneThatIsJudgedBest()
    {
        using var model = new TinyModel(new TinyConfig(Tokens.Tokenizer.Vocabulary), Seeded());
        using (no_grad())
        {
            // A policy that draws its tokens nearly at random, ends included.
            model.Weights.All.Single(weight => weight.Key.StartsWith("embed", StringComparison.Ordinal)).Value.mul_(Scalars.Of(0.01f));
        }

        int[][] prompts = [.. RuleChat.Requests(4, 1, heldOut: false).Select(request => Tokens.Prompt(new Passage([new ChatTurn("user", request)])))];
        Judge shortest = batch => batch.Labels.ge(Scalars.Of(0)).sum(1).to(ScalarType.Float32).neg();
        var options = new SelectionOptions(Samples: 400, MostTokens: 6, AtOnce: 800);
        IReadOnlyList<TuningRow> best = RejectionSampling.Best(model, shortest, prompts, Tokens, options, seed: 1);
        Assert.True(best.Count >= 2);
        Assert.True(best.Average(row => row.Labels.Count(label => label >= 0)) < 4, "the shortest of so many are short");
        Assert.All(best, row => Assert.Equal(Tokens.End, row.Ids[^1]));
        Assert.Throws<TrainingException>(() => RejectionSampling.Best(model, shortest, prompts, Tokens, options with { Samples = 1 }, 1));
        Judge broken = batch => full(batch.Ids.shape[0], Scalars.Of(double.NaN), dtype: ScalarType.Float32);
        Assert.Equal("rejection sampling: a reward is NaN, expected finite numbers",
            Assert.Throws<TrainingException>(() => RejectionSampling.Best(model, broken, prompts, Tokens, options, 1)).Message);
    }

    [Fact]
    public void HeldOutPromptsAreNotAmongThoseThatAreLearned()
    {
        HashSet<string> learned = [.. RuleChat.Questions(2000, 1, heldOut: false).Select(question => question.Prompt)];
        Assert.DoesNotContain(RuleChat.Questions(200, 2, heldOut: true), question => learned.Contains(question.Prompt));
        Assert.Equal(2, RuleChat.Worth("beside oak cup of lion", "whale fern eagle"));
        IReadOnlyList<TuningLine> pairs = TuningFile.Parse(RuleChat.Pairs(50, 1, heldOut: false), "pairs");
        Assert.All(pairs, pair => Assert.True(RuleChat.Worth(Said(pair.Prompt), Said(pair.Chosen)) > RuleChat.Worth(Said(pair.Prompt), Said(pair.Rejected))));
        Assert.Throws<TextException>(() => TuningSplit<int>.Of("one row", [1]));

        static string Said(Passage? passage) => passage!.Turns![0].Content;
    }

    [Fact]
    public void AReferenceOfEqualWeightsGivesEqualNumbersToTheBit()
    {
        // Weights are drawn when the first is asked for.
        using var policy = new TinyModel(new TinyConfig(Tokens.Tokenizer.Vocabulary), Seeded());
        Assert.NotEmpty(Numbers(policy));
        using var reference = new TinyModel(new TinyConfig(Tokens.Tokenizer.Vocabulary), Seeded());
        policy.train();
        PreferenceSet pairs = PreferenceRows.ForPolicy(TuningFile.Parse(RuleChat.Pairs(5, 1, heldOut: false), "pairs"), Tokens);
        using TuningInputs inputs = TuningInputs.Of(PreferenceBatch.Of(pairs.Rows, Tokens.Pad));
        using TrainingLoss loss = new PreferenceObjective(new PreferenceRule(), References.Frozen(reference)).Loss(policy, inputs);
        Assert.Equal(Math.Log(2), loss.Total.item<float>(), 6);
        Assert.Equal(0, loss.Parts.Single(part => part.Name == "accuracy").Value);
        Assert.Equal(0, loss.Parts.Single(part => part.Name == "margin").Value);
    }

    [Fact]
    public void AnAdaptersPolicyIsItsOwnReferenceWithTheAdapterOff()
    {
        using var other = new TinyModel(new TinyConfig(Tokens.Tokenizer.Vocabulary, Dropout: 0.2), Seeded());
        Assert.NotEmpty(Numbers(other));
        using var policy = new TinyModel(new TinyConfig(Tokens.Tokenizer.Vocabulary, Dropout: 0.2), Seeded());
        Assert.NotEmpty(Numbers(policy));
        Adapter adapter = Adapters.Add(policy, new AdapterOptions { Targets = [AdapterOptions.AllLinear], Rank = 2 });
        using (no_grad())
        {
            adapter.Weights.ToList().ForEach(weight => weight.Value.fill_(Scalars.Of(0.1)));
        }

        policy.train();
        PreferenceSet pairs = PreferenceRows.ForPolicy(TuningFile.Parse(RuleChat.Pairs(5, 1, heldOut: false), "pairs"), Tokens);
        using TuningInputs inputs = TuningInputs.Of(PreferenceBatch.Of(pairs.Rows, Tokens.Pad));
        using Tensor expected = References.Frozen(other)(inputs), found = References.Base(policy)(inputs), adapted = References.Frozen(policy)(inputs);
        Assert.True(found.allclose(expected, 1e-5, 1e-6));
        Assert.False(adapted.allclose(expected, 1e-3, 1e-3));
    }

    [Fact]
    public void TheTrainingModeIsWhatItWasAfterAReference()
    {
        using var policy = new TinyModel(new TinyConfig(Tokens.Tokenizer.Vocabulary), Seeded());
        Adapters.Add(policy, new AdapterOptions { Targets = [AdapterOptions.AllLinear], Rank = 2 });
        policy.train();
        PreferenceSet pairs = PreferenceRows.ForPolicy(TuningFile.Parse(RuleChat.Pairs(2, 1, heldOut: false), "pairs"), Tokens);
        using TuningInputs inputs = TuningInputs.Of(PreferenceBatch.Of(pairs.Rows, Tokens.Pad));
        References.Base(policy)(inputs).Dispose();
        Assert.True(policy.Module.training);
    }

    [Fact]
    public void WhatElseWasMeasuredIsInTheTable()
    {
        using var folder = new ScratchFolder();
        string path = Path.Combine(folder.Path, "metrics.csv");
        using (var file = new MetricsFile(path, 0))
        {
            file.Add(new MetricsRow(1, 2, 3, 4, null, 5, 6) { Parts = [new("reward", 0.25), new("kl", -1)] });
            file.Add(new MetricsRow(2, 2, 3, 4, 1, 5, 6) { Parts = [new("reward", 0.5), new("kl", -2)] });
        }

        Assert.StartsWith("step,loss,rate,gradient_norm,held_out_loss,tokens_per_second,seconds,reward,kl\n", File.ReadAllText(path));
        Assert.Equal([0.25, -1, 0.5, -2], MetricsFile.Read(path).SelectMany(row => row.Parts.Select(part => part.Value)));
        using var again = new MetricsFile(path, 1);
        again.Add(new MetricsRow(2, 7, 3, 4, null, 5, 6) { Parts = [new("reward", 9), new("kl", 8)] });
        again.Flush();
        Assert.Equal([0.25, 9], MetricsFile.Read(path).Select(row => row.Parts[0].Value));
    }

    private static IEnumerable<TuningRow> Rows(int count, bool heldOut) => TuningRows.Prepare(
        TuningFile.Parse(RuleChat.Demonstrations(count, 1, heldOut), "conversations"), Tokens, new TuningOptions { AssistantOnly = true }).Rows;

    private static TuningData<TuningRow> Data(IReadOnlyList<TuningRow> rows, TrainingOptions options) =>
        new(new("rows", rows, rows), (part, device) => TuningInputs.Of(part, Tokens.Pad, device), new AnswerObjective(), Tokens, options) { Hash = "" };

    private static Weights Seeded()
    {
        manual_seed(5);
        return new Weights();
    }

    private static IEnumerable<double> Numbers(IModel model) => model.Weights.All.SelectMany(weight =>
    {
        using Tensor wide = weight.Value.detach().to(ScalarType.Float64).contiguous();
        return wide.data<double>().ToArray();
    });
}
