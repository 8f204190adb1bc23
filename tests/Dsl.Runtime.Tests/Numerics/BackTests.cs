using System;
using System.Linq;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Dsl.Runtime.Tests.Numerics;

/// <summary>The written-out ways back, which learning within a sequence takes, against autograd: once, and through themselves.</summary>
public sealed class BackTests
{
    public static TheoryData<string> Activations => [.. Activation.Known.Select(name => Activation.Of(name).Name).Distinct()];

    [Theory]
    [MemberData(nameof(Activations))]
    public void OfActivations(string name)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        var function = Activation.Of(name);
        Tensor x = (Reference.Random(1, 64) * Scalars.Of(4)).Plus(0.01).detach();
        Compare(x, at => function.Apply(at), (at, gradient) => function.Back(at, gradient));
    }

    [Theory]
    [InlineData(NormKind.Layer)]
    [InlineData(NormKind.RootMeanSquare)]
    public void OfNorms(NormKind kind)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        var weights = new Weights(ScalarType.Float64);
        Norm norm = weights.Norm(kind, weights.Tensor("w", [2, 5]), weights.Tensor("b", [2, 5]), 5, 1e-5, spans: [2, 5]);
        weights.Initialize("*", Initializer.Uniform(-1, 1));
        Compare(Reference.Random(1, 3, 2, 5), norm.Apply, norm.Back);
    }

    [Fact]
    public void OfProducts()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        var weights = new Weights(ScalarType.Float64);
        Product product = weights.Product("p", 5, 4, true, "in out");
        GroupedProduct grouped = weights.GroupedProduct([("h", 2)], 5, 4, "w", "h in out", "b", "h out");
        weights.Initialize("*", Initializer.Uniform(-1, 1));
        Tensor x = Reference.Random(1, 3, 2, 5);
        Compare(x, y => product.Apply(y), (_, gradient) => product.Back(gradient));
        Compare(x, grouped.Apply, (_, gradient) => grouped.Back(gradient));
    }

    private static void Compare(Tensor at, Func<Tensor, Tensor> function, Func<Tensor, Tensor, Tensor> back)
    {
        Tensor x = at.clone().requires_grad_(), y = function(x), gradient = Reference.Random(7, [.. y.shape]), probe = Reference.Random(8, [.. x.shape]);
        using Tensor given = gradient.clone().requires_grad_();
        Tensor expected = torch.autograd.grad([(y * gradient).sum()], [x])[0], got = back(x, given);
        Assert.True(Reference.Error(got, expected) < 1e-12);

        // Through itself: by the gradient that came in it is linear; by the place it must equal central differences.
        (got * probe).sum().backward();
        using IDisposable off = torch.no_grad();
        Tensor Along(Tensor place, Tensor incoming) => (back(place, incoming) * probe).sum();
        Tensor step = Reference.Random(9, [.. x.shape]), change = Reference.Random(10, [.. gradient.shape]);
        const double Small = 1e-6;
        Tensor small = step * Scalars.Of(Small);
        double byPlace = (Along(at.Plus(small), gradient) - Along(at - small, gradient)).item<double>() / (2 * Small);
        double byGradient = Along(at, change).item<double>();
        Assert.Equal(byGradient, (given.grad! * change).sum().item<double>(), 1e-10);
        Assert.Equal(byPlace, x.grad is { } own ? (own * step).sum().item<double>() : 0, 1e-6 * Math.Max(1, Math.Abs(byPlace)));
    }
}
