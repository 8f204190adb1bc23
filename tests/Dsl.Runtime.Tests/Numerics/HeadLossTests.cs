using System;
using System.IO;
using System.Linq;
using Dsl.Runtime.Native;
using Dsl.Runtime.Tests.Checkpoints;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Dsl.Runtime.Tests.Numerics;

/// <summary>Cross entropy over what a head reads, against torch's own over whole logits.</summary>
public sealed class HeadLossTests
{
    private const int Width = 5, Vocabulary = 7;
    private static readonly long[] Some = [1, -100, 6, 0, 3, -100];

    /// <summary>Blocks of one row, of rows that divide four counted ones and that do not, and one block for all.</summary>
    public static TheoryData<ScalarType, bool, int> Cases
    {
        get
        {
            var cases = new TheoryData<ScalarType, bool, int>();
            foreach (ScalarType dtype in new[] { ScalarType.Float64, ScalarType.Float32, ScalarType.BFloat16 })
            {
                foreach (int rows in new[] { 1, 2, 3, 100 })
                {
                    cases.Add(dtype, rows != 2, rows);
                }
            }

            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void LossAndGradientsAreThoseOfWholeLogits(ScalarType dtype, bool bias, int rows)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using var blocks = new Blocks(rows * Vocabulary);
        Product head = Head(dtype, bias);
        Compare(head, Hidden(dtype, 2, 3), torch.tensor(Some, [2, 3]));
        Compare(head, Hidden(dtype, 1), torch.tensor(new long[] { 4 }));
        Compare(head, Hidden(dtype, 5), torch.tensor(new long[] { 4, 0, 6, 6, 1 }));
        Compare(head, Hidden(dtype, 5), torch.tensor(new long[] { 4, 2, 6, 2, 1 }), ignore: 2);
    }

    [Theory]
    [InlineData("in out")]
    [InlineData("1 out in")]
    public void HoweverTheWeightIsStored(string stored)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using var blocks = new Blocks(2 * Vocabulary);
        torch.manual_seed(3);
        Product head = new Weights(ScalarType.Float64).Product("head", Width, Vocabulary, bias: true, stored);
        Compare(head, Hidden(ScalarType.Float64, 2, 3), torch.tensor(Some, [2, 3]));
    }

