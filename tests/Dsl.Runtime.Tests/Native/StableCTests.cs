using System;
using System.Linq;
using System.Threading;
using Dsl.Runtime.Native;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Dsl.Runtime.Tests.Native;

public class StableCTests
{
    private static Tensor Random(int seed, params long[] shape) => torch.randn(shape, generator: new Generator((ulong)seed));

    private static Tensor Plain(Tensor q, Tensor k, Tensor v, Tensor? mask, double scale) =>
        ((q.matmul(k.transpose(-1, -2)) * Scalars.Of(scale)) is var scores && mask is { } m
                ? scores.masked_fill(m.logical_not(), Scalars.Of(double.NegativeInfinity)) : scores)
            .softmax(-1).matmul(v);

    [Fact]
    public void This_platform_has_every_function()
    {
        Assert.True(StableC.HasOperators);
        Assert.True(StableC.HasLinear);
        Assert.True(StableC.HasLinearAdd);
        Assert.True(StableC.HasParallelFor);
    }

    [Theory]
    [InlineData(false, 0.3)]
    [InlineData(true, 0.3)]
    [InlineData(true, null)]
    public void Attention_and_its_gradients_equal_the_plain_form(bool causal, double? scale)
    {
        var plain = Leaves();
        var fused = Leaves();
        var mask = causal ? torch.ones(5, 5).tril().to(ScalarType.Bool) : null;
        var expected = Plain(plain[0], plain[1], plain[2], mask, scale ?? 1 / Math.Sqrt(8));
        var actual = StableC.ScaledDotProductAttention(fused[0], fused[1], fused[2], causal: causal, scale: scale);
        Near.Assert(expected, actual);
        var weights = Random(9, 2, 3, 5, 8);
        (expected * weights).sum().backward();
        (actual * weights).sum().backward();
        for (int i = 0; i < 3; i++)
        {
            Near.Assert(plain[i].grad!, fused[i].grad);
        }

        static Tensor[] Leaves() => [.. Enumerable.Range(0, 3).Select(i => Random(i, 2, 3, 5, 8).requires_grad_())];
    }

