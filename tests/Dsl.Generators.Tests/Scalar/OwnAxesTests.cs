using Dsl.Generators.Scalar;
using Xunit;

namespace Dsl.Generators.Tests.Scalar;

/// <summary>Pointwise functions over a token's own axes: what they may have, and what is refused at its token.</summary>
public sealed class OwnAxesTests
{
    [Theory]
    [InlineData("[Pointwise(\"b t e\")] public static double G(double x, [Axes(\"b t e\")] ReadOnlySpan<double> all) { double s = 0; "
        + "for (int i = 0; i < all.Length; i++) s += Exp(all[i]); return Exp(x) / s; }")]
    [InlineData("[Pointwise(\"b t d\")] public static double G([Axes(\"b t d e\")] ReadOnlySpan<double> v, [Axes(\"b t e\")] ReadOnlySpan<double> p) { double s = 0; "
        + "for (int i = 0; i < p.Length; i++) s += p[i] * v[i]; return s; }")]
    [InlineData("[Pointwise(\"b t h d\")] public static double G([Axes(\"b t d\")] double x, [Axes(\"b t h\")] double g) => x * g;")]
    [InlineData("[Pointwise(\"b e\")] public static double G(double x, [Axes(\"b e\")] ReadOnlySpan<double> all, [Parameter(\"w\", \"e\")] double w) => x + w * all[0];")]
    public void Is_read_and_has_a_kernel(string function)
    {
        ScalarFunction read = ScalarSource.Read(function, "G");
        Assert.False(read.IsElementwise);
        Assert.Null(KernelEmitter.WhyNot(read));
    }

    [Theory]
    [InlineData("[Pointwise(\"b t d\")] public static double G(double x, [Axes(\"b d t\")] ReadOnlySpan<double> all) => x + all[0];", "all", "span along 't'")]
    [InlineData("[Pointwise(\"b t d\")] public static double G(double x, [Axes(\"t d b\")] ReadOnlySpan<double> all) => x + all[0];", "all", "span along 'b'")]
    [InlineData("[Pointwise(\"b e\")] public static double G(double x, [Axes(\"e b\")] ReadOnlySpan<double> all) => x + all[0];", "all", "span along 'b'")]
    [InlineData("[Pointwise(\"b t d\")] public static double G(double x, ReadOnlySpan<double> all) => x + all[0];", "all", "must say its axes")]
    [InlineData("[Pointwise] public static double G(double x, [Axes(\"b t d\")] ReadOnlySpan<double> all) => x;", "all", "[Pointwise(\"b t e\")]")]
    [InlineData("[Pointwise(\"b t d\")] public static double G(double x, [Parameter(\"w\", \"b d\")] double w) => x * w;", "w", "cannot have the axis 'b'")]
    [InlineData("[Pointwise(\"b t d\")] public static double G(ref double h, double x) => x;", "h", "cannot be")]
    [InlineData("[Pointwise(\"b t d\")] public static double G(double x, int position) => x + position;", "position", "cannot be an index")]
    [InlineData("[Pointwise(\"b\")] public static double G(double x) => x;", "Pointwise(\"b\")", "two of them or more")]
    [InlineData("[Pointwise(\"b t d\")] public static double G([Axes(\"b t\")] double x) => x;", "Pointwise(\"b t d\")", "has the axis 'd'")]
    public void Is_refused_at_its_token(string function, string token, string reason)
    {
        var (message, found) = ScalarSource.Refusal(function, "G");
        Assert.Equal(token, found);
        Assert.Contains(reason, message);
    }
}
