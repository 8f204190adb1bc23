using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Dsl.Runtime.Tests.Numerics;
using TorchSharp;
using TorchSharp.Modules;
using Xunit;
using static TorchSharp.torch;

namespace Dsl.Runtime.Tests.Modules;

[Collection("Draws")]
public class GeneratedModuleTests
{
    private static readonly string[] Names =
    [
        "model.embed.weight",
        .. new[] { 0, 1 }.SelectMany(i => new[]
        {
            "norm1.weight", "attn.q.weight", "attn.q.bias", "attn.k.weight", "attn.k.bias", "attn.v.weight", "attn.v.bias", "attn.o.weight", "attn.o.bias",
            "norm2.weight", "norm2.bias",
            "mlp.gate.weight", "mlp.up.weight", "mlp.down.weight",
        }.Select(name => $"model.layers.{i}.{name}")),
        "model.norm.weight",
    ];

    private static Tensor Ids(int seed = 1, int rows = 2, int length = 7)
    {
        var random = new Random(seed);
        return torch.tensor(Enumerable.Range(0, rows * length).Select(_ => (long)random.Next(29)).ToArray(), [rows, length]);
    }

    [Fact]
    public void StateDictHoldsExactlyTheKeys()
    {
        using var model = new TinyModel(new TinyConfig());
        Assert.Equal(Names, model.state_dict().Keys);
        Assert.Equal(Names, model.named_parameters().Select(pair => pair.name));
        Assert.Equal(Names.Length, model.parameters().Count());
        Assert.Empty(model.named_buffers());
        Assert.True(model.has_parameter("model.layers.1.attn.q.weight"));
        Assert.Equal([12, 29], model.get_parameter("head.weight").shape.Reverse());
        using var free = new TinyModel(new TinyConfig(Tied: false));
        Assert.Equal([.. Names, "head.weight"], free.state_dict().Keys);
    }

    [Fact]
    public void ParametersAreLeavesThatShareThePackedStorage()
    {
        using var model = new TinyModel(new TinyConfig());
        Dictionary<string, Tensor> state = model.state_dict();
        Assert.All(state.Values, weight => Assert.True(weight.is_leaf && weight.requires_grad));
        AssertPacked(model);
    }

    [Fact]
    public void ConversionKeepsTiesPacksAndValues()
    {
        torch.random.manual_seed(3);
        using var model = new TinyModel(new TinyConfig());
        using Tensor ids = Ids();
        using Tensor before = Quiet(() => model.Forward(ids));
        Dictionary<string, double[]> values = model.state_dict().ToDictionary(pair => pair.Key, pair => Reference.Host(pair.Value));

        model.to(ScalarType.Float64);
        AssertPacked(model);
        Assert.All(model.parameters(), p => Assert.Equal(ScalarType.Float64, p.dtype));
        using Tensor wide = Quiet(() => model.Forward(ids));
        Assert.Equal(ScalarType.Float64, wide.dtype);
        Assert.True(Reference.Error(before, wide) < 1e-5);

        model.to(torch.CPU);
        model.to(torch.CPU, ScalarType.Float32);
        AssertPacked(model);
        Assert.Equal(Names, model.state_dict().Keys);
        Assert.All(model.state_dict(), pair => Assert.Equal(values[pair.Key], Reference.Host(pair.Value)));
        using Tensor after = Quiet(() => model.Forward(ids));
        Assert.Equal(0, Reference.Error(after, before));
    }

