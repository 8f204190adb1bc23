using System;
using System.Collections.Generic;
using System.Linq;
using Dsl;
using Dsl.Runtime;
using Dsl.Training;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Zoo.Tests.Models;

/// <summary>Layers that are run again on the way back give the same loss and the same gradients, to the bit, or are refused.</summary>
public sealed class CheckpointedLayerTests
{
    private static readonly string[] Texts = ["input_ids", "decoder_input_ids", "attention_mask"];

    /// <summary>Whose layers read what an encoder gives, distances, or a bias that layers share.</summary>
    private static readonly string[] Refused = ["Bart", "T5", "T0", "Deberta"];

    public static TheoryData<string> Names =>
    [
        // A head alone has its family's layers.
        .. TinyConfigs.All.Values.Where(tiny => tiny.Name != tiny.Entry.Name && Inputs(tiny) is var inputs
                && inputs.Contains("input_ids") && inputs.All(Texts.Append("token_type_ids").Contains))
            .Select(tiny => tiny.Name).Order(),
    ];

    [Theory]
    [MemberData(nameof(Names))]
    public void GradientsAreTheSameToTheBit(string name)
    {
        TinyCase tiny = TinyConfigs.All[name];
        foreach (ScalarType dtype in new[] { ScalarType.Float64, ScalarType.Float32 })
        {
            using IModel model = Made(tiny, dtype);
            if (Refused.Any(family => tiny.Entry.Name.Contains(family, StringComparison.Ordinal)))
            {
                model.Weights.CheckpointsActivations = true;
                string message = Assert.Throws<NotSupportedException>(() => Train(model)).Message;
                Assert.Matches("^the layers at '.+' read '.+' beside what the layer before gives, .+: run without it$", message);
                continue;
            }

            Dictionary<string, byte[]> kept = Train(model);
            model.Weights.CheckpointsActivations = true;
            Dictionary<string, byte[]> again = Train(model);
            Assert.True(model.Weights.CheckpointedLayers > 0, "no layer was run again");
            Assert.Equal(kept.Keys.Order(), again.Keys.Order());
            Assert.All(kept, pair => Assert.True(pair.Value.AsSpan().SequenceEqual(again[pair.Key]), $"{dtype} {pair.Key}"));
        }
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void AdaptersAreTrainedTheSame(bool fourBits, bool anotherMode)
    {
        using IModel model = Made(TinyConfigs.All["llama3"], ScalarType.Float32);
        if (fourBits)
        {
            Quantisation.ToNf4(model);
        }

        Dsl.Runtime.Adapters.Add(model, new AdapterOptions { Targets = ["o_proj"], Rank = 2 }, "other");
        Dsl.Runtime.Adapters.Add(model, new AdapterOptions { Targets = [AdapterOptions.AllLinear], Rank = 2, Dropout = 0.2 });
        using (no_grad())
        {
            foreach (Weight weight in model.Weights.All.Where(weight => weight.Key.Contains("lora_B", StringComparison.Ordinal)))
            {
                weight.Value.normal_(std: 0.1);
            }
        }

        // What was in use on the way there is in use on the way back, whatever is in use in between.
        void Between()
        {
            if (anotherMode)
            {
                model.Module.eval();
            }
        }

        Dictionary<string, byte[]> kept = Train(model, between: Between);
        model.Weights.CheckpointsActivations = true;
        Dictionary<string, byte[]> again = Train(model, between: Between);
        Assert.True(kept.Count >= 2 * 2 * 7);
        Assert.Equal(kept.Keys.Order(), again.Keys.Order());
        Assert.All(kept, pair => Assert.True(pair.Value.AsSpan().SequenceEqual(again[pair.Key]), pair.Key));
    }

    [Fact]
    public void AnAdapterThatIsChosenForACallIsChosenOnTheWayBack()
    {
        using IModel model = Made(TinyConfigs.All["llama3"], ScalarType.Float32);
        Dsl.Runtime.Adapters.Add(model, new AdapterOptions { Targets = ["q_proj"], Rank = 2 }, "first");
        Dsl.Runtime.Adapters.Add(model, new AdapterOptions { Targets = ["q_proj"], Rank = 2 }, "second");
        model.Weights.CheckpointsActivations = true;
        IDisposable chosen = Dsl.Runtime.Adapters.Use(model, "first");
        Dictionary<string, byte[]> gradients = Train(model, between: chosen.Dispose);
        Assert.All(gradients.Keys.Where(key => key != "loss"), key => Assert.Contains(".first.", key));
        Assert.True(gradients.Count > 1);
    }

    [Fact]
    public void GradientsThatAreThereAreAddedTo()
    {
        using IModel model = Made(TinyConfigs.All["albert"], ScalarType.Float32);
        Dictionary<string, byte[]> Twice()
        {
            Train(model);
            return Train(model, zero: false);
        }

        Dictionary<string, byte[]> kept = Twice();
        model.Weights.CheckpointsActivations = true;
        Dictionary<string, byte[]> again = Twice();
        Assert.All(kept, pair => Assert.True(pair.Value.AsSpan().SequenceEqual(again[pair.Key]), pair.Key));
    }

    [Fact]
    public void DrawsAreThoseThatCameWithoutIt()
    {
        using IModel model = Made(TinyConfigs.All["gpt2, scaled by layer"], ScalarType.Float32);
        byte[] Next()
        {
            Train(model);
            using Tensor next = rand(4);
            return next.bytes.ToArray();
        }

        byte[] kept = Next();
        model.Weights.CheckpointsActivations = true;
        Assert.Equal(kept, Next());
    }

    [Fact]
    public void NothingIsRunAgainWhereNoGradientIsWanted()
    {
        using IModel model = Made(TinyConfigs.All["llama3"], ScalarType.Float32);
        model.Weights.CheckpointsActivations = true;
        using (no_grad())
        using (Tensor ids = randint(2, 99, [2, 8], dtype: ScalarType.Int64))
        using (model.Run(new Dictionary<string, Tensor> { ["input_ids"] = ids }, "logits")["logits"])
        {
            Assert.Equal(0, model.Weights.CheckpointedLayers);
        }
    }

    [Fact]
    public void ATrainersStepsAreTheSameAndLeaveNothingBehind()
    {
        var corpus = new TokenCorpus("rhyme", string.Concat(Enumerable.Repeat("twinkle twinkle little star, how I wonder what you are. ", 12)));
        var options = new TrainingOptions { Steps = 30, Batch = 2, Context = 8, WarmUp = 1, Accumulate = 2 };
        double[] Losses(bool again)
        {
            using IModel model = Made(TinyConfigs.All["gpt2, scaled by layer"], ScalarType.Float32);
            using var trainer = new Trainer(model, corpus, options with { CheckpointActivations = again });
            double[] losses = [.. Enumerable.Range(0, 8).Select(_ => trainer.Next().Loss)];
            long live = Live;
            losses = [.. losses, .. Enumerable.Range(0, 22).Select(_ => trainer.Next().Loss)];
            Assert.InRange(Live, 0, live);
            return losses;
        }

        Assert.Equal(Losses(again: false), Losses(again: true));
    }

    private static long Live => DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount;

    /// <summary>Loss and gradients of one step, by their keys.</summary>
    private static Dictionary<string, byte[]> Train(IModel model, bool zero = true, Action? between = null)
    {
        manual_seed(5);
        model.Module.train();
        if (zero)
        {
            model.Module.zero_grad();
        }

        using DisposeScope scope = NewDisposeScope();
        Tensor ids = randint(2, 40, [3, 9], dtype: ScalarType.Int64), mask = ones([3, 9], dtype: ScalarType.Int64);
        mask[1, 8] = 0;
        mask[2, 0] = 0;
        Dictionary<string, Tensor> inputs = model.Inputs.Where(Texts.Contains).ToDictionary(name => name, name => name == "attention_mask" ? mask : ids);
        Tensor loss = zeros([]);

        // What the first layer reads is an output, too: its gradient would be another order of the same sum.
        foreach (Tensor output in model.Run(inputs, [.. model.Outputs.Where(name => name != "hidden0")]).Values.Where(output => output.requires_grad))
        {
            Tensor weights = randn_like(output), product = output * weights;
            loss = loss.Plus(product.sum());
        }

        between?.Invoke();
        loss.backward();
        var found = new Dictionary<string, byte[]> { ["loss"] = [.. loss.bytes] };
        foreach (Weight weight in model.Weights.All)
        {
            if (weight.Value.grad is { } gradient)
            {
                Tensor straight = gradient.contiguous();
                found[weight.Key] = [.. straight.bytes];
            }
        }

        return found;
    }

    private static IModel Made(TinyCase tiny, ScalarType dtype)
    {
        manual_seed(1);
        IModel model = tiny.Entry.Create(tiny.Config, dtype);

        // Weights are drawn when they are first asked for.
        Assert.All(model.Weights.All, weight => Assert.NotNull(weight.Value));
        return model;
    }

    private static IReadOnlyList<string> Inputs(TinyCase tiny)
    {
        using IModel outline = tiny.Entry.Build(tiny.Config, new Weights(ScalarType.Float32, META));
        return outline.Inputs;
    }
}
