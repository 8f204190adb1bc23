using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Scalar;
using Dsl.Runtime;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Dsl.Generators.Tests.Scalar;

public sealed class KernelTests
{
    public static Dictionary<string, int> Sizes(string text) => text.Split(' ').Select(p => p.Split('=')).ToDictionary(p => p[0], p => int.Parse(p[1]));

    [Theory]
    [InlineData("Wkv", "b=2 t=5 d=3")]
    [InlineData("Wkv", "b=1 t=1 d=1")]
    [InlineData("Wkv", "b=3 t=70 d=9")]
    [InlineData("SelectiveScan", "b=2 t=5 d=3 n=4")]
    [InlineData("SelectiveScan", "b=2 t=40 d=17 n=1")]
    [InlineData("Retention", "b=2 h=3 t=7 v=5 k=4")]
    [InlineData("Gla", "b=2 h=2 t=9 v=8 k=3")]
    [InlineData("DeltaRule", "b=2 h=2 t=9 v=6 k=4")]
    [InlineData("Hgrn", "b=2 t=30 d=6")]
    [InlineData("StateSpace", "b=2 t=6 d=3 n=4")]
    [InlineData("Step", "b=2 t=6 d=3 n=4")]
    public void Every_form_equals_the_function(string name, string sizes)
    {
        var harness = new KernelHarness(ScalarReaderTests.Declared, name);
        harness.Check(Sizes(sizes), 1, Tame);
        harness.Check(Sizes(sizes), 2, Tame, padded: true);
    }

    internal static Tensor Tame(ScalarParameter p, Tensor x) => p.Name switch
    {
        "delta" => x.abs().Plus(0.1),
        "b" when p.ByRef => x.abs().Plus(0.5),
        "A" => torch.stack([x.select(-1, 0).abs().neg().Plus(-0.3), x.select(-1, 1)], -1),
        "step" => x.abs() * Scalars.Of(0.3),
        _ => x,
    };

    public const string Branches = """
        [Recurrence("b t d", State = "b d [n]")]
        public static double Relu(Span<double> s, ref double peak, double x, [Axes("d n")] ReadOnlySpan<double> w, [Axes("b t n")] ReadOnlySpan<double> g, C c)
        {
            double y = 0, gain = c.Cap;
            if (x > peak) { double step = x - peak; peak = 0.5 * peak + Sqrt(step); y = Log(step) * 0.1; }
            else if (x < -0.5) { peak *= 0.9; y = Pow(-x, 0.5); }
            for (int n = 0; n < s.Length; n++)
            {
                double input = g[n] > 0 ? Sqrt(g[n]) * w[n] : w[n] / (g[n] - 1);
                if (input > 0.2) s[n] = 0.5 * s[n] + input * x; else { s[n] = Tanh(s[n] + input); y += s[n]; }
                if (n > 0) y += 0.3 * s[n] * s[n - 1] * w[n - 1]; 
                gain = gain * 0.9 + Sigmoid(s[n]);
            }
            for (int n = s.Length - 2; n >= 0; n--) s[n] += 0.1 * s[n + 1] * gain;
            return Helper(y, peak) + Max(x, s[0]) * Min(peak, 0.3) + Abs(x) * gain;
        }
        static double Helper(double a, double b) { if (a > b) return a * b; double c = b - a; return c * c; }

        [Recurrence("t b", State = "b")]
        public static double NoLanes(ref double s, double x, [Axes("b")] double w) => s = Softplus(w) * 0.5 * s + Sin(x) * w;

        [Recurrence("b d t", State = "b d")]
        public static double TimeLast(ref double s, double x, [Axes("t d")] double w, [Axes("")] double c) { s = 0.5 * s + x * Cos(w); return s * c; }
        """;