    [Fact]
    public void ATrainingStepAfterConversionChangesWhatInferenceMultipliesWith()
    {
        torch.random.manual_seed(4);
        using var model = new TinyModel(new TinyConfig());
        model.to(ScalarType.Float64);
        model.train();
        using Tensor ids = Ids();
        using optim.Optimizer optimizer = torch.optim.AdamW(model.parameters(), 1e-2);
        double first = 0, loss = 0;
        for (int step = 0; step < 30; step++)
        {
            optimizer.zero_grad();
            using Tensor logits = model.Forward(ids);
            using Tensor error = Losses.CrossEntropy(logits, ids);
            error.backward();
            Assert.All(model.named_parameters(), pair => Assert.True(pair.parameter.grad is not null, pair.name));
            optimizer.step();
            loss = error.item<double>();
            first = step == 0 ? loss : first;
        }

        Assert.True(loss < first / 3, $"{first} -> {loss}");
        AssertPacked(model);

        // In inference the packed storage is multiplied, while gradients come from the parameters: both must have seen the steps.
        using Tensor recorded = model.Forward(ids);
        using Tensor packed = Quiet(() => model.Forward(ids));
        Assert.True(Reference.Error(packed, recorded) < 1e-12);
    }

    [Fact]
    public void ATiedHeadHasOneGradientOfBothUses()
    {
        using var model = new TinyModel(new TinyConfig(), ScalarType.Float64);
        using Tensor ids = Ids(5, 1, 3);
        double error = Reference.GradientError(
            () =>
            {
                using Tensor logits = model.Forward(ids);
                return Losses.CrossEntropy(logits, ids);
            },
            [.. model.parameters()]);
        Assert.True(error < 1e-6, $"{error}");
    }

    [Fact]
    public void SaveAndLoadThroughTorchSharp()
    {
        using Tensor ids = Ids();
        torch.random.manual_seed(1);
        using var source = new TinyModel(new TinyConfig(Tied: false));
        torch.random.manual_seed(2);
        using var target = new TinyModel(new TinyConfig(Tied: false), ScalarType.Float64);
        string file = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        try
        {
            source.save(file);
            target.load(file);
        }
        finally
        {
            File.Delete(file);
        }

        source.to(ScalarType.Float64);
        using Tensor expected = Quiet(() => source.Forward(ids));
        using Tensor got = Quiet(() => target.Forward(ids));
        Assert.Equal(0, Reference.Error(got, expected));
        AssertPacked(target);
    }

    [Fact]
    public void LoadingAStateReportsEveryMisfitAndChangesNothing()
    {
        using var model = new TinyModel(new TinyConfig());
        double[] before = Reference.Host(model.get_parameter("model.embed.weight"));
        Dictionary<string, Tensor> state = model.state_dict().ToDictionary(pair => pair.Key, pair => pair.Value.detach().Plus(1));
        state.Remove("model.norm.weight");
        state["strange"] = torch.ones(3);
        state["model.layers.0.attn.q.bias"] = torch.ones(5);
        string message = Assert.Throws<InvalidOperationException>(() => model.load_state_dict(state)).Message;
        Assert.Contains("missing model.layers.0.attn.q.bias, model.norm.weight", message);
        Assert.Contains("unexpected strange", message);
        Assert.Contains("'model.layers.0.attn.q.bias' is [5], expected [16]", message);
        Assert.Equal(before, Reference.Host(model.get_parameter("model.embed.weight")));
        state.Remove("model.layers.0.attn.q.bias");
        (IList<string> missing, IList<string> unexpected) = model.load_state_dict(state, strict: false);
        Assert.Equal(["model.layers.0.attn.q.bias", "model.norm.weight"], missing);
        Assert.Equal(["strange"], unexpected);
        Assert.Equal(before.Select(x => (double)(float)(x + 1)), Reference.Host(model.get_parameter("model.embed.weight")).Select(x => (double)(float)x));
    }

    [Fact]
    public void ATiedHeadMayStandInAFileUnderItsOwnName()
    {
        using var model = new TinyModel(new TinyConfig());
        Dictionary<string, Tensor> state = model.state_dict().ToDictionary(pair => pair.Key, pair => pair.Value.detach().clone());
        state["head.weight"] = state["model.embed.weight"];
        Assert.True(state.Remove("model.embed.weight"));
        (IList<string> missing, IList<string> unexpected) = model.load_state_dict(state);
        Assert.Empty(missing);
        Assert.Empty(unexpected);
    }

