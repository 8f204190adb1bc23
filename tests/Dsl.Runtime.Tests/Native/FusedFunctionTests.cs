using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Dsl.Runtime.Native;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Dsl.Runtime.Tests.Native;

public class FusedFunctionTests
{
    private static Tensor Leaf(int seed, ScalarType dtype, params long[] shape) =>
        randn(shape, dtype: dtype, generator: new Generator((ulong)seed)).requires_grad_();

    /// <summary>(a b, a + b): two results, two inputs; throws in backward when told to.</summary>
    private sealed class ProductAndSum(bool fails = false) : FusedFunction
    {
        public static int Backwards;

        protected override Tensor[] Forward(Tensor?[] inputs)
        {
            Save(inputs[0], inputs[1]);
            return [inputs[0]! * inputs[1]!, inputs[0]!.Plus(inputs[1]!)];
        }

        protected override Tensor?[] Backward(Tensor?[] gradients, Tensor?[] saved)
        {
            Backwards++;
            if (fails)
            {
                throw new InvalidTimeZoneException("from inside");
            }
            return [Needs(0) ? Part(saved[1]!) : null, Needs(1) ? Part(saved[0]!) : null];

            Tensor? Part(Tensor other) => (gradients[0], gradients[1]) switch
            {
                ({ } product, { } sum) => (product * other).Plus(sum),
                ({ } product, null) => product * other,
                (null, { } sum) => sum * Scalars.Of(1),
                _ => null,
            };
        }
    }

    /// <summary>exp(x), from its saved result.</summary>
    private sealed class Exponential : FusedFunction
    {
        protected override Tensor[] Forward(Tensor?[] inputs)
        {
            var result = inputs[0]!.exp();
            Save(result);
            return [result];
        }

        protected override Tensor?[] Backward(Tensor?[] gradients, Tensor?[] saved) => [gradients[0]! * saved[0]!];
    }

    [Theory]
    [InlineData(ScalarType.Float32, true, true)]
    [InlineData(ScalarType.Float64, true, true)]
    [InlineData(ScalarType.Float64, true, false)]
    [InlineData(ScalarType.Float64, false, true)]
    public void Gradients_equal_those_of_plain_autograd(ScalarType dtype, bool usesProduct, bool usesSum)
    {
        var (a, b, c, d) = (Leaf(1, dtype, 3, 4), Leaf(2, dtype, 3, 4), Leaf(1, dtype, 3, 4), Leaf(2, dtype, 3, 4));
        var results = FusedFunction.Apply(new ProductAndSum(), a, b);
        Loss(results[0], results[1]).backward();
        Loss(c * d, c.Plus(d)).backward();
        Near.Assert(c.grad!, a.grad, 1e-6);
        Near.Assert(d.grad!, b.grad, 1e-6);

        Tensor Loss(Tensor product, Tensor sum) =>
            (usesProduct ? product.Square().sum() : torch.zeros(1, dtype: dtype))
                .Plus(usesSum ? sum.pow(Scalars.Of(3)).sum() : torch.zeros(1, dtype: dtype));
    }

    [Fact]
    public void Only_what_is_needed_is_differentiated_and_nothing_under_no_grad()
    {
        var (a, b) = (Leaf(1, ScalarType.Float32, 3), torch.ones(3));
        FusedFunction.Apply(new ProductAndSum(), a, b)[0].sum().backward();
        Near.Assert(torch.ones(3), a.grad);
        Assert.Null(b.grad);
        using (no_grad())
        {
            Assert.False(FusedFunction.Apply(new ProductAndSum(), a, b)[0].requires_grad);
        }
        Assert.False(FusedFunction.Apply(new ProductAndSum(), b, b)[0].requires_grad);
    }

    [Fact]
    public void A_saved_result_does_not_keep_the_graph_alive()
    {
        var x = Leaf(1, ScalarType.Float64, 5);
        Step();
        long before = LiveTensors;
        for (int i = 0; i < 20; i++)
        {
            Step();
        }
        Assert.Equal(before, LiveTensors);

        void Step()
        {
            using var scope = NewDisposeScope();
            using (var y = FusedFunction.Apply(new Exponential(), x)[0])
            {
                FusedFunction.Differentiate(y.sum());
                Near.Assert(x.exp(), x.grad, 1e-12);
            }
            x.grad!.zero_();
        }
    }

