using System;
using System.Linq;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Dsl.Runtime.Tests.Numerics;

/// <summary>Weights whose axes in the file are not those that one multiplies with.</summary>
public sealed class StoredTests
{
    [Theory]
    [InlineData("h in out", "h 1 out", "3 4 5", "3 1 5")]
    [InlineData("out in h", "(h out)", "5 4 3", "15")]
    [InlineData("(h out) in", "h out", "15 4", "3 5")]
    public void EachGroupHasItsOwnMap(string stored, string biasStored, string shape, string biasShape)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        var weights = new Weights(ScalarType.Float64);
        GroupedProduct product = weights.GroupedProduct([("h", 3)], 4, 5, "w", stored, "b", biasStored);
        weights.Initialize("*", Initializer.Uniform(-1, 1));
        Assert.Equal(shape, string.Join(' ', product.Weight.Shape));
        Assert.Equal(biasShape, string.Join(' ', product.Bias!.Shape));
        Tensor x = Reference.Random(1, 2, 6, 3, 4), w = product.Weight.Value, b = product.Bias.Value.reshape(3, 5), got = product.Apply(x);
        for (int h = 0; h < 3; h++)
        {
            Tensor map = stored switch { "h in out" => w[h].t(), "out in h" => w[.., .., h], _ => w[(h * 5)..((h * 5) + 5)] };
            Tensor expected = x[.., .., h].matmul(map.t()).Plus(b[h]);
            Assert.True(Reference.Error(got[.., .., h], expected) < 1e-14);
        }
    }

    [Fact]
    public void ABiasMayHaveAxesOfSizeOne()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        var weights = new Weights(ScalarType.Float64);
        Product product = weights.Product("p", 4, 3, true, stored: "out 1 in", biasStored: "out 1");
        weights.Initialize("*", Initializer.Uniform(-1, 1));
        Assert.Equal([3, 1, 4], product.Weight.Shape);
        Assert.Equal([3, 1], product.Bias!.Shape);
        Tensor x = Reference.Random(1, 2, 4);
        Tensor expected = x.matmul(product.Weight.Value[.., 0].t()).Plus(product.Bias.Value[.., 0]);
        foreach (bool recorded in new[] { true, false })
        {
            using IDisposable mode = torch.set_grad_enabled(recorded);
            Assert.True(Reference.Error(product.Apply(x), expected) < 1e-14);
        }
    }

    [Theory]
    [InlineData(NormKind.Layer)]
    [InlineData(NormKind.RootMeanSquare)]
    public void ANormsWeightMaySpanMoreAxesThanItNormalises(NormKind kind)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        var weights = new Weights(ScalarType.Float64);
        Norm norm = weights.Norm(kind, weights.Tensor("w", [6]), weights.Tensor("b", [6]), 3, 1e-5, spans: [2, 3]);
        weights.Initialize("*", Initializer.Uniform(-1, 1));
        Tensor x = Reference.Random(1, 4, 2, 3), centred = kind == NormKind.Layer ? x - x.mean([-1], keepdim: true) : x;
        Tensor expected = (centred / centred.Square().mean([-1], keepdim: true).Plus(1e-5).sqrt() * norm.Weight!.Value.reshape(2, 3))
            .Plus(norm.Bias!.Value.reshape(2, 3));
        Assert.True(Reference.Error(norm.Apply(x), expected) < 1e-14);
    }

    [Theory]
    [InlineData("out")]
    [InlineData("in in out")]
    [InlineData("head in out")]
    public void OtherAxesAreRefused(string stored)
    {
        string message = Assert.Throws<ArgumentException>(() => new Weights().Product("p", 2, 2, false, stored)).Message;
        Assert.StartsWith($"A weight stored as '{stored}' has other axes than 'out in'", message);
    }
}
