using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Scalar;
using Dsl.Runtime;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Dsl.Generators.Tests.Scalar;

/// <summary>Which recurrences are convolutions, and that all of their forms agree: scan, convolution by impulse and by powers, the function itself.</summary>
public sealed class ConvolutionTests
{
    private const string Steps = """
        [Recurrence("b t d", State = "b d")]
        public static double Decay(ref double s, double u, [Axes("d")] double w) { s = Sigmoid(w) * s + (1 - w) * u; return 2 * s - u / 3; }

        [Recurrence("b t d", State = "b d [n]")]
        public static double Chain(Span<double> s, double u, [Axes("d n")] ReadOnlySpan<double> w, C c)
        {
            double carried = u, y = 0;
            for (int n = 0; n < s.Length; n++)
            {
                double old = s[n];
                s[n] = 0.5 * old + carried * Tanh(w[n]) / c.Cap;
                carried = w[n] > 0 ? old : 0.1 * old - s[n];
                y += s[n] * w[n];
            }
            return y - carried;
        }

        [Recurrence("b t h d", State = "b h d [n]")]
        public static double PerRow(Span<Complex> s, double u, [Axes("b h")] double step, [Axes("h n 2")] ReadOnlySpan<Complex> A)
        {
            double y = 0;
            for (int n = 0; n < s.Length; n++) { s[n] = Exp(-Abs(step) * Conj(A[n]) * A[n]) * s[n] + u; y += (A[n] * s[n]).Real; }
            return y;
        }

        [Recurrence("t d", State = "d")]
        public static double TimeFirst(ref double s, ref double r, double u) { r = 0.5 * s; s = -0.3 * r + u; return s; }
        """;

    private const string Refused = """
        [Recurrence("b t d", State = "b d")]
        public static double Bias(ref double s, double u, [Axes("d")] double w) => s = 0.5 * s + u + w;

        [Recurrence("b t d", State = "b d")]
        public static double Gated(ref double s, double u, double g) => s = g * s + u;

        [Recurrence("b t d", State = "b d")]
        public static double Square(ref double s, double u) { s = 0.5 * s + u; return s * s; }

        [Recurrence("b t d", State = "b d")]
        public static double Rectified(ref double s, double u) { s = 0.5 * s + u; return s > 0 ? s : 0; }

        [Recurrence("b t d", State = "b d")]
        public static double Saturated(ref double s, double u) => s = Tanh(s + u);

        [Recurrence("b t d", State = "b d")]
        public static double Started([Start(1)] ref double s, double u) => s = 0.5 * s + u;

        [Recurrence("b t d", State = "b d")]
        public static double Shared(ref double s, [Axes("b t")] double u, [Axes("d")] double w) => s = 0.5 * s + u * w;

        [Recurrence("b t d", State = "b d [n]")]
        public static double Looped(Span<double> s, double u, [Axes("n")] ReadOnlySpan<double> w)
        {
            double y = u;
            for (int n = 0; n < s.Length; n++) { s[n] = y; y += s[n] * y; }
            return y;
        }
        """;

    public static TheoryData<string, string> Sizes => new()
    {
        { "Decay", "b=3 t=1 d=1" },
        { "Decay", "b=2 t=0 d=3" },
        { "Decay", "b=1 t=33 d=9" },
        { "Chain", "b=2 t=2 d=3 n=1" },
        { "Chain", "b=2 t=64 d=5 n=4" },
        { "PerRow", "b=2 h=3 t=7 d=2 n=2" },
        { "PerRow", "b=1 h=1 t=40 d=5 n=1" },
        { "TimeFirst", "t=31 d=4" },
        { "StateSpace", "b=2 t=6 d=3 n=4" },
        { "StateSpace", "b=3 t=45 d=17 n=3" },
        { "Step", "b=2 t=37 d=3 n=4" },
        { "Step", "b=1 t=3 d=1 n=1" },
    };

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Every_form_of_a_linear_recurrence_agrees(string name, string sizes) =>
        Agree(name is "StateSpace" or "Step" ? ScalarReaderTests.Declared : Steps, name, KernelTests.Sizes(sizes), 1);