    [Theory]
    [InlineData("Relu", "b=2 t=6 d=5 n=3")]
    [InlineData("Relu", "b=1 t=40 d=1 n=1")]
    [InlineData("NoLanes", "t=9 b=3")]
    [InlineData("TimeLast", "b=2 d=9 t=7")]
    public void Branches_loops_that_look_around_and_odd_axes(string name, string sizes)
    {
        var harness = new KernelHarness(Branches, name);
        harness.Check(Sizes(sizes), 3);
        if (harness.Axes[0] == "b")
        {
            harness.Check(Sizes(sizes), 4, padded: true);
        }
    }

    [Fact]
    public void An_infinite_branch_that_is_not_taken_leaves_no_trace_in_any_gradient()
    {
        var harness = new KernelHarness(
            """
            [Recurrence("b t d", State = "b d")]
            public static double F1(ref double s, double x, [Axes("d")] double w)
            {
                double y = x > 0 ? Log(x) * w : Exp(-1e4 * x * w);
                if (x > 5) { double z = 1 / (x - 6); s += Exp(800 * z) * Sqrt(x - 7); }
                s = 0.5 * s + (x > 0 ? Sqrt(x) : x / (x - x));
                return x > 0 ? y * s : s > 0 ? 1 : 2;
            }
            """, "F1");
        foreach (bool tensors in new[] { false, true })
        {
            using var x = torch.tensor(new[] { 1.0, 2, 0.5, 4, 3, 1, 2, 0.25, 0.125, 5 }).reshape(1, 5, 2).requires_grad_();
            using var w = torch.tensor(new[] { 0.5, -2 }).requires_grad_();
            var (y, _) = harness.Run([x, w], null, null, tensors);
            Assert.True(y.isfinite().all().item<bool>());
            y.sum().backward();
            Assert.True(x.grad!.isfinite().all().item<bool>() && w.grad!.isfinite().all().item<bool>(), harness.Text);
        }
    }

    [Theory]
    [InlineData("Wkv", "b=2 t=0 d=5")]
    [InlineData("SelectiveScan", "b=2 t=0 d=9 n=3")]
    [InlineData("Hgrn", "b=0 t=3 d=5")]
    public void Empty_axes_give_empty_results_and_leave_the_state(string name, string sizes) =>
        new KernelHarness(ScalarReaderTests.Declared, name).Check(Sizes(sizes), 1, Tame, differences: 0);

    [Theory]
    [InlineData("SelectiveScan", "b=2 t=9 d=19 n=5")]
    [InlineData("SelectiveScan", "b=2 t=70 d=8 n=3")]
    [InlineData("DeltaRule", "b=2 h=2 t=9 k=5 v=11")]
    public void How_arguments_lie_in_memory_changes_no_bit(string name, string text)
    {
        var harness = new KernelHarness(ScalarReaderTests.Declared, name);
        var sizes = Sizes(text);
        Tensor[] values = [.. harness.Values.Select(p => Tame(p, torch.randn(harness.ShapeOf(p, sizes), dtype: ScalarType.Float64) * Scalars.Of(0.5)))];
        double[][] Run(Func<Tensor, Tensor> lay)
        {
            Tensor[] leaves = [.. values.Select(v => lay(v.clone()).detach().requires_grad_())];
            var (y, states) = harness.Run(leaves, null);
            states.Aggregate(y.sum(), (sum, state) => sum.Plus(state.sum())).backward();
            return [KernelHarness.Numbers(y), .. states.Select(KernelHarness.Numbers), .. leaves.Select(l => KernelHarness.Numbers(l.grad!))];
        }

        static Tensor Reversed(Tensor x) => x.permute([.. Enumerable.Range(0, (int)x.dim()).Reverse().Select(i => (long)i)]);
        double[][] dense = Run(x => x);
        Assert.Equal(dense, Run(x => Reversed(Reversed(x).contiguous())));
        Assert.Equal(dense, Run(x => torch.stack([x, x.Plus(1)], dim: -1).select(-1, 0)));
    }