    [Fact]
    public void An_exception_inside_surfaces_as_itself()
    {
        var a = Leaf(1, ScalarType.Float32, 2, 3);
        var loss = FusedFunction.Apply(new ProductAndSum(fails: true), a.exp(), a)[0].sum();
        var e = Assert.Throws<InvalidTimeZoneException>(() => FusedFunction.Differentiate(loss));
        Assert.Equal("from inside", e.Message);
        Assert.Contains(nameof(ProductAndSum), e.StackTrace, StringComparison.Ordinal);
        Assert.Null(a.grad);

        // Nothing of it lingers.
        FusedFunction.Differentiate(FusedFunction.Apply(new ProductAndSum(), a, a)[0].sum());
        Near.Assert(a * Scalars.Of(2), a.grad);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(0)]
    public void An_exception_inside_ends_a_plain_backward_too(int dimensions)
    {
        var a = Leaf(1, ScalarType.Float32, [.. Enumerable.Repeat(3L, dimensions)]);
        var loss = FusedFunction.Apply(new ProductAndSum(fails: true), a, a.exp())[0].sum();
        Assert.ThrowsAny<Exception>(() => loss.backward());
        Assert.Null(a.grad);
    }

    [Fact]
    public void A_second_backward_is_refused_in_a_sentence()
    {
        var a = Leaf(1, ScalarType.Float32, 3);
        var loss = FusedFunction.Apply(new ProductAndSum(), a, a)[0].sum();
        loss.backward(retain_graph: true);
        var e = Assert.Throws<InvalidOperationException>(() => FusedFunction.Differentiate(loss));
        Assert.Equal("ProductAndSum was differentiated before: what it had saved is freed, so run the forward pass again.", e.Message);
    }

    [Fact]
    public void A_second_derivative_is_refused_in_a_sentence()
    {
        var a = Leaf(1, ScalarType.Float32, 3);
        var loss = FusedFunction.Apply(new ProductAndSum(), a, a)[0].sum();
        Assert.ThrowsAny<Exception>(() => loss.backward(create_graph: true));
        Assert.Null(a.grad);
    }

    [Fact]
    public async Task Gradients_survive_the_finalizer_and_leave_nothing_behind()
    {
        using var stop = new CancellationTokenSource();
        var stress = Task.Run(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
            }
        });
        var (x, w1, w2) = (Leaf(1, ScalarType.Float32, 4, 8), Leaf(2, ScalarType.Float32, 16, 8), Leaf(3, ScalarType.Float32, 8, 16));
        Tensor[]? expected = null;
        long count = 0;
        for (int i = 0; i < 500; i++)
        {
            using (var scope = NewDisposeScope())
            {
                var hidden = FusedLinear.Apply(x, w1, null, FusedActivation.Gelu);
                var results = FusedFunction.Apply(new ProductAndSum(), FusedLinear.Apply(hidden, w2), x);
                FusedFunction.Differentiate(results[0].sum().Plus(results[1].Square().sum()));
                Tensor[] gradients = [x.grad!, w1.grad!, w2.grad!];
                expected ??= [.. gradients.Select(g => scope.Detach(g.clone()))];
                foreach (var (wanted, gradient) in expected.Zip(gradients))
                {
                    Near.Assert(wanted, gradient, 1e-6);
                    gradient.zero_();
                }
            }
            count = i == 0 ? LiveTensors : count;
            Assert.Equal(count, LiveTensors);
        }
        await stop.CancelAsync();
        await stress;
    }

    private static long LiveTensors => DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount;

    public static IEnumerable<object[]> Linears =>
        from activation in Enum.GetValues<FusedActivation>() from biased in new[] { false, true } select new object[] { activation, biased };

    [Theory]
    [MemberData(nameof(Linears))]
    public void FusedLinear_equals_plain_autograd(FusedActivation activation, bool biased)
    {
        var plain = Inputs();
        var fused = Inputs();
        var expected = StableCTests.Activate(functional.linear(plain[0]!, plain[1]!, plain[2]), activation);
        Assert.True(FusedLinear.IsAvailable(fused[0]!, fused[1]!));
        var actual = FusedLinear.Apply(fused[0]!, fused[1]!, fused[2], activation);
        Near.Assert(expected, actual);
        var weights = randn([2, 5, 17], generator: new Generator(7));
        (expected * weights).sum().backward();
        FusedFunction.Differentiate((actual * weights).sum());
        for (int i = 0; i < (biased ? 3 : 2); i++)
        {
            Near.Assert(plain[i]!.grad!, fused[i]!.grad);
        }
        using (no_grad())
        {
            Near.Assert(expected, FusedLinear.Apply(fused[0]!, fused[1]!, fused[2], activation));
        }

        Tensor?[] Inputs() => [Leaf(1, ScalarType.Float32, 2, 5, 24), Leaf(2, ScalarType.Float32, 17, 24), biased ? Leaf(3, ScalarType.Float32, 17) : null];
    }

    [Fact]
    public void FusedLinear_is_for_float32_on_the_CPU()
    {
        Assert.False(FusedLinear.IsAvailable(torch.ones(2, 2, dtype: ScalarType.Float64), torch.ones(2, 2, dtype: ScalarType.Float64)));
        Assert.False(FusedLinear.IsAvailable(torch.ones(2, 2, device: META), torch.ones(2, 2, device: META)));
    }
}