    [Fact]
    public void NamingAKeyTwiceNeedsShared()
    {
        var weights = new Weights();
        weights.At("a").Product("b", 3, 4, bias: false);
        Assert.Contains("'a.b.weight'", Assert.Throws<InvalidOperationException>(() => weights.Tensor("a.b.weight", [4, 3])).Message);
        Assert.Same(weights.Shared("a.b.weight"), weights.At("c").Shared("/a.b.weight"));
        Assert.Contains("'c.x'", Assert.Throws<InvalidOperationException>(() => weights.At("c").Shared("x")).Message);
        Assert.Equal(12, weights.Count);
    }

    [Fact]
    public void SeedsAndRulesDecideTheNumbers()
    {
        double[] Draw(bool forward)
        {
            torch.random.manual_seed(9);
            var weights = new Weights();
            weights.Initialize("*.o.weight", Initializer.Normal(3));
            weights.Initialize("model.norm.weight", Initializer.Of("ramp", index => index[0] / 2.0));
            using var model = new TinyModel(new TinyConfig(), weights);
            if (forward)
            {
                // Whoever asks first doesn't change the order of drawing.
                _ = model.get_parameter("model.layers.1.mlp.down.weight").shape;
            }

            return [.. model.state_dict().Values.SelectMany(Reference.Host)];
        }

        double[] numbers = Draw(false);
        Assert.Equal(numbers, Draw(true));
        using var model = new TinyModel(new TinyConfig());
        model.Weights.Initialize("*.attn.o.weight", Initializer.Constant(2));
        Assert.All(Reference.Host(model.get_parameter("model.layers.0.attn.o.weight")), x => Assert.Equal(2, x));
        Assert.All(Reference.Host(model.get_parameter("model.layers.0.attn.o.bias")), x => Assert.Equal(0, x));
        Assert.All(Reference.Host(model.get_parameter("model.layers.0.norm1.weight")), x => Assert.Equal(1, x));
        double deviation = Math.Sqrt(Reference.Host(model.get_parameter("model.embed.weight")).Average(x => x * x));
        Assert.InRange(deviation, 0.015, 0.025);
    }

    [Fact]
    public void AnOrdinaryModuleIsAdopted()
    {
        using Linear inner = nn.Linear(3, 4);
        var weights = new Weights();
        weights.At("a").Adopt("b", inner);
        Assert.Equal(["a.b.weight", "a.b.bias"], weights.All.Select(weight => weight.Key));
        using var model = new Holder(weights);
        model.to(ScalarType.Float64);
        Assert.Equal(ScalarType.Float64, weights.Shared("a.b.weight").Value.dtype);
        using Tensor x = torch.ones(2, 3, dtype: ScalarType.Float64);
        Assert.Equal(ScalarType.Float64, inner.call(x).dtype);
    }

    private static Tensor Quiet(Func<Tensor> run)
    {
        using IDisposable off = torch.no_grad();
        return run();
    }

    /// <summary>Writing into the storage of q shows in what inference multiplies with, and writing k doesn't touch q.</summary>
    private static void AssertPacked(GeneratedModule model)
    {
        using IDisposable off = torch.no_grad();
        foreach (string[] group in new[] { new[] { "attn.q", "attn.k", "attn.v" }, ["mlp.gate", "mlp.up"] })
        {
            foreach (string part in new[] { "weight", "bias" })
            {
                Parameter[] members = [.. group.Select(name => model.get_parameter($"model.layers.1.{name}.{part}")).OfType<Parameter>()];
                for (int i = 1; i < members.Length; i++)
                {
                    long bytes = members[i - 1].numel() * members[i - 1].element_size();
                    Assert.Equal(Address(members[i - 1]) + bytes, Address(members[i]));
                }
            }
        }
    }

    private static unsafe long Address(Tensor tensor)
    {
        fixed (byte* at = &tensor.bytes[0])
        {
            return (long)at;
        }
    }

    private sealed class Holder(Weights weights) : GeneratedModule("holder", weights);
}
