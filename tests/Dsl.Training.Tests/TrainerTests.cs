using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading;
using Dsl.Runtime;
using Dsl.Tests;
using Dsl.Text;
using TorchSharp;
using TorchSharp.Modules;
using Xunit;
using static TorchSharp.torch;
using AdamW = Dsl.Training.AdamW;

namespace Dsl.Training.Tests;

public sealed class TrainerTests
{
    private static readonly TrainingOptions Small = new()
    {
        Steps = 12,
        Batch = 3,
        Context = 8,
        WarmUp = 2,
        Rate = 1e-2,
        LastRate = 1e-3,
        EvaluateEvery = 5,
        EvaluationBatches = 2,
        Seed = 4,
    };

    private static readonly TokenCorpus Corpus = new("rhyme", string.Concat(Enumerable.Repeat("twinkle twinkle little star, how I wonder what you are. ", 12)));

    [Fact]
    public void AResumedRunGoesOnBitForBitWithDropoutOn()
    {
        using var whole = new ScratchFolder();
        using var parts = new ScratchFolder();
        Run(new RunFolder(whole.Path), Small, stopAfter: null);

        // Stopped in the middle, between two evaluations and two regular saves; then torch's generator is disturbed before going on.
        Run(new RunFolder(parts.Path), Small, stopAfter: 7);
        Assert.Equal(["step-7"], Directory.GetDirectories(parts.Path).Select(Path.GetFileName));
        manual_seed(999);
        using (rand(5))
        {
            Run(new RunFolder(parts.Path), Small, stopAfter: null, resume: true);
        }

        foreach (string file in new[] { "model.safetensors", "optimizer.safetensors" })
        {
            Assert.Equal(File.ReadAllBytes(Path.Combine(whole.Path, "step-12", file)), File.ReadAllBytes(Path.Combine(parts.Path, "step-12", file)));
        }

        Assert.Equal(Losses(whole["metrics.csv"]), Losses(parts["metrics.csv"]));
        Assert.Equal(12, Losses(parts["metrics.csv"]).Count);
    }

    [Fact]
    public void DropoutIsOnInTrainingAndOffInEvaluation()
    {
        manual_seed(1);
        using var model = new TinyModel(new TinyConfig(Corpus.Codec.Vocabulary, Dropout: 0.5));
        using var trainer = new Trainer(model, Corpus, Small);
        using Tensor before = get_rng_state();
        double first = trainer.HeldOutLoss();
        Assert.Equal(first, trainer.HeldOutLoss());
        using Tensor after = get_rng_state();
        Assert.Equal(before.bytes.ToArray(), after.bytes.ToArray());
        trainer.Next();
        using Tensor drawn = get_rng_state();
        Assert.NotEqual(after.bytes.ToArray(), drawn.bytes.ToArray());
    }

    [Fact]
    public void LayersThatAreNotRepeatedCannotBeRunAgain()
    {
        using var model = new TinyModel(new TinyConfig(Corpus.Codec.Vocabulary));
        using var trainer = new Trainer(model, Corpus, Small with { CheckpointActivations = true });
        Assert.Equal("--checkpoint-activations on a model without repeated layers that are trained, expected some: run without it",
            Assert.Throws<TrainingException>(() => trainer.Next()).Message);
    }

    [Fact]
    public void TrainingLearnsAndLeavesNoTensorBehind()
    {
        manual_seed(1);
        using var model = new TinyModel(new TinyConfig(Corpus.Codec.Vocabulary));
        using var trainer = new Trainer(model, Corpus, Small with { Steps = 60 });
        double untrained = trainer.HeldOutLoss();
        for (int i = 0; i < 5; i++)
        {
            trainer.Next();
        }

        long live = Tensor.TotalCount;
        for (int i = 0; i < 50; i++)
        {
            trainer.Next();
        }

        Assert.InRange(Tensor.TotalCount, 0, live);
        Assert.True(trainer.HeldOutLoss() < untrained - 0.5, $"{trainer.HeldOutLoss()}, untrained {untrained}");
    }

    [Fact]
    public void AdamWEqualsTheLibrarys()
    {
        using Tensor start = randn(4, 3);
        var ours = new Parameter(start.clone());
        var theirs = new Parameter(start.clone());
        using var mine = new AdamW([new ParameterGroup([("p", ours)], 0.1)], 0.9, 0.95);
        using var library = optim.AdamW([theirs], 0.02, 0.9, 0.95, weight_decay: 0.1);
        for (int step = 0; step < 5; step++)
        {
            using Tensor gradient = randn(4, 3);
            ours.grad = gradient.clone();
            theirs.grad = gradient.clone();
            mine.Step(0.02);
            library.step();
        }

        double[] expected = theirs.to(ScalarType.Float64).data<double>().ToArray();
        Assert.True(Close.Error(expected, ours.to(ScalarType.Float64).data<double>().ToArray()) < 1e-6);
    }

