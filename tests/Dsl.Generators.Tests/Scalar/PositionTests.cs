using System;
using Dsl.Generators.Scalar;
using Dsl.Runtime;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Dsl.Generators.Tests.Scalar;

/// <summary>Recurrences that read where in its row a token stands.</summary>
public sealed class PositionTests
{
    private const string Positions = """
        [Recurrence("b t d", State = "b d")]
        public static double Mean(ref double sum, double x, int position) { sum += x; return sum / (position + 1); }

        [Recurrence("b t d", State = "b d [n]")]
        public static double Decayed(Span<double> s, double x, [Axes("d")] double w, [Axes("b t n")] ReadOnlySpan<double> g, int position, C c)
        {
            double y = position % 3 == 0 ? Exp(-0.1 * position) * w : Tanh(w * position);
            int half = position / 2, least = Max(half, 2) - c.Window;
            double scale = Pow(0.9, position) + 1 / (1.0 + Abs(least));
            if (position < c.Window && position != 1) { s[0] = 0; y += x; }
            for (int n = 0; n < s.Length; n++)
            {
                if (n == position) s[n] = x;
                else if (n < half) { s[n] = 0.5 * s[n] + g[n] * (position - n); y += s[n] * scale; }
            }

            return position >= 4 && x > 0 ? y * scale : y + s[s.Length - 1] * (half > 1 ? 1 : w);
        }

        [Recurrence("b t h d", State = "b h d")]
        public static double Heads(ref double s, double x, [Axes("h")] double w, int position)
        {
            if (position == 0) { s = x; return s; }
            s = s + (x - s) / (position + 1) * w;
            return s;
        }
        """;

    [Theory]
    [InlineData("Mean", "b=2 t=7 d=3")]
    [InlineData("Mean", "b=1 t=1 d=1")]
    [InlineData("Mean", "b=2 t=0 d=3")]
    [InlineData("Decayed", "b=3 t=9 d=5 n=3")]
    [InlineData("Decayed", "b=3 t=40 d=17 n=4")]
    [InlineData("Heads", "b=2 t=9 h=3 d=4")]
    public void Every_form_counts_from_the_first_real_token(string name, string sizes)
    {
        var harness = new KernelHarness(Positions, name);
        harness.Check(KernelTests.Sizes(sizes), 1);
        harness.Check(KernelTests.Sizes(sizes), 2, padded: true);
    }

    [Fact]
    public void Steps_from_a_state_go_on_counting()
    {
        var harness = new KernelHarness(Positions, "Mean");
        using var x = torch.randn(2, 6, 3, dtype: ScalarType.Float64);
        var whole = harness.Run([x], null).Result;
        var (first, state) = harness.Run([x.narrow(1, 0, 4)], null);
        var second = harness.Run([x.narrow(1, 4, 2)], state, positions: Scalars.Range(6, ScalarType.Int64)[4..]).Result;
        Assert.True(torch.allclose(whole, torch.cat([first, second], 1), 1e-12, 1e-12));
        Assert.Throws<ArgumentException>(() => harness.Run([x], null, positions: Scalars.Range(4, ScalarType.Int64)));
    }

    [Fact]
    public void A_step_that_reads_its_position_is_no_convolution()
    {
        var function = ScalarSource.Read(
            "[Recurrence(\"b t d\", State = \"b d\")] public static double G(ref double s, double x, int position) { s = 0.5 * s + x; return s * (position + 1); }", "G");
        Assert.Equal(-1, LinearForm.Input(function));
    }

    [Theory]
    [InlineData("double x, int head", "h = head * x", "head", "'head' cannot be an index: a [Recurrence] function has")]
    [InlineData("double x, int position, [Axes(\"b t n\")] ReadOnlySpan<double> g", "h = x * g[position]", "g", "at an index that depends on values or on the position")]
    public void What_no_kernel_can_count_with_is_refused(string parameters, string body, string parameter, string why)
    {
        var (message, token) = ScalarSource.Refusal(
            $"[Recurrence(\"b t d\", State = \"b d\")] public static double G(ref double h, {parameters}) => {body};", "G");
        Assert.Contains(why, message);
        Assert.Equal(parameter, token);
    }
}