    [Fact]
    public void Attention_takes_a_mask_and_grouped_heads()
    {
        var (q, k, v) = (Random(1, 2, 4, 5, 8), Random(2, 2, 2, 6, 8), Random(3, 2, 2, 6, 8));
        var mask = Random(4, 2, 1, 5, 6).gt(Scalars.Of(-0.5));
        mask[.., .., .., 0] = torch.tensor(true);
        var expected = Plain(q, k.repeat_interleave(2, 1), v.repeat_interleave(2, 1), mask, 1 / Math.Sqrt(8));
        Near.Assert(expected, StableC.ScaledDotProductAttention(q, k, v, mask, groupedHeads: true));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void RmsNorm_and_its_gradients_equal_the_plain_form(bool weighted)
    {
        var plain = Random(1, 3, 4, 16).requires_grad_();
        var fused = Random(1, 3, 4, 16).requires_grad_();
        var plainWeight = weighted ? Random(2, 16).requires_grad_() : null;
        var fusedWeight = weighted ? Random(2, 16).requires_grad_() : null;
        var expected = plain * torch.rsqrt(plain.Square().mean([-1], keepdim: true).Plus(1e-3));
        expected = plainWeight is null ? expected : expected * plainWeight;
        var actual = StableC.RmsNorm(fused, fusedWeight, 1e-3);
        Near.Assert(expected, actual);
        var weights = Random(3, 3, 4, 16);
        (expected * weights).sum().backward();
        (actual * weights).sum().backward();
        Near.Assert(plain.grad!, fused.grad);
        if (weighted)
        {
            Near.Assert(plainWeight!.grad!, fusedWeight!.grad);
        }
    }

    public static TheoryData<FusedActivation> AllActivations => [.. Enum.GetValues<FusedActivation>()];

    [Theory]
    [MemberData(nameof(AllActivations))]
    public void Linear_equals_the_plain_form_with_each_activation(FusedActivation activation)
    {
        var (x, weight, bias) = (Random(1, 2, 5, 24), Random(2, 17, 24), Random(3, 17));
        Near.Assert(Activate(functional.linear(x, weight, bias), activation), StableC.Linear(x, weight, bias, activation));
        Near.Assert(Activate(functional.linear(x, weight), activation), StableC.Linear(x, weight, null, activation));
    }

    [Fact]
    public void Linear_reads_views_of_any_strides()
    {
        var (x, weight) = (Random(1, 24, 2, 5).permute(1, 2, 0), Random(2, 24, 17).t());
        Near.Assert(functional.linear(x, weight), StableC.Linear(x, weight));
    }

    [Fact]
    public void LinearAdd_adds_and_leaves_what_it_adds_alone()
    {
        var (x, weight, bias, other) = (Random(1, 2, 5, 24), Random(2, 17, 24), Random(3, 17), Random(4, 2, 5, 17));
        var before = other.clone();
        Near.Assert(functional.linear(x, weight, bias).Plus(other), StableC.LinearAdd(x, weight, bias, other));
        Near.Assert(functional.linear(x, weight).Plus(other), StableC.LinearAdd(x, weight, null, other));
        Assert.True(before.eq(other).all().item<bool>());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(64)]
    public void A_reordered_weight_gives_the_same_product(long rows)
    {
        // On a CPU where oneDNN's packed product is wrong, HasReorder says no, and nothing packs.
        if (!StableC.HasReorder)
        {
            return;
        }

        var (x, weight, bias) = (Random(1, rows, 96), Random(2, 80, 96), Random(3, 80));
        using var packed = StableC.ReorderLinearWeight(weight, rows);
        Near.Assert(functional.linear(x, weight, bias), StableC.Linear(x, packed, bias));
        Near.Assert(functional.linear(x[..1], weight, bias), StableC.Linear(x[..1], packed, bias));
    }

    [Fact]
    public void Widths_that_do_not_fit_are_an_error_that_names_both()
    {
        var e = Assert.Throws<ArgumentException>(() => StableC.Linear(Random(1, 5, 23), Random(2, 17, 24)));
        Assert.StartsWith("The input has 23 columns, but the weight multiplies 24.", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_operator_that_fails_is_named()
    {
        var e = Assert.Throws<TorchOperatorException>(() => Call());
        Assert.Equal("aten::no_such_operator", e.Operator);
        Assert.Equal("libtorch's operator aten::no_such_operator failed; it wrote the cause to standard error.", e.Message);

        static void Call() => new StableCall(stackalloc ulong[1]).Invoke("aten::no_such_operator"u8, ""u8);
    }

    [Fact]
    public void FusedAdamW_takes_the_steps_of_TorchSharps_AdamW()
    {
        var plain = new[] { new TorchSharp.Modules.Parameter(Random(1, 4, 5)), new TorchSharp.Modules.Parameter(Random(2, 7)) };
        var fused = plain.Select(p => p.detach().clone()).ToArray();
        var averages = fused.Select(p => zeros_like(p)).ToArray();
        var squares = fused.Select(p => zeros_like(p)).ToArray();
        var steps = fused.Select(_ => zeros(1)[0]).ToArray();
        var optimizer = optim.AdamW(plain, lr: 0.01, beta1: 0.9, beta2: 0.95, eps: 1e-8, weight_decay: 0.1);
        for (int step = 0; step < 5; step++)
        {
            var gradients = plain.Select((p, i) => Random(10 + 2 * step + i, p.shape)).ToArray();
            for (int i = 0; i < plain.Length; i++)
            {
                plain[i].grad = gradients[i].clone();
                steps[i].Increase(1);
            }
            optimizer.step();
            using var half = torch.tensor(0.5f);
            var doubled = gradients.Select(g => g * Scalars.Of(0.5)).ToArray();
            StableC.FusedAdamW(fused, doubled, averages, squares, steps, 0.01, 0.9, 0.95, 0.1, 1e-8, half);
            Near.Assert(gradients[0], doubled[0]);
        }
        Near.Assert(plain[0], fused[0], 2e-6);
        Near.Assert(plain[1], fused[1], 2e-6);
    }

    [Fact]
    public void Version_counts_writes_in_place()
    {
        using var x = torch.zeros(3);
        long before = StableC.Version(x);
        x.Increase(1);
        Assert.Equal(before + 1, StableC.Version(x));
        using var view = x[..2];
        view.mul_(Scalars.Of(2));
        Assert.Equal(before + 2, StableC.Version(x));
    }

    [Fact]
    public void ParallelFor_visits_each_index_once()
    {
        int[] visits = new int[10_000];
        StableC.ParallelFor(0, visits.Length, 100, (begin, end) =>
        {
            for (long i = begin; i < end; i++)
            {
                Interlocked.Increment(ref visits[i]);
            }
        });
        Assert.All(visits, count => Assert.Equal(1, count));
        StableC.ParallelFor(5, 5, 1, (_, _) => Assert.Fail("There is nothing to visit."));
    }

    [Fact]
    public void ParallelFor_throws_what_a_body_threw()
    {
        var e = Assert.Throws<InvalidOperationException>(() =>
            StableC.ParallelFor(0, 1000, 10, (begin, _) => throw new InvalidOperationException($"from {(begin >= 0 ? "inside" : "")}")));
        Assert.Equal("from inside", e.Message);
    }

    [Fact]
    public void Results_belong_to_the_dispose_scope_and_no_call_leaks()
    {
        var (x, weight) = (Random(1, 4, 8), Random(2, 8, 8));
        Run();
        long before = LiveTensors;
        for (int i = 0; i < 50; i++)
        {
            Run();
        }
        Assert.Equal(before, LiveTensors);

        void Run()
        {
            using var scope = NewDisposeScope();
            StableC.Linear(x, weight);
            StableC.LinearAdd(x, weight, null, x);
            StableC.RmsNorm(x, null, 1e-5);
            StableC.ReorderLinearWeight(weight, 4);
        }
    }

    private static long LiveTensors => DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount;

    internal static Tensor Activate(Tensor x, FusedActivation activation) => activation switch
    {
        FusedActivation.Relu => x.relu(),
        FusedActivation.Gelu => functional.gelu(x),
        FusedActivation.GeluTanh => functional.gelu(x, TorchSharp.Modules.GELU.Approximate.tanh),
        FusedActivation.Silu => functional.silu(x),
        FusedActivation.Sigmoid => x.sigmoid(),
        FusedActivation.Tanh => x.tanh(),
        _ => x,
    };
}