    [Fact]
    public void AWeightOfAPackHasItsOwnGradient()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.manual_seed(3);
        Products both = new Weights(ScalarType.Float64).Products(["a", "b"], Width, [3, Vocabulary], bias: true);
        Assert.True(both.Packed);
        Compare(both.Parts[1], Hidden(ScalarType.Float64, 2, 3), torch.tensor(Some, [2, 3]));
        Assert.Null(both.Parts[0].Weight.Value.grad);
    }

    [Fact]
    public void ATiedHeadAddsToTheEmbeddingsGradient()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.manual_seed(3);
        var weights = new Weights(ScalarType.Float64);
        Embedding embedding = weights.Embedding("embed", Vocabulary, Width);
        Product head = weights.Head("head", Width, Vocabulary, tiedTo: "embed", tied: true);
        Tensor ids = torch.tensor(new long[] { 1, 2, 2, 6 }), next = torch.tensor(new long[] { 2, 2, -100, 0 });
        Tensor Gradient(Func<Tensor, Tensor> loss)
        {
            embedding.Weight.Value.grad = null;
            loss(embedding.Apply(ids)).backward();
            return embedding.Weight.Value.grad!.clone();
        }

        Tensor expected = Gradient(x => nn.functional.cross_entropy(head.Apply(x), next));
        Assert.True(Reference.Error(Gradient(x => Losses.CrossEntropy(x, head, next)), expected) < 1e-13);
    }

    [Fact]
    public void WhatIsFrozenHasNoGradient()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        Product head = Head(ScalarType.Float64, bias: true);
        Tensor targets = torch.tensor(Some, [2, 3]), hidden = Hidden(ScalarType.Float64, 2, 3);
        head.Weight.Trainable = false;
        Compare(head, hidden, targets);
        Assert.Null(head.Weight.Value.grad);
        Assert.NotNull(head.Bias!.Value.grad);

        head.Bias.Trainable = false;
        head.Bias.Value.grad = null;
        Compare(head, hidden, targets);
        Assert.Null(head.Bias.Value.grad);

        head.Weight.Trainable = true;
        Tensor fixedHidden = hidden.detach();
        Losses.CrossEntropy(fixedHidden, head, targets).backward();
        Assert.Null(fixedHidden.grad);
        Assert.NotNull(head.Weight.Value.grad);
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void WhatStandsInARowThatIsLeftOutIsNotRead(double value)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        Product head = Head(ScalarType.Float64, bias: true);
        Tensor targets = torch.tensor(Some, [2, 3]), hidden = Hidden(ScalarType.Float64, 2, 3), broken = hidden.detach().clone();
        double expected = Losses.CrossEntropy(hidden, head, targets).item<double>();
        broken[0, 1] = torch.full([Width], Scalars.Of(value), dtype: ScalarType.Float64);
        broken.requires_grad_();
        Tensor loss = Losses.CrossEntropy(broken, head, targets);
        loss.backward();
        Assert.Equal(expected, loss.item<double>());
        Assert.All(Reference.Host(broken.grad!), x => Assert.True(double.IsFinite(x)));
        Assert.Equal(new double[Width], Reference.Host(broken.grad![0, 1]));
        Assert.Equal(new double[Width], Reference.Host(broken.grad![1, 2]));
        Assert.All(Reference.Host(head.Weight.Value.grad!), x => Assert.True(double.IsFinite(x)));
    }

    [Fact]
    public void WhereNothingIsCountedTheLossIsNoNumberAndNothingIsLearned()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        Product head = Head(ScalarType.Float64, bias: true);
        foreach (long rows in new long[] { 0, 4 })
        {
            Tensor hidden = Hidden(ScalarType.Float64, rows);
            Tensor loss = Losses.CrossEntropy(hidden, head, torch.full([rows], Scalars.Of(-100), dtype: ScalarType.Int64));
            Assert.True(double.IsNaN(loss.item<double>()));
            loss.backward();
            Assert.Equal([rows, Width], hidden.grad!.shape);
            Assert.All(new[] { hidden, head.Weight.Value, head.Bias!.Value }, x => Assert.Equal(0, x.grad!.abs().sum().item<double>()));
        }
    }

    [Fact]
    public void AnOuterGradientScalesAndASecondBackwardIsRefused()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        Product head = Head(ScalarType.Float64, bias: true);
        Tensor targets = torch.tensor(Some, [2, 3]), hidden = Hidden(ScalarType.Float64, 2, 3);
        Losses.CrossEntropy(hidden, head, targets).backward();
        Tensor once = head.Weight.Value.grad!.clone();
        head.Weight.Value.grad = null;
        Tensor loss = Losses.CrossEntropy(hidden, head, targets);
        Tensor twice = (loss * Scalars.Of(2)).Plus(loss * Scalars.Of(-5));
        twice.backward(retain_graph: true);
        Assert.True(Reference.Error(head.Weight.Value.grad!, once * Scalars.Of(-3)) < 1e-14);
        Assert.Contains("differentiated before", Assert.Throws<InvalidOperationException>(() => FusedFunction.Differentiate(twice)).Message);
    }

    [Fact]
    public void WithoutGradientsTheLossIsTheSame()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        Product head = Head(ScalarType.Float32, bias: true);
        Tensor targets = torch.tensor(Some, [2, 3]), hidden = Hidden(ScalarType.Float32, 2, 3);
        Tensor recorded = Losses.CrossEntropy(hidden, head, targets);
        using IDisposable off = torch.no_grad();
        Tensor plain = Losses.CrossEntropy(hidden, head, targets);
        Assert.False(plain.requires_grad);
        Assert.Equal(recorded.item<float>(), plain.item<float>());
    }

    [Fact]
    public void OtherNumbersOfTargetsAreRefused()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        Assert.Contains("6 tokens and 5 targets", Assert.Throws<ArgumentException>(() => Losses.CrossEntropy(
            Hidden(ScalarType.Float32, 2, 3), Head(ScalarType.Float32, false), torch.zeros(5, dtype: ScalarType.Int64))).Message);
    }

    [Fact]
    public void NothingIsLeftBehind()
    {
        using var weights = new Disposing();
        Product head = weights.Weights.Product("head", Width, Vocabulary, bias: true);
        using Tensor hidden = torch.randn(6, Width).requires_grad_(), targets = torch.tensor(Some);
        long before = 0;
        for (int i = 0; i < 20; i++)
        {
            before = i == 3 ? Live : before;
            using Tensor loss = Losses.CrossEntropy(hidden, head, targets);
            loss.backward();
        }

        Assert.Equal(before, Live);
    }

    private static long Live => DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount;

    internal static Product Head(ScalarType dtype, bool bias)
    {
        torch.manual_seed(3);
        Product head = new Weights(dtype).Product("head", Width, Vocabulary, bias, init: Initializer.Normal(1));
        if (bias)
        {
            using IDisposable off = torch.no_grad();
            head.Bias!.Value.normal_();
        }

        return head;
    }

    private static Tensor Hidden(ScalarType dtype, params long[] rows) => torch.randn([.. rows, Width], dtype: dtype).requires_grad_();

    private static void Compare(Product head, Tensor hidden, Tensor targets, long ignore = -100)
    {
        Weight?[] weights = [head.Weight, head.Bias];
        (double Loss, Tensor?[] Gradients) Of(Func<Tensor> loss)
        {
            Tensor[] leaves = [hidden, .. weights.OfType<Weight>().Select(weight => weight.Value)];
            foreach (Tensor leaf in leaves)
            {
                leaf.grad = null;
            }

            Tensor value = loss();
            value.backward();
            return (value.to(ScalarType.Float64).item<double>(), [.. leaves.Select(leaf => leaf.grad?.clone())]);
        }

        (double tight, double loose) = hidden.dtype switch { ScalarType.Float64 => (1e-13, 1e-13), ScalarType.Float32 => (1e-6, 1e-5), _ => (1e-2, 3e-2) };
        (double expected, Tensor?[] wholes) = Of(() =>
        {
            Tensor logits = head.Apply(hidden).reshape(-1, Vocabulary);
            Tensor wide = hidden.dtype == ScalarType.BFloat16 ? logits.to(ScalarType.Float32) : logits;
            return nn.functional.cross_entropy(wide, targets.flatten(), ignore_index: ignore);
        });
        (double got, Tensor?[] parts) = Of(() => Losses.CrossEntropy(hidden, head, targets, ignore));
        Assert.InRange(Math.Abs(got - expected) / Math.Abs(expected), 0, tight);
        foreach ((Tensor? part, Tensor? whole) in parts.Zip(wholes))
        {
            Assert.Equal(whole is null, part is null);
            Assert.Equal(whole?.dtype, part?.dtype);
            Assert.True(whole is null || Reference.Error(part!, whole) < loose);
        }
    }

    private sealed class Blocks : IDisposable
    {
        internal Blocks(long numbers) => Losses.LogitsAtOnce = numbers;

        public void Dispose() => Losses.LogitsAtOnce = null;
    }

    private sealed class Disposing : IDisposable
    {
        internal Weights Weights { get; } = new();

        public void Dispose()
        {
            foreach (Weight weight in Weights.All)
            {
                weight.Value.Dispose();
            }
        }
    }
}

/// <summary>Alone, since it looks at the whole process's memory.</summary>
[Collection("Memory")]
public sealed class HeadLossMemoryTests
{
    private const long Megabyte = 1 << 20;

    /// <summary>Logits of all tokens would take 1 GB, and their gradient as much.</summary>
    [Fact]
    public void LogitsAreNeverThereWhole()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        Product head = new Weights().Product("head", 8, 32768, bias: false);
        Tensor targets = torch.randint(32768, 8192, dtype: ScalarType.Int64), hidden = torch.randn(8192, 8).requires_grad_();
        Losses.CrossEntropy(hidden.narrow(0, 0, 512), head, targets.narrow(0, 0, 512)).backward();
        GC.Collect();
        long before = ProcessMemory.ResetPeak();
        Losses.CrossEntropy(hidden, head, targets).backward();
        if (before > 0)
        {
            Assert.InRange(ProcessMemory.Status("VmHWM") - before, -50 * Megabyte, 150 * Megabyte);
        }
    }
}