    [Fact]
    public void The_same_threads_give_the_same_bits_and_float_is_near_double()
    {
        var harness = new KernelHarness(ScalarReaderTests.Declared, "SelectiveScan");
        var sizes = Sizes("b=3 t=200 d=37 n=5");
        Tensor[] values = [.. harness.Values.Select(p => Tame(p, torch.randn(harness.ShapeOf(p, sizes), dtype: ScalarType.Float64) * Scalars.Of(0.5)))];
        double[][] Gradients(ScalarType type)
        {
            Tensor[] leaves = [.. values.Select(v => v.to(type).clone().requires_grad_())];
            var (y, _) = harness.Run(leaves, null);
            y.sum().backward();
            return [KernelHarness.Numbers(y), .. leaves.Select(l => KernelHarness.Numbers(l.grad!))];
        }

        double[][] first = Gradients(ScalarType.Float32);
        double[][] second = Gradients(ScalarType.Float32);
        double[][] wide = Gradients(ScalarType.Float64);
        for (int i = 0; i < first.Length; i++)
        {
            Assert.Equal(first[i], second[i]);
            harness.Equal(wide[i], first[i], 1e-5, "float against double");
        }
    }

    [Fact]
    public void Shapes_that_do_not_fit_are_named()
    {
        var harness = new KernelHarness(ScalarReaderTests.Declared, "Hgrn");
        var error = Assert.Throws<ArgumentException>(() => harness.Run([torch.zeros(2, 3, 4), torch.zeros(2, 3, 5)], null));
        Assert.Equal("logForget of Hgrn is 5 along 'd', where another argument is 4.", error.Message);
        error = Assert.Throws<ArgumentException>(() => harness.Run([torch.zeros(2, 3, 4), torch.zeros(2, 3)], null));
        Assert.Equal("logForget of Hgrn has the shape [2, 3], but should have the axes 'b t d'.", error.Message);
    }

    [Theory]
    [InlineData(
        "[Recurrence(\"b t d\", State = \"b d [n]\")] public static double G(Span<double> s, double x, [Axes(\"d n\")] ReadOnlySpan<double> w) { double y = 0; for (int i = 0; i < s.Length; i++) for (int j = 0; j < s.Length; j++) y += s[i] * s[j]; return y; }",
        "loop inside a loop")]
    [InlineData("[Recurrence(\"b d\", State = \"b d\")] public static double G(ref double s, double x) => s += x;", "time as 't'")]
    [InlineData("[Recurrence(\"b t d\", State = \"b n\")] public static double G(ref double s, double x) => s += x;", "outside its brackets")]
    [InlineData("[Recurrence(\"b t d\", State = \"b d\")] public static double G(ref double s, ReadOnlySpan<double> x) => s += x[0];", "must say its axes")]
    [InlineData("[Recurrence(\"b t d\", State = \"b d\")] public static double G(ref double s, [Axes(\"b t q\")] double x) => s += x;", "an axis 'q'")]
    [InlineData("[Recurrence(\"b t d\", State = \"b d [n]\")] public static double G(Span<double> s, double x, [Axes(\"d n\")] ReadOnlySpan<double> w) { double y = 0; for (int i = 0; i < s.Length; i++) y += H(s[i]); return y; }"
        + " static double H(double x) { double y = 0; for (int j = 0; j < 3; j++) y += x; return y; }", "loop inside a loop")]
    [InlineData("[Recurrence(\"b t d\", State = \"b d\")] public static double G(ref double s, double x, int head) => s += head * x;", "int position, int layer")]
    [InlineData(
        "[Recurrence(\"b t d\", State = \"b d [n] [m]\")] public static double G(Span<double> s, double x) => s[0] += x;", "more than one axis in brackets")]
    public void What_has_no_kernel_says_why(string member, string why)
    {
        Assert.Contains(why, ScalarSource.Refusal(member, "G").Message);
    }
}
