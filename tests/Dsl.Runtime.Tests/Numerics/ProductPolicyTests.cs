using System;
using System.Linq;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Dsl.Runtime.Tests.Numerics;

/// <summary>The switches are for the whole process: nothing else computes while one of these tests turns one.</summary>
[CollectionDefinition("Policy", DisableParallelization = true)]
[Collection("Policy")]
public class ProductPolicyTests
{
    [Fact]
    public void EveryImplementationOfAProductGivesTheSame()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using IDisposable off = torch.no_grad();
        foreach (string stored in new[] { "out in", "in out" })
        {
            foreach (int rows in new[] { 1, 5, 40 })
            {
                var weights = new Weights();
                Product product = weights.Product("p", 24, 33, true, stored);
                weights.Initialize("p.*", Initializer.Uniform(-1, 1));
                Tensor wide = torch.randn(2, rows, 30), x = wide.narrow(2, 3, 24), residual = torch.randn(2, rows, 33), one = torch.randn(33);
                double[] Run(bool fused, bool packed) => Policy(fused, packed, () => (double[])
                [
                    .. Reference.Host(product.Apply(x)), .. Reference.Host(product.ApplyAdd(x, residual)), .. Reference.Host(product.ApplyAdd(x, one)),
                    .. Activation.Known.SelectMany(name => Reference.Host(product.Apply(x, name))),
                ]);
                double[] plain = Run(false, false);
                Assert.True(Reference.Error(Run(true, false), plain) < 2e-6, $"{stored} {rows}");
                Assert.True(Reference.Error(Run(true, true), plain) < 2e-6, $"{stored} {rows} packed");

                // Writing to the weight in place makes a packed copy stale; so does a call that records gradients.
                product.Weight.Value.mul_(Scalars.Of(2));
                Assert.True(Reference.Error(Run(true, true), Run(false, false)) < 2e-6, $"{stored} {rows} written");
                weights.Changed();
                Assert.True(Reference.Error(Run(true, true), Run(false, false)) < 2e-6);
            }
        }
    }

    [Fact]
    public void FusedTrainingGivesTheSameGradients()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        foreach (string stored in new[] { "out in", "in out" })
        {
            foreach (string name in new[] { Activation.Identity, Activation.GeluTanh, Activation.Silu, Activation.QuickGelu })
            {
                var weights = new Weights();
                Product product = weights.Product("p", 24, 33, true, stored);
                weights.Initialize("p.*", Initializer.Uniform(-1, 1));
                Tensor x = torch.randn(3, 20, 24).requires_grad_(), residual = torch.randn(3, 20, 33).requires_grad_(), outer = torch.randn(3, 20, 33);
                double[] Run(bool fused)
                {
                    bool before = ProductPolicy.UseFusedTraining;
                    ProductPolicy.UseFusedTraining = fused;
                    try
                    {
                        Tensor[] leaves = [x, residual, .. weights.All.Select(weight => weight.Value)];
                        Array.ForEach(leaves, leaf => leaf.grad = null);
                        Tensor y = product.Apply(x, name).Plus(product.ApplyAdd(x, residual));
                        (y * outer).sum().backward();
                        return [.. Reference.Host(y), .. leaves.SelectMany(leaf => Reference.Host(leaf.grad!))];
                    }
                    finally
                    {
                        ProductPolicy.UseFusedTraining = before;
                    }
                }

                Assert.True(Reference.Error(Run(true), Run(false)) < 3e-6, $"{stored} {name}");
            }
        }
    }

    [Fact]
    public void NormAndAttentionHaveAPlainWay()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        Tensor q = Reference.Random(1, 2, 5, 4, 6), k = Reference.Random(2, 2, 5, 2, 6);
        Norm norm = new Weights(ScalarType.Float64).RmsNorm("n", 6, 1e-3);
        using Pass pass = Pass.Over(q);
        double[] Run(bool fused) => Policy(fused, false, () => (double[])
        [
            .. Reference.Host(norm.Apply(q)), .. Reference.Host(Attention.Attend(q, k, k, MaskRule.Causal, 1.7, pass)),
            .. Reference.Host(Attention.Attend(q, k, k, MaskRule.Band(2), 1.7, pass)),
        ]);
        Assert.True(Reference.Error(Run(true), Run(false)) < 1e-14);
    }

    [Fact]
    public void ExplainNamesTheImplementationAndTheReason()
    {
        var weights = new Weights();
        weights.Product("p", 2, 2, false);
        Assert.Contains(Policy(false, false, weights.Explain().ToList), row => row.Key == "p.weight" && row.Reason.Contains("switched off"));
        Assert.Contains(weights.Explain(), row => row.Implementation.StartsWith(Dsl.Runtime.Native.StableC.HasLinear ? "oneDNN" : "libtorch"));
        var wide = new Weights(ScalarType.Float64);
        wide.Product("p", 2, 2, false);
        Assert.Contains(wide.Explain(), row => row.Reason.Contains("Float64") || !Dsl.Runtime.Native.StableC.HasLinear);
    }

    private static T Policy<T>(bool fused, bool packed, Func<T> run)
    {
        (ProductPolicy.UseFused, ProductPolicy.KeepPackedCopies) = (fused, packed);
        try
        {
            return run();
        }
        finally
        {
            (ProductPolicy.UseFused, ProductPolicy.KeepPackedCopies) = (true, false);
        }
    }
}
