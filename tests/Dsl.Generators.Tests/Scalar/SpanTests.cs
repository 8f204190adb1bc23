using Xunit;

namespace Dsl.Generators.Tests.Scalar;

/// <summary>Spans along every axis there is, read at every index that a function may write: right in every form, or refused by name.</summary>
public sealed class SpanTests
{
    private const string Spans = """
        [Recurrence("b t e", State = "b e")]
        public static double Whole(ref double h, double x, [Axes("b t e")] ReadOnlySpan<double> all)
        {
            double sum = 0;
            for (int n = 0; n < all.Length; n++) sum += all[n] * all[n];
            h = 0.5 * h + x * sum;
            return h;
        }

        [Recurrence("b t d", State = "b d")]
        public static double Weight(ref double h, double x, [Axes("d")] ReadOnlySpan<double> w)
        {
            double sum = 0;
            for (int n = 0; n < w.Length; n++) sum += Exp(w[n]) * x;
            h = 0.5 * h + Tanh(sum);
            return h;
        }

        [Recurrence("b t h d", State = "b h d [h]")]
        public static double Outer(Span<double> s, double x, [Axes("b t d h")] ReadOnlySpan<double> all, [Axes("h d")] double w)
        {
            double y = 0;
            for (int n = s.Length - 1; n >= 0; n--) { s[n] = 0.5 * s[n] + Tanh(all[n] * w); y += s[n] * x; }
            return y;
        }

        [Recurrence("b t d", State = "b d [d]")]
        public static double Square(Span<double> s, double x, [Axes("b t d")] ReadOnlySpan<double> k, [Axes("b t d")] ReadOnlySpan<double> q)
        {
            double y = 0;
            for (int n = 0; n < s.Length; n++) { s[n] = 0.9 * s[n] + x * k[n]; y += s[n] * q[n]; }
            return y;
        }

        [Recurrence("b t d", State = "b d [n]")]
        public static double OtherAxis(Span<double> s, double x, [Axes("b t m")] ReadOnlySpan<double> g, [Axes("d n")] ReadOnlySpan<double> w)
        {
            double y = 0;
            for (int i = 0; i < g.Length; i++) if (i < s.Length) y += g[i] * w[i] * s[i];
            for (int i = 0; i < s.Length; i++) s[i] = 0.5 * s[i] + x * w[i] + (i < g.Length ? g[i] : 0.25);
            return y;
        }

        [Recurrence("b t d", State = "b d [n]")]
        public static double Neighbours(Span<double> s, double x, [Axes("b t n")] ReadOnlySpan<double> g, [Axes("n")] ReadOnlySpan<double> w)
        {
            double y = 0;
            for (int n = 0; n < s.Length; n++)
            {
                if (x > 0 && n > 0) y += g[n - 1] * w[n - 1] * s[n - 1];
                if (x < 0.2 && n + 1 < s.Length) { y += w[n + 1] * x; s[n + 1] = 0.5 * s[n + 1] + g[n + 1]; }
                s[n] = Tanh(s[n] + (x > 0.1 ? (n + 2 < g.Length ? g[n + 2] : 1) : 0.5));
            }

            return y + w[0] * s[s.Length - 1];
        }

        [Recurrence("b t d", State = "b d [n]")]
        public static double Below(Span<double> s, double x, [Axes("n")] ReadOnlySpan<double> w)
        {
            double y = 0;
            for (int n = -2; n < s.Length; n++) { double e = Exp(w[0] * n); y = 0.5 * y + e * x; if (n >= 0) s[n] += 0.1 * y * e; }
            for (int n = s.Length - 1; n > -3; n--) { double e = Sin(w[0] * n); y = Tanh(y * e + x) + 0.3 * y; if (n >= 0) s[n] = 0.5 * s[n] + y; }
            for (int n = s.Length - 4; n < 1; n++) y = y * Cos(w[0] * n) + x;
            return y;
        }
        """;

    [Theory]
    [InlineData("Whole", "b=2 t=5 e=3")]
    [InlineData("Whole", "b=2 t=5 e=1")]
    [InlineData("Whole", "b=3 t=40 e=19")]
    [InlineData("Weight", "b=2 t=5 d=3")]
    [InlineData("Weight", "b=1 t=9 d=1")]
    [InlineData("Weight", "b=2 t=70 d=17")]
    [InlineData("Outer", "b=2 t=5 h=3 d=4")]
    [InlineData("Outer", "b=1 t=4 h=1 d=1")]
    [InlineData("Outer", "b=2 t=9 h=4 d=11")]
    [InlineData("Square", "b=2 t=6 d=5")]
    [InlineData("Square", "b=1 t=6 d=16")]
    [InlineData("OtherAxis", "b=2 t=5 d=5 n=3 m=4")]
    [InlineData("OtherAxis", "b=2 t=5 d=5 n=4 m=1")]
    [InlineData("Neighbours", "b=2 t=7 d=5 n=3")]
    [InlineData("Neighbours", "b=2 t=7 d=9 n=1")]
    [InlineData("Below", "b=2 t=7 d=5 n=3")]
    [InlineData("Below", "b=2 t=7 d=5 n=1")]
    public void Every_span_is_right_in_every_form(string name, string sizes)
    {
        var harness = new KernelHarness(Spans, name);
        harness.Check(KernelTests.Sizes(sizes), 5, kinks: true);
        harness.Check(KernelTests.Sizes(sizes), 6, padded: true, kinks: true);
    }

    [Fact]
    public void An_index_outside_of_a_span_is_an_error_and_no_read()
    {
        var harness = new KernelHarness(
            "[Recurrence(\"b t d\", State = \"b d\")] public static double G(ref double h, double x, [Axes(\"b t n\")] ReadOnlySpan<double> g) => h = h + x * g[3];", "G");
        foreach (bool tensors in new[] { false, true })
        {
            var error = Assert.ThrowsAny<System.Exception>(() =>
                harness.Run([TorchSharp.torch.zeros(1, 2, 3), TorchSharp.torch.zeros(1, 2, 2)], null, null, tensors));
            Assert.Contains("Element 3 of a span of 2 does not exist.", error.ToString());
        }
    }

    [Theory]
    [InlineData("[Axes(\"b d t\")] ReadOnlySpan<double> g", "along 't'")]
    [InlineData("[Axes(\"t d b\")] ReadOnlySpan<double> g", "along 'b'")]
    [InlineData("[Parameter(\"w\", \"t d\")] ReadOnlySpan<double> g", "axis 't'")]
    [InlineData("[Parameter(\"w\", \"b d\")] ReadOnlySpan<double> g", "axis 'b'")]
    [InlineData("[Parameter(\"w\", \"\")] ReadOnlySpan<double> g", "must say its axes")]
    [InlineData("[Axes(\"b t n n\")] ReadOnlySpan<double> g", "axis 'n' twice")]
    public void A_span_that_no_step_may_see_is_refused(string parameter, string why)
    {
        var (message, token) = ScalarSource.Refusal(
            $"[Recurrence(\"b t d\", State = \"b d\")] public static double G(ref double h, double x, {parameter}) => h = h + x * g[0];", "G");
        Assert.Contains(why, message);
        Assert.Equal("g", token);
    }
}
