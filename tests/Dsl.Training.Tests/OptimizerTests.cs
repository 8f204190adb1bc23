using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading;
using Dsl.Runtime;
using Dsl.Tests;
using Dsl.Training.Alignment;
using TorchSharp;
using TorchSharp.Modules;
using Xunit;
using static TorchSharp.torch;

namespace Dsl.Training.Tests;

/// <summary>What every optimiser has from their base; that their rules are the published ones is what the golden <c>optimizers</c> says.</summary>
public sealed class OptimizerTests
{
    private static readonly TokenCorpus Corpus = new("rhyme", string.Concat(Enumerable.Repeat("twinkle twinkle little star, how I wonder what you are. ", 12)));

    /// <summary>With a rate at which each of them learns.</summary>
    public static TheoryData<string, double> Rates => new()
    {
        { "adamw", 1e-2 },
        { "adam", 1e-2 },
        { "sgd", 0.3 },
        { "rmsprop", 3e-3 },
        { "lion", 3e-3 },
        { "adafactor", 0.2 },
        { "uncorrected-adam", 5e-3 },
        { "lamb", 0.1 },
    };

    public static TheoryData<string> Names => ["adamw", "adam", "sgd", "rmsprop", "lion", "adafactor", "uncorrected-adam", "lamb"];

    [Theory]
    [MemberData(nameof(Names))]
    public void AResumedRunGoesOnBitForBit(string name)
    {
        using var whole = new ScratchFolder();
        using var parts = new ScratchFolder();
        Run(new RunFolder(whole.Path), Options(name, 1e-2), stopAfter: null);
        Run(new RunFolder(parts.Path), Options(name, 1e-2), stopAfter: 3);
        Run(new RunFolder(parts.Path), Options(name, 1e-2), stopAfter: null);
        foreach (string file in new[] { "model.safetensors", "optimizer.safetensors" })
        {
            Assert.Equal(File.ReadAllBytes(Path.Combine(whole.Path, "step-6", file)), File.ReadAllBytes(Path.Combine(parts.Path, "step-6", file)));
        }
    }