    [Fact]
    public void DecayIsOnMatricesOnly()
    {
        using var model = new TinyModel(new TinyConfig(5));
        IReadOnlyList<ParameterGroup> groups = Optimizer.DecayMatrices(model.Weights.All.Select(weight => (weight.Key, weight.Value)), 0.1);
        Assert.All(groups[0].Parameters, pair => Assert.True(pair.Parameter.dim() >= 2));
        Assert.All(groups[1].Parameters, pair => Assert.Equal(1, pair.Parameter.dim()));
        Assert.Equal((0.1, 0.0), (groups[0].Decay, groups[1].Decay));
        Assert.Equal(model.Weights.All.Count, groups.Sum(group => group.Parameters.Count));
    }

    [Fact]
    public void AGroupsFactorsReachTheOptimiser()
    {
        using var model = new TinyModel(new TinyConfig(5));
        Weight[] matrices = [.. model.Weights.All.Where(weight => weight.Shape.Count >= 2)];
        model.Weights.Group(matrices[0].Key, decay: 0);
        model.Weights.Group(matrices[1].Key, rate: 0.5);
        model.Weights.Group(matrices[2].Key, decay: 0.5, rate: 0.25);
        var factors = matrices.Take(4).Select(weight => Optimizer.Declared(model.Weights.All, 0.1)
            .Single(group => group.Parameters.Any(pair => pair.Key == weight.Key))).Select(group => (group.Decay, group.Rate));
        Assert.Equal([(0, 1), (0.1, 0.5), (0.05, 0.25), (0.1, 1)], factors);
        Assert.Equal(model.Weights.All.Count, Optimizer.Declared(model.Weights.All, 0.1).Sum(group => group.Parameters.Count));

        foreach (bool fused in new[] { false, true })
        {
            // Two equal weights, one at a quarter of the rate: after a step with equal gradients it has moved a quarter as far.
            Parameter[] pair = [new Parameter(ones(2, 2)), new Parameter(ones(2, 2))];
            using var optimizer = new AdamW([new ParameterGroup([("whole", pair[0])], 0.1), new ParameterGroup([("quarter", pair[1])], 0.1, 0.25)],
                fused: fused);
            foreach (Parameter parameter in pair)
            {
                parameter.grad = full_like(parameter, Scalars.Of(0.3));
            }

            optimizer.Step(0.01);
            double[] moved = [.. pair.Select(parameter => 1 - (double)parameter[0, 0].item<float>())];
            Assert.Equal(moved[0] / 4, moved[1], 6);
        }
    }

    [Fact]
    public void ALossThatIsNoNumberStopsTheRunBeforeTheWeightsAreSpoilt()
    {
        manual_seed(1);
        using var model = new TinyModel(new TinyConfig(Corpus.Codec.Vocabulary));
        using (no_grad())
        {
            model.Weights.All[^1].Value.fill_(Scalars.Of(double.NaN));
        }

        using var trainer = new Trainer(model, Corpus, Small);
        float[] before = model.Weights.All[0].Value.data<float>().ToArray();
        string message = Assert.Throws<TrainingException>(() => trainer.Next()).Message;
        Assert.StartsWith("step 1: loss NaN", message);
        Assert.Equal(before, model.Weights.All[0].Value.data<float>().ToArray());
    }

    [Fact]
    public void AHalfWrittenFolderIsSkippedWithASentence()
    {
        using var folder = new ScratchFolder();
        var run = new RunFolder(folder.Path);
        Run(run, Small with { Steps = 5, WarmUp = 1 }, stopAfter: null);
        Directory.CreateDirectory(folder["step-10"]);
        foreach (string file in Directory.GetFiles(folder["step-5"]))
        {
            File.Copy(file, Path.Combine(folder["step-10"], Path.GetFileName(file)));
        }

        using (FileStream cut = File.OpenWrite(Path.Combine(folder["step-10"], "model.safetensors")))
        {
            cut.SetLength(cut.Length - 4);
        }

        Directory.CreateDirectory(folder["step-12"]);
        Directory.CreateDirectory(folder[".step-13.partial-1"]);
        (TrainingCheckpoint? found, IReadOnlyList<string> notes) = run.Latest();
        Assert.Equal(5, found!.State.Step);
        Assert.Equal(
            ["step-12 is incomplete, resuming from step-5", "step-10 is incomplete, resuming from step-5", "step-13 is incomplete, resuming from step-5"],
                notes);
    }