    [Fact]
    public void Random_sizes_agree()
    {
        var random = new Random(11);
        for (int i = 0; i < 20; i++)
        {
            var (name, members) = (new[] { "Decay", "Chain", "StateSpace", "Step" }[i % 4], i % 4 < 2 ? Steps : ScalarReaderTests.Declared);
            Agree(members, name, new() { ["b"] = random.Next(1, 4), ["t"] = random.Next(0, 70), ["d"] = random.Next(1, 12), ["n"] = random.Next(1, 6) }, i);
        }
    }

    [Theory]
    [InlineData("Bias", "its state 's' is not linear in state and input")]
    [InlineData("Gated", "'g' changes over time beside 'u'")]
    [InlineData("Square", "its result is not linear in state and input")]
    [InlineData("Rectified", "its result is not linear in state and input")]
    [InlineData("Saturated", "its state 's' is not linear in state and input")]
    [InlineData("Started", "its state 's' does not begin at zero")]
    [InlineData("Shared", "'u' is not one number for each of 'b t d'")]
    [InlineData("Looped", "its state 's' is not linear in state and input")]
    public void What_is_no_convolution_says_why(string name, string why)
    {
        var function = ScalarSource.Read(Refused, name);
        Assert.Equal(why, LinearForm.WhyNot(Flow.Of(function)));
        Assert.Equal(-1, LinearForm.Input(function));
        Assert.DoesNotContain("Signal", KernelEmitter.Emit(function, "K"));
    }

    private static readonly Dictionary<string, KernelHarness> Compiled = [];

    private static void Agree(string members, string name, Dictionary<string, int> sizes, int seed)
    {
        if (!Compiled.TryGetValue(name, out KernelHarness? harness))
        {
            Compiled[name] = harness = new KernelHarness(members, name);
        }

        torch.manual_seed(seed);
        using var scope = NewDisposeScope();
        Tensor[] arguments = [.. harness.Values.Select(p =>
            KernelTests.Tame(p, torch.randn(harness.ShapeOf(p, sizes), dtype: ScalarType.Float64) * Scalars.Of(0.7)))];
        var (expected, _) = harness.Oracle(
            [.. arguments.Select(KernelHarness.Numbers)],
            [.. harness.States.Select(s => new double[harness.ShapeOf(s, sizes).Aggregate(1L, (a, b) => a * b)])],
            sizes);
        Tensor weights = torch.randn([.. harness.Axes.Select(a => (long)sizes[a])], dtype: ScalarType.Float64);
        double[][]? reference = null;
        foreach (string form in new[] { "scan", "impulse", "powers" })
        {
            Tensor[] leaves = [.. arguments.Select(a => a.clone().requires_grad_())];
            Tensor result = form == "scan" ? harness.Run(leaves, null).Result : harness.Convolve(leaves, powers: form == "powers");
            harness.Equal(expected, KernelHarness.Numbers(result), 1e-11, $"result by {form}");
            (result * weights).sum().backward();
            double[][] gradients = [.. leaves.Select(l => l.grad is { } g ? KernelHarness.Numbers(g) : new double[l.numel()])];
            reference ??= gradients;
            for (int i = 0; i < gradients.Length; i++)
            {
                harness.Equal(reference[i], gradients[i], 1e-10, $"gradient of {harness.Values[i].Name} by {form}");
            }
        }

        Tensor[] narrow = [.. arguments.Select(a => a.to(ScalarType.Float32))];
        harness.Equal(expected, KernelHarness.Numbers(harness.Convolve(narrow, false)), 1e-5, "result in float32");
        harness.Equal(expected, KernelHarness.Numbers(harness.Convolve(narrow, true)), 1e-5, "result by powers in float32");
    }
}
