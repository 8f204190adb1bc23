using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Dsl.Runtime;
using Dsl.Tests;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Dsl.Training.Tests;

/// <summary>A trainer over a frozen base: what it changes, what it keeps, and that a run goes on as if it had never stopped.</summary>
public sealed class AdapterTrainingTests
{
    private static readonly TokenCorpus Corpus = new("rhyme", string.Concat(Enumerable.Repeat("twinkle twinkle little star, how I wonder what you are. ", 12)));
    private static readonly TrainingOptions Small = new()
    {
        Steps = 6,
        Batch = 2,
        Context = 8,
        WarmUp = 1,
        Rate = 1e-2,
        EvaluateEvery = 100,
        EvaluationBatches = 1,
    };

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void OnlyTheAdapterIsTrainedAndAResumedRunGoesOnBitForBit(bool fourBits)
    {
        using var scratch = new ScratchFolder();
        Dictionary<string, byte[]> begun = [], whole = [], parts = [];
        Train(fourBits, trainer =>
        {
            begun = Bytes(trainer.Model);
            Steps(trainer, 3);
            new RunFolder(scratch.Path).Save(trainer, "llama", "{}", keep: 2);
            Steps(trainer, 3);
            whole = Bytes(trainer.Model);
        });
        Train(fourBits, trainer =>
        {
            rand(3).Dispose();
            new RunFolder(scratch.Path).Latest().Checkpoint!.ReadInto(trainer);
            Steps(trainer, 3);
            parts = Bytes(trainer.Model);
        });
        Assert.All(whole, pair => Assert.Equal(pair.Value, parts[pair.Key]));
        Assert.All(begun, pair => Assert.Equal(pair.Key.Contains(".lora_", StringComparison.Ordinal), !pair.Value.SequenceEqual(whole[pair.Key])));
    }

    private static void Train(bool fourBits, Action<Trainer> then)
    {
        manual_seed(1);
        using var model = new TinyModel(new TinyConfig(Corpus.Codec.Vocabulary));
        if (fourBits)
        {
            Assert.NotEmpty(Quantisation.ToNf4(model).Keys);
        }

        Adapters.Add(model, new AdapterOptions { Targets = [AdapterOptions.AllLinear], Rank = 2, Dropout = 0.1 });
        using var trainer = new Trainer(model, Corpus, Small);
        then(trainer);
    }

    private static void Steps(Trainer trainer, int count)
    {
        for (int i = 0; i < count; i++)
        {
            trainer.Next();
        }
    }

    private static Dictionary<string, byte[]> Bytes(IModel model) => model.Weights.All.ToDictionary(weight => weight.Key, weight =>
    {
        using Tensor straight = weight.Value.detach().contiguous();
        return straight.bytes.ToArray();
    });
}