    [Theory]
    [InlineData("model.safetensors")]
    [InlineData("optimizer.safetensors")]
    [InlineData("training.json")]
    public void AFullDiskLeavesTheLastCheckpointAndNoRest(string failing)
    {
        using var folder = new ScratchFolder();
        var run = new RunFolder(folder.Path);
        manual_seed(1);
        using var model = new TinyModel(new TinyConfig(Corpus.Codec.Vocabulary));
        using var trainer = new Trainer(model, Corpus, Small);
        trainer.Next();
        run.Save(trainer, "llama", "{}", keep: 2);
        trainer.Next();
        run.FileWritten = file =>
        {
            if (file == failing)
            {
                throw new IOException("No space left on device", 28);
            }
        };
        string message = Assert.Throws<SaveException>(() => run.Save(trainer, "llama", "{}", keep: 2)).Message;
        Assert.Equal($"{folder["step-2"]}: checkpoint not written (disk full); step 1 kept", message);
        Assert.Equal([folder["step-1"]], Directory.GetFileSystemEntries(folder.Path));
    }

    [Fact]
    public void OnlyTheNewestCheckpointsAreKept()
    {
        using var folder = new ScratchFolder();
        Run(new RunFolder(folder.Path), Small, stopAfter: null, saveEvery: 3);
        Assert.Equal(["step-12", "step-9"], Directory.GetDirectories(folder.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void MetricsSurviveACutLastLine()
    {
        using var folder = new ScratchFolder();
        Run(new RunFolder(folder.Path), Small, stopAfter: null);
        string path = folder["metrics.csv"];
        File.AppendAllText(path, "13,0.5,1e");
        Assert.Equal(12, MetricsFile.Read(path).Count);
        Assert.Equal([5L, 10L, 12L], MetricsFile.Read(path).Where(row => row.HeldOutLoss is not null).Select(row => row.Step));
    }

    [Fact]
    public void BadTextsAreNamed()
    {
        using var folder = new ScratchFolder();
        File.WriteAllBytes(folder["broken.txt"], [65, 0xC3, 65]);
        Assert.Contains("is not UTF-8, expected a UTF-8 text", Assert.Throws<TextException>(() => TokenCorpus.ReadText(folder["broken.txt"])).Message);
        Assert.Equal("e.txt: the text is empty, expected at least one character", Assert.Throws<TextException>(() => new TokenCorpus("e.txt", "")).Message);
        using var model = new TinyModel(new TinyConfig(2));
        var shortText = new TokenCorpus("s.txt", "abababab");
        Assert.StartsWith("s.txt: 8 tokens, of which a tenth is held out", Assert.Throws<TextException>(() => new Trainer(model, shortText, Small)).Message);
    }

    [Fact]
    public void TheKingJamesTextComesWithTheProgram()
    {
        string text = Verses.All();
        Assert.Equal(4_137_914, text.Length);
        Assert.StartsWith("In the beginning God created the heaven and the earth.", text);
        Assert.Equal(63, CharacterCodec.Of(text).Vocabulary);
    }

    private static List<(long, double, double, double, double?)> Losses(string path) =>
        MetricsFile.Read(path).ConvertAll(row => (row.Step, row.Loss, row.Rate, row.GradientNorm, row.HeldOutLoss));

    private static void Run(RunFolder folder, TrainingOptions options, int? stopAfter, bool resume = false, int saveEvery = 100)
    {
        manual_seed(options.Seed);
        using var model = new TinyModel(new TinyConfig(Corpus.Codec.Vocabulary, Dropout: 0.3));
        using var trainer = new Trainer(model, Corpus, options);
        if (resume)
        {
            folder.Latest().Checkpoint!.ReadInto(trainer);
        }

        using var stop = new CancellationTokenSource();
        TrainingOutcome outcome = new TrainingRun(trainer, folder, "llama", "{}", saveEvery).Run(new StoppingView(stop, stopAfter), stop.Token);
        Assert.Equal(stopAfter is not null, outcome.Interrupted);
        Assert.Equal(stopAfter ?? options.Steps, outcome.Step);
    }
}
