using System;
using System.Linq;
using CsCheck;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Dsl.Runtime.Tests.Numerics;

public class NumericsTests
{
    private static readonly (string Name, Func<double, double> Function)[] Functions =
    [
        (Activation.Identity, x => x),
        (Activation.Gelu, x => x * 0.5 * (1 + Erf(x / Math.Sqrt(2)))),
        (Activation.GeluTanh, x => 0.5 * x * (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * (x + (0.044715 * x * x * x))))),
        (Activation.QuickGelu, x => x / (1 + Math.Exp(-1.702 * x))),
        (Activation.Relu, x => Math.Max(x, 0)),
        (Activation.ReluSquared, x => Math.Max(x, 0) * Math.Max(x, 0)),
        (Activation.Silu, x => x / (1 + Math.Exp(-x))),
        (Activation.Sigmoid, x => 1 / (1 + Math.Exp(-x))),
        (Activation.Tanh, Math.Tanh),
        (Activation.Softplus, x => x > 20 ? x : Math.Log(1 + Math.Exp(x))),
    ];

    [Fact]
    public void ActivationsEqualTheirFormulas()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        Tensor x = torch.linspace(-8, 25, 400, ScalarType.Float64), value = Reference.Random(1, 400);
        foreach ((string name, Func<double, double> function) in Functions)
        {
            double[] expected = [.. Reference.Host(x).Select(function)];
            Assert.True(Reference.Error(Reference.Host(Activation.Of(name).Apply(x)), expected) < 1e-14, name);
            Assert.True(Reference.Error(Reference.Host(Activation.Of(name).ApplyOwned(x.clone())), expected) < 1e-14, name);
            double[] gated = [.. expected.Zip(Reference.Host(value), (a, b) => a * b)];
            Assert.True(Reference.Error(Reference.Host(Activations.Gate(value, x, name)), gated) < 1e-14, name);
            Tensor leaf = Reference.Random(2, 7).requires_grad_();
            Assert.True(Reference.GradientError(() => Activations.Gate(value.narrow(0, 0, 7), leaf, name).sum(), leaf) < 1e-8, name);
        }

        Assert.Equal(Functions.Length, Activation.Known.Select(name => Activation.Of(name).Name).Distinct().Count());
    }

    [Fact]
    public void ActivationsAreFoundByTheirPublishedNames()
    {
        Assert.Equal(Activation.Silu, Activation.Of("swish").Name);
        Assert.Equal(Activation.GeluTanh, Activation.Of("gelu_pytorch_tanh").Name);
        Assert.Equal(Activation.Identity, default(Activation).Name);
        string message = Assert.Throws<ArgumentException>(() => Activation.Of("sliu")).Message;
        Assert.StartsWith("Unknown activation 'sliu': expected one of gelu, ", message);
    }

    [Fact]
    public void ProductsEqualLoops() =>
        (from rows in Gen.Int[1, 4]
         from @in in Gen.Int[1, 5]
         from @out in Gen.Int[1, 5]
         from stored in Gen.Int[0, 4].Select(i => new[] { "out in", "in out", "out in 1", "out 1 in", "in 1 out" }[i])
         from bias in Gen.Bool
         from act in Gen.Int[0, Functions.Length - 1]
         select (rows, @in, @out, stored, bias, act)).Sample(
            c =>
            {
                using DisposeScope scope = torch.NewDisposeScope();
                var weights = new Weights(ScalarType.Float64);
                Product product = weights.Product("p", c.@in, c.@out, c.bias, c.stored);
                weights.Initialize("p.*", Initializer.Uniform(-1, 1));
                Tensor x = Reference.Random(1, 2, c.rows, c.@in), residual = Reference.Random(2, 2, c.rows, c.@out);
                double[] xs = Reference.Host(x), w = Reference.Host(product.Weight.Value),
                    b = c.bias ? Reference.Host(product.Bias!.Value) : new double[c.@out], add = Reference.Host(residual);
                var expected = new double[2 * c.rows * c.@out];
                for (int i = 0; i < expected.Length; i++)
                {
                    int o = i % c.@out;
                    expected[i] = b[o];
                    for (int j = 0; j < c.@in; j++)
                    {
                        expected[i] += xs[(i / c.@out * c.@in) + j] * (c.stored.StartsWith("out") ? w[(o * c.@in) + j] : w[(j * c.@out) + o]);
                    }
                }

                foreach (bool recorded in new[] { true, false })
                {
                    using IDisposable mode = torch.set_grad_enabled(recorded);
                    Assert.True(Reference.Error(Reference.Host(product.Apply(x)), expected) < 1e-12);
                    Assert.True(Reference.Error(Reference.Host(product.Apply(x, Functions[c.act].Name)),
                        [.. expected.Select(Functions[c.act].Function)]) < 1e-12);
                    Assert.True(Reference.Error(Reference.Host(product.ApplyAdd(x, residual)), [.. expected.Zip(add, (p, q) => p + q)]) < 1e-12);
                    Assert.Equal(add, Reference.Host(residual));
                }
            },
            iter: 150);

    [Fact]
    public void GradientsOfProductsEqualDifferences()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        foreach (string stored in new[] { "out in", "in out" })
        {
            var weights = new Weights(ScalarType.Float64);
            Product product = weights.Product("p", 3, 4, true, stored);
            Products packed = weights.Products(["q", "k"], 4, [2, 6], true);
            weights.Initialize("*", Initializer.Uniform(-1, 1));
            Tensor x = Reference.Random(1, 2, 3).requires_grad_(), residual = Reference.Random(2, 2, 4).requires_grad_(), weight = Reference.Random(3, 2, 8);
            double error = Reference.GradientError(
                () =>
                {
                    Tensor y = product.ApplyAdd(x, residual), z = product.Apply(x, Activation.GeluTanh);
                    (Tensor q, Tensor k) = packed.Apply2(y * z);
                    return (torch.cat([q, k], -1) * weight).sum();
                },
                [x, residual, .. weights.All.Select(w => w.Value)]);
            Assert.True(error < 1e-7, $"{stored}: {error}");
        }
    }

    [Fact]
    public void PackedProductsEqualSeparateOnes()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        foreach (bool[] bias in new[] { new[] { true, true, true }, [false, false, false], [true, false, true] })
        {
            var weights = new Weights(ScalarType.Float64);
            Products products = weights.Products(["q", "k", "v"], 3, [4, 2, 5], bias);
            weights.Initialize("*", Initializer.Uniform(-1, 1));
            Assert.Equal(bias.Distinct().Count() == 1, products.Packed);
            Tensor x = Reference.Random(1, 2, 6, 3);
            Tensor[] recorded = products.Apply(x);
            using IDisposable off = torch.no_grad();
            Tensor[] quiet = products.Apply(x);
            for (int i = 0; i < 3; i++)
            {
                Assert.True(Reference.Error(quiet[i], recorded[i]) < 1e-14);
                Assert.True(Reference.Error(quiet[i], products.Parts[i].Apply(x)) < 1e-14);
            }

            Assert.Contains(weights.Explain(), row => row.Implementation == (products.Packed ? "packed" : "one by one"));
        }

        var other = new Weights();
        Assert.False(other.Products(["a", "b"], 3, [2, 2], false, stored: "in out").Packed);
    }

    [Fact]
    public void NormsEqualLoops()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        foreach (NormKind kind in Enum.GetValues<NormKind>())
        {
            foreach ((bool weighted, bool biased, bool spans) in new[] { (true, true, false), (true, false, false), (false, false, false), (true, true, true) })
            {
                var weights = new Weights(ScalarType.Float64);
                long[] shape = spans ? [3, 5] : [5];
                Weight? w = weighted ? weights.Tensor("w", shape, Initializer.Uniform(-1, 1)) : null, b = biased ? weights.Tensor("b", shape,
                    Initializer.Uniform(-1, 1)) : null;
                Norm norm = weights.Norm(kind, w, b, 5, 1e-3);
                Tensor x = Reference.Random(1, 2, 3, 5).requires_grad_(), outer = Reference.Random(4, 2, 3, 5);
                double[] xs = Reference.Host(x), expected = new double[30];
                for (int row = 0; row < 6; row++)
                {
                    double[] line = xs[(row * 5)..((row * 5) + 5)];
                    double mean = kind == NormKind.Layer ? line.Average() : 0, scale = 1 / Math.Sqrt(line.Average(v => (v - mean) * (v - mean)) + 1e-3);
                    for (int i = 0; i < 5; i++)
                    {
                        int at = spans ? (row % 3 * 5) + i : i;
                        double factor = w is null ? 1 : Reference.Host(w.Value)[at], offset = b is null ? 0 : Reference.Host(b.Value)[at];
                        expected[(row * 5) + i] = ((line[i] - mean) * scale * factor) + offset;
                    }
                }

                Assert.True(Reference.Error(Reference.Host(norm.Apply(x)), expected) < 1e-13, $"{kind} {weighted} {biased} {spans}");
                using (torch.no_grad())
                {
                    Assert.True(Reference.Error(Reference.Host(norm.Apply(x)), expected) < 1e-13, $"{kind} {weighted} {biased} {spans}");
                    Assert.Equal(xs, Reference.Host(x));
                }

                double error = Reference.GradientError(() => (norm.Apply(x) * outer).sum(), [x, .. weights.All.Select(weight => weight.Value)]);
                Assert.True(error < 1e-7, $"{kind} {weighted} {biased} {spans}: {error}");
            }
        }
    }

    [Fact]
    public void HalfTypesAreNormalisedInFloat32AndCastBackBeforeTheWeight()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        var weights = new Weights(ScalarType.BFloat16);
        Norm norm = weights.RmsNorm("n", 64, 1e-6);
        weights.Initialize("n.weight", Initializer.Uniform(-2, 2));
        Tensor x = (Reference.Random(1, 3, 64) * Scalars.Of(300)).to(ScalarType.BFloat16);
        Tensor wide = x.to(ScalarType.Float32);
        Tensor normed = (wide * torch.rsqrt(wide.Square().mean([-1], true).Plus(1e-6))).to(ScalarType.BFloat16);
        Tensor y = norm.Apply(x);
        Assert.Equal(ScalarType.BFloat16, y.dtype);
        Assert.Equal(Reference.Host(normed * weights.Shared("n.weight").Value), Reference.Host(y));
    }

    [Fact]
    public void EmbeddingsReadRowsAndSumGradients()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        var weights = new Weights(ScalarType.Float64);
        Embedding embedding = weights.Embedding("e", 5, 3);
        Tensor ids = torch.tensor(new long[] { 4, 0, 4, 1 }, [2, 2]), outer = Reference.Random(1, 2, 2, 3);
        Tensor y = embedding.Apply(ids);
        Assert.Equal([2, 2, 3], y.shape);
        double[] table = Reference.Host(embedding.Weight.Value);
        Assert.Equal(new[] { 4, 0, 4, 1 }.SelectMany(row => table[(row * 3)..((row * 3) + 3)]), Reference.Host(y));
        Assert.True(Reference.GradientError(() => (embedding.Apply(ids) * outer).sum(), embedding.Weight.Value) < 1e-8);
    }

    [Fact]
    public void PositionsCountFromTheFirstRealToken()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        var weights = new Weights(ScalarType.Float64);
        PositionEmbedding positions = weights.Positional("p", 8, 2, offset: 2);
        double[] table = Reference.Host(positions.Weight.Value);
        Tensor ids = torch.zeros(2, 4, dtype: ScalarType.Int64), mask = torch.tensor(new long[] { 0, 0, 1, 1, 1, 1, 1, 0 }, [2, 4]);
        using Pass plain = Pass.Over(ids);
        Assert.Equal(table[4..12], Reference.Host(positions.Apply(plain)));
        using Pass padded = Pass.Over(ids, mask);
        Assert.Equal(new[] { 0, 0, 0, 1, 0, 1, 2, 3 }.SelectMany(p => table[((p + 2) * 2)..((p + 3) * 2)]), Reference.Host(positions.Apply(padded)));
        using Pass tooLong = Pass.Over(torch.zeros(1, 7, dtype: ScalarType.Int64));
        Assert.Equal("The sequence reaches 7 tokens, but the position table 'p.weight' has rows for 6.",
            Assert.Throws<InvalidOperationException>(() => positions.Apply(tooLong)).Message);
    }

    [Fact]
    public void CrossEntropyIsTheMeanOverWhatIsNotIgnored()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        Tensor logits = (Reference.Random(1, 2, 3, 7) * Scalars.Of(4)).requires_grad_();
        Tensor targets = torch.tensor(new long[] { 1, -100, 6, 0, 3, -100 }, [2, 3]);
        double[] rows = Reference.Host(logits);
        double expected = new[] { (0, 1), (2, 6), (3, 0), (4, 3) }.Average(at =>
        {
            double[] line = rows[(at.Item1 * 7)..((at.Item1 * 7) + 7)];
            return Math.Log(line.Sum(Math.Exp)) - line[at.Item2];
        });
        Assert.Equal(expected, Losses.CrossEntropy(logits, targets).item<double>(), 1e-13);
        Assert.True(Reference.GradientError(() => Losses.CrossEntropy(logits, targets), logits) < 1e-8);

        // A row that is left out may hold anything.
        Tensor broken = logits.detach().clone();
        broken[0, 1, 3] = torch.tensor(double.NaN);
        broken.requires_grad_();
        Losses.CrossEntropy(broken, targets).backward();
        Assert.All(Reference.Host(broken.grad!), x => Assert.True(double.IsFinite(x)));

        // More rows than fit one block.
        Tensor large = torch.randn(100, 30000).requires_grad_(), same = large.detach().clone().requires_grad_(), picks = torch.randint(30000, 100,
            dtype: ScalarType.Int64);
        Tensor whole = nn.functional.cross_entropy(same, picks), blocks = Losses.CrossEntropy(large, picks);
        Assert.Equal(whole.item<float>(), blocks.item<float>(), 1e-5);
        whole.backward();
        blocks.backward();
        Assert.True(Reference.Error(large.grad!, same.grad!) < 1e-5);
        Assert.Contains("6 tokens and 5 targets", Assert.Throws<ArgumentException>(() => Losses.CrossEntropy(logits, torch.zeros(5,
            dtype: ScalarType.Int64))).Message);
    }

    [Fact]
    public void PoolingSkipsPadding()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        Tensor x = Scalars.Range(16, ScalarType.Float64).view(2, 4, 2), mask = torch.tensor(new long[] { 0, 0, 1, 1, 1, 1, 1, 0 }, [2, 4]);
        using Pass plain = Pass.Over(x);
        using Pass padded = Pass.Over(x, mask);
        Assert.Equal([0, 1, 8, 9], Reference.Host(Pool.First(x, plain)));
        Assert.Equal([6, 7, 14, 15], Reference.Host(Pool.Last(x, plain)));
        Assert.Equal([3, 4, 11, 12], Reference.Host(Pool.Mean(x, plain)));
        Assert.Equal([4, 5, 8, 9], Reference.Host(Pool.First(x, padded)));
        Assert.Equal([6, 7, 12, 13], Reference.Host(Pool.Last(x, padded)));
        Assert.Equal([5, 6, 10, 11], Reference.Host(Pool.Mean(x, padded)));
        Assert.Equal(Reference.Host(x), Reference.Host(padded.Expand(padded.Compact(x))));
    }

    [Fact]
    public void DropoutIsATensorOfItsOwn()
    {
        using Tensor x = torch.ones(1, 1000);
        using Pass still = Pass.Over(x);
        using Pass trains = Pass.Over(x, training: true);
        using (Tensor same = Dropout.Apply(x, 0.5, still))
        {
            Assert.NotSame(x, same);
        }

        using Tensor dropped = Dropout.Apply(x, 0.25, trains);
        double[] values = Reference.Host(dropped);
        Assert.All(values, v => Assert.True(v == 0 || Math.Abs(v - (4 / 3.0)) < 1e-6));
        Assert.InRange(values.Count(v => v == 0), 180, 320);
        Assert.All(Reference.Host(x), v => Assert.Equal(1, v));
    }

    [Fact]
    public void ShapesThatCannotBeAreRefused()
    {
        var weights = new Weights();
        Assert.Contains("'in out out'", Assert.Throws<ArgumentException>(() => weights.Product("a", 2, 2, false, "in out out")).Message);
        Assert.Contains("every size must be positive", Assert.Throws<ArgumentException>(() => weights.Product("b", 0, 2, false)).Message);
        weights.Embedding("e", 4, 3);
        Assert.Contains("needs a weight of [5, 3], but it is tied to 'e.weight' of [4, 3]", Assert.Throws<InvalidOperationException>(() => weights.Head("h",
            3, 5, "e", true)).Message);
        using Tensor x = torch.ones(2, 7);
        Assert.Contains("2 heads of 3 need a width of 6, not 7", Assert.Throws<ArgumentException>(() => Axes.Heads(x, 2, 3)).Message);
    }

    /// <summary>The error function by its series, exact to rounding where it is needed.</summary>
    private static double Erf(double x)
    {
        if (Math.Abs(x) > 5.9)
        {
            return Math.Sign(x);
        }

        double sum = 0, term = x;
        for (int n = 0; n < 400; n++)
        {
            sum += term / ((2 * n) + 1);
            term *= -x * x / (n + 1);
        }

        double series = 2 / Math.Sqrt(Math.PI) * sum;
        return Math.Abs(x) < 3 ? series : Math.Sign(x) * (1 - Tail(Math.Abs(x)));
    }

    /// <summary>1 - erf(x) for large x, by its continued fraction.</summary>
    private static double Tail(double x)
    {
        double fraction = x;
        for (int n = 60; n >= 1; n--)
        {
            fraction = x + (n / 2.0 / fraction);
        }

        return Math.Exp(-x * x) / (fraction * Math.Sqrt(Math.PI));
    }
}
