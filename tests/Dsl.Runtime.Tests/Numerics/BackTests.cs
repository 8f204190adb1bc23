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
        Tensor x = (Reference.Random(1, 64) * 4).add(0.01).detach();
        Compare(x, function.Apply, (at, gradient) => function.Back(at, gradient));
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
        Tensor x = at.clone().requires_grad_(), y = function(x), gradient = Reference.Random(7, [.. y.shape]).requires_grad_(), probe = Reference.Random(8, [.. x.shape]);
        Tensor expected = torch.autograd.grad([y], [x], [gradient], create_graph: true)[0];
        Tensor got = back(x, gradient);
        Assert.True(Reference.Error(got, expected) < 1e-12);

        // Once more: by the place and by the gradient that came in.
        if (expected.requires_grad)
        {
            Tensor[] second = [.. torch.autograd.grad([(expected * probe).sum()], [x, gradient], allow_unused: true, retain_graph: true).Select((g, i) => g is null || g.IsInvalid ? torch.zeros_like(i == 0 ? x : gradient) : g)];
            Tensor[] ours = [.. torch.autograd.grad([(got * probe).sum()], [x, gradient], allow_unused: true).Select((g, i) => g is null || g.IsInvalid ? torch.zeros_like(i == 0 ? x : gradient) : g)];
            Assert.True(Reference.Error(ours[1], second[1]) < 1e-11);
            Assert.True((ours[0] - second[0]).abs().max().item<double>() < 1e-10 * Math.Max(1, second[0].abs().max().item<double>()));
        }
    }
}