    [Theory]
    [MemberData(nameof(Rates))]
    public void ItLearnsAndLeavesNoTensorBehind(string name, double rate)
    {
        manual_seed(1);
        using var model = new TinyModel(new TinyConfig(Corpus.Codec.Vocabulary));
        using var trainer = new Trainer(model, Corpus, Options(name, rate) with { Steps = 40, Momentum = 0.9, Clip = 5 });
        double untrained = trainer.HeldOutLoss();
        trainer.Next();
        long live = Tensor.TotalCount;
        while (trainer.Step < 40)
        {
            trainer.Next();
        }

        Assert.InRange(Tensor.TotalCount, 0, live);
        Assert.True(trainer.HeldOutLoss() < untrained - 0.5, $"{trainer.HeldOutLoss()}, untrained {untrained}");
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void ParametersIn16BitsAreSteppedAsTheirMastersInFloat32(string name)
    {
        using Tensor start = linspace(-1, 1, 12).reshape(3, 4), rounded = start.to(ScalarType.BFloat16);
        using var narrow = new Parameter(rounded.clone());
        using var wide = new Parameter(rounded.to(ScalarType.Float32));
        using var idle = new Parameter(ones(2));
        using Optimizer first = Options(name, 1e-2).MakeOptimizer([new([("w", narrow), ("idle", idle)], 0.1)]);
        using Optimizer second = Options(name, 1e-2).MakeOptimizer([new([("w", wide)], 0.1)]);
        for (int step = 0; step < 3; step++)
        {
            // What both can hold.
            using Tensor gradient = start.mul(Scalars.Of(step + 0.5)).to(ScalarType.BFloat16), exact = gradient.to(ScalarType.Float32);
            narrow.grad = gradient.clone();
            wide.grad = exact.clone();
            first.Step(1e-3);
            second.Step(1e-3);
        }

        using Tensor master = first.State()["master.w"].detach(), expected = wide.detach(), shown = expected.to(ScalarType.BFloat16);
        Assert.Equal(expected.data<float>().ToArray(), master.data<float>().ToArray());
        using Tensor same = narrow.detach().eq(shown), still = idle.detach().eq(Scalars.Of(1));
        Assert.True(same.all().item<bool>());
        Assert.True(still.all().item<bool>());
        Assert.NotEqual(rounded.to(ScalarType.Float32).data<float>().ToArray(), master.data<float>().ToArray());
    }

    [Theory]
    [InlineData("adamw", 0, 2 * 15)]
    [InlineData("adam", 0, 2 * 15)]
    [InlineData("uncorrected-adam", 0, 2 * 15)]
    [InlineData("lamb", 0, 2 * 15)]
    [InlineData("rmsprop", 0, 15)]
    [InlineData("lion", 0, 15)]
    [InlineData("sgd", 0, 0)]
    [InlineData("sgd", 0.9, 15)]
    [InlineData("adafactor", 0, 3 + 4 + 3)]
    [InlineData("adafactor", 0.9, 3 + 4 + 3 + 15)]
    public void ItRemembersNoMoreThanItsRuleAsksFor(string name, double momentum, long numbers)
    {
        using var matrix = new Parameter(ones(3, 4));
        using var vector = new Parameter(ones(3));
        TrainingOptions options = Options(name, 1e-2) with { Momentum = momentum, Nesterov = false };
        using Optimizer optimizer = options.MakeOptimizer([new([("matrix", matrix), ("vector", vector)], 0.1)]);
        Assert.Equal(numbers, optimizer.State().Values.Sum(value => value.numel()));
        Assert.Equal(numbers, optimizer.StateCount([[3, 4], [3]]));
        Assert.Equal(4 * (15 + 15 + numbers), TrainingMemory.Needed(15, 15, fourBits: false, optimizer.StateCount([[3, 4], [3]])));
    }

    [Fact]
    public void BadOptionsGetOneSentence()
    {
        static string Said(TrainingOptions options) => Assert.Throws<ArgumentException>(options.Validate).Message;
        Assert.Equal("--optimizer 'Adam', expected adamw, adam, sgd, rmsprop, lion, adafactor, uncorrected-adam or lamb", Said(new() { Optimizer = "Adam" }));
        Assert.Equal("--momentum 1, expected from 0 to less than 1", Said(new() { Momentum = 1 }));
        Assert.Equal("--momentum NaN, expected from 0 to less than 1", Said(new() { Momentum = double.NaN }));
        Assert.Equal("--nesterov without --momentum, expected a momentum of more than 0", Said(new() { Optimizer = "sgd", Nesterov = true }));
    }

    [Fact]
    public void TheRelativeStepFallsFromAHundredthOrRisesFromAMillionth()
    {
        Schedule flat = new TrainingOptions { Schedule = "relative" }.MakeSchedule();
        Schedule warm = new TrainingOptions { Schedule = "relative-warm-up" }.MakeSchedule();
        Assert.Equal([1e-2, 1e-2, 1 / Math.Sqrt(40_000)], new long[] { 0, 9_999, 39_999 }.Select(flat.At));
        Assert.Equal([1e-6, 1e-2, 1 / Math.Sqrt(40_000)], new long[] { 0, 9_999, 39_999 }.Select(warm.At));
    }

    /// <summary>Norms and biases are left out as a kind, whatever the decay; a weight whose group has none is too.</summary>
    [Fact]
    public void WhatIsNeverDecayedIsNotScaledByLamb()
    {
        using var model = new TinyModel(new TinyConfig(5));
        Weight matrix = model.Weights.All.First(weight => weight.Shape.Count >= 2);
        model.Weights.Group(matrix.Key, decay: 0);
        string[] Excluded(double decay) => [.. Optimizer.Declared(model.Weights.All, decay).Where(group => group.Excluded)
            .SelectMany(group => group.Parameters.Select(pair => pair.Key)).Order(StringComparer.Ordinal)];
        string[] expected = [.. model.Weights.All.Where(weight => weight.Shape.Count < 2).Append(matrix).Select(weight => weight.Key)
            .Order(StringComparer.Ordinal)];
        Assert.NotEqual(model.Weights.All.Count, expected.Length);
        Assert.Equal(expected, Excluded(0.1));
        Assert.Equal(expected, Excluded(0));
    }

    private static TrainingOptions Options(string name, double rate) => new()
    {
        Optimizer = name,
        Momentum = 0.5,
        Nesterov = true,
        ScaleParameter = name == "adafactor",
        Steps = 6,
        Batch = 3,
        Context = 8,
        WarmUp = 1,
        Rate = rate,
        LastRate = rate / 10,
        EvaluateEvery = 100,
        EvaluationBatches = 2,
        Seed = 4,
    };

    private static void Run(RunFolder folder, TrainingOptions options, int? stopAfter)
    {
        manual_seed(options.Seed);
        using var model = new TinyModel(new TinyConfig(Corpus.Codec.Vocabulary, Dropout: 0.3));
        using var trainer = new Trainer(model, Corpus, options);
        folder.Latest().Checkpoint?.ReadInto(trainer);
        using var stop = new CancellationTokenSource();
        TrainingOutcome outcome = new TrainingRun(trainer, folder, "llama", "{}").Run(new StoppingView(stop, stopAfter), stop.Token);
        Assert.Equal(stopAfter ?? options.Steps, outcome.Step);
    }
}
