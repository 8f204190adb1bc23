using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Dsl.Runtime;
using Dsl.Tests;
using TorchSharp;
using TorchSharp.Modules;
using Xunit;
using static TorchSharp.torch;

namespace Dsl.Training.Tests;

public sealed class EarlyStoppingTests
{
    private static readonly TrainingOptions Options = new()
    {
        Steps = 40,
        Batch = 2,
        Context = 8,
        WarmUp = 0,
        Rate = 1e-3,
        EvaluateEvery = 2,
        EvaluationBatches = 1,
        Patience = 3,
        Metric = "accuracy",
    };

    /// <summary>Figures rise to step 6, then fall: three measurements later, at step 12, the run is over, stopped and resumed or not.</summary>
    [Theory]
    [InlineData(null)]
    [InlineData(8)]
    public void ARunEndsWhenItsFigureHasNotBecomeBetterForAsLongAsItIsToWait(int? stopAfter)
    {
        using var scratch = new ScratchFolder();
        var folder = new RunFolder(scratch.Path);
        TrainingOutcome outcome = Run(folder, stopAfter);
        if (stopAfter is not null)
        {
            Assert.True(outcome.Interrupted);
            outcome = Run(folder, null);
        }

        Assert.False(outcome.Interrupted);
        Assert.Equal(12, outcome.Step);
        TrainingState last = folder.Latest().Checkpoint!.State;
        Assert.True(last.Ended);
        Assert.Equal(new HeldOutFigure(6, 6), last.Best);
        Assert.Equal(12, Run(folder, null).Step);

        // The two newest, and the two best.
        Assert.Equal([4, 6, 10, 12], Directory.GetDirectories(scratch.Path, "step-*").Select(path => int.Parse(Path.GetFileName(path)[5..])).Order());
        Assert.Equal([6L, 4L], folder.Best("accuracy").Take(2).Select(found => found.State.Step));
    }

    [Fact]
    public void LossesAreTheBetterTheSmallerAndAnUnknownFigureIsNamed()
    {
        Assert.True(HeldOutFigure.IsBetter("loss", 1, 2));
        Assert.True(HeldOutFigure.IsBetter("kl", 1, 2));
        Assert.True(HeldOutFigure.IsBetter("accuracy", 2, 1));
        Assert.Equal("--metric 'x' is not measured here, expected loss, reward",
            Assert.Throws<TrainingException>(() => HeldOutFigure.Of("x", 1, [new LossPart("reward", 2)])).Message);
    }

    [Fact]
    public void ABfloat16ParameterHasAMasterInWhichSmallStepsAddUp()
    {
        using var narrow = new Parameter(ones(4, dtype: ScalarType.BFloat16));
        using var wide = new Parameter(ones(4, dtype: ScalarType.Float32));
        using var first = new AdamW([new ParameterGroup([("w", narrow)], 0)]);
        using var second = new AdamW([new ParameterGroup([("w", wide)], 0)]);
        for (int step = 0; step < 100; step++)
        {
            using (Tensor loss = narrow.sum())
            {
                loss.backward();
            }

            using (Tensor loss = wide.sum())
            {
                loss.backward();
            }

            // A step of 1e-4 is less than half the spacing of bfloat16 below one.
            first.Step(1e-4);
            second.Step(1e-4);
            narrow.grad!.zero_();
            wide.grad!.zero_();
        }

        using Tensor master = first.State()["master.w"].detach(), expected = wide.detach();
        Assert.Equal(expected.data<float>().ToArray(), master.data<float>().ToArray());
        using Tensor rounded = expected.to(ScalarType.BFloat16), same = narrow.detach().eq(rounded);
        Assert.True(same.all().item<bool>());
        Assert.NotEqual(1f, rounded.to(ScalarType.Float32)[0].item<float>());
    }

    private static TrainingOutcome Run(RunFolder folder, int? stopAfter)
    {
        manual_seed(1);
        using var model = new TinyModel(new TinyConfig(Rising.Corpus.Codec.Vocabulary));
        var data = new Rising(Options);
        using var trainer = new Trainer(model, data, Options);
        data.Trainer = trainer;
        folder.Latest().Checkpoint?.ReadInto(trainer);
        using var stop = new System.Threading.CancellationTokenSource();
        return new TrainingRun(trainer, folder, "llama", "{}", saveEvery: 5, keep: 2, keepBest: 2).Run(new StoppingView(stop, stopAfter), stop.Token);
    }

    /// <summary>A text whose held-out figure is its step's number, up to 6, and then falls.</summary>
    private sealed class Rising(TrainingOptions options) : ITrainingData
    {
        internal static readonly TokenCorpus Corpus = new("rhyme", string.Concat(Enumerable.Repeat("twinkle twinkle little star, how I wonder. ", 12)));
        private readonly NextTokenData inner = new(Corpus, options);

        internal Trainer? Trainer { get; set; }

        public string Name => inner.Name;

        public string Hash => inner.Hash;

        public string Position
        {
            get => inner.Position;
            set => inner.Position = value;
        }

        public TrainingLoss Next(IModel model) => inner.Next(model);

        public IEnumerable<TrainingLoss> HeldOut(IModel model, int batches) =>
            inner.HeldOut(model, batches).Select(loss => loss with { Parts = [new("accuracy", Trainer!.Step <= 6 ? Trainer.Step : 6 - Trainer.Step)] });

        public void Save(string folder) => inner.Save(folder);
    }
}
