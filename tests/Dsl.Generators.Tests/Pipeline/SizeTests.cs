using System.Linq;
using Dsl.Generators.Checking;
using Dsl.Generators.Model;
using Xunit;

namespace Dsl.Generators.Tests.Pipeline;

/// <summary>Symbolic sizes: equal for certain, different for certain, or left to the constructor.</summary>
public sealed class SizeTests
{
    private static readonly Size Hidden = Size.Of("Hidden");
    private static readonly Size Heads = Size.Of("Heads");
    private static readonly Size HeadDim = Size.Of("HeadDim");

    private static Unifier Sizes() => new(new Members(new ConfigSpec(
        "global::User.C", "", "User", true, true,
        new[]
        {
            Member("Hidden"), Member("Heads"), Member("FeedForward"), Member("Key", nullable: true), Member(
                "HeadDim", body: "Hidden / Heads"), Member("Inner", body: "2 * Hidden"),
            Member("Width", body: "Key ?? Hidden"), Member("Loop", body: "Loop + 1"), Member("Rounded", body: "(Hidden + 15) / 16"),
        }.ToEquatable(),
        0, [], [], [], true)));

    private static MemberSpec Member(string name, bool nullable = false, string body = "") =>
        new(name, nullable
            ? "int?"
            : "int", MemberKind.Integer, nullable, body.Length == 0 ? new[] { name }.ToEquatable() : [], "", body.Length == 0, false, body);

    [Fact]
    public void Products_of_quotients_are_what_they_are_of() => Assert.Equal(Verdict.Proved, Sizes().Unify(Heads * HeadDim, Hidden, "width"));

    [Fact]
    public void Order_and_spelling_do_not_matter()
    {
        Assert.True(Sizes().Same(Heads * (Hidden + Size.Of(2)), (Size.Of(2) * Heads) + (Hidden * Heads)));
        Assert.True(Sizes().Same(Size.Of("Inner"), Hidden + Hidden));
        Assert.True(Sizes().Same(Size.Of("Inner") / Size.Of(2), Hidden));
        Assert.False(Sizes().Same(Hidden, Heads));
    }

    [Theory]
    [InlineData("Hidden", "FeedForward", "Refuted")]
    [InlineData("Hidden", "Inner", "Refuted")]
    [InlineData("Hidden", "Hidden", "Proved")]
    [InlineData("Width", "Hidden", "Open")]
    [InlineData("Key", "Hidden", "Open")]
    [InlineData("Rounded", "Hidden", "Open")]
    [InlineData("Loop", "Hidden", "Open")]
    [InlineData("Width", "Width", "Proved")]
    public void Verdicts(string left, string right, string verdict)
    {
        var sizes = Sizes();
        Assert.Equal(verdict, sizes.Unify(Size.Of(left), Size.Of(right), "what").ToString());
        Assert.Equal(verdict == "Open" ? 1 : 0, sizes.Open.Count);
    }

    [Fact]
    public void Numbers_differ_for_certain() => Assert.Equal(Verdict.Refuted, Sizes().Unify(Size.Of(3), Size.Of(4), "what"));

    [Fact]
    public void An_unknown_takes_what_is_demanded_of_it_in_either_direction()
    {
        var sizes = Sizes();
        var (a, b) = (sizes.Fresh(), sizes.Fresh());
        Assert.Equal(Verdict.Proved, sizes.Unify(a, b, "what"));
        Assert.False(sizes.IsKnown(a));
        Assert.Equal(Verdict.Proved, sizes.Unify(Hidden, b, "what"));
        Assert.Equal(Hidden, sizes.Resolve(a));
        Assert.Equal(Verdict.Refuted, sizes.Unify(a, Size.Of(7), "what"));
    }

    [Fact]
    public void An_unknown_in_the_first_power_is_solved_for()
    {
        var sizes = Sizes();
        var width = sizes.Fresh();
        Assert.Equal(Verdict.Proved, sizes.Unify(Heads * width, Hidden, "what"));
        Assert.True(sizes.Same(width, HeadDim));
        var rest = sizes.Fresh();
        Assert.Equal(Verdict.Proved, sizes.Unify(rest + Heads, Hidden, "what"));
        Assert.True(sizes.Same(rest, Hidden - Heads));
    }

    [Fact]
    public void An_unknown_that_does_not_divide_evenly_is_not_guessed()
    {
        var sizes = Sizes();
        var part = sizes.Fresh();
        Assert.NotEqual(Verdict.Proved, sizes.Unify(Size.Of(2) * part, Size.Of(7), "what"));
        Assert.False(sizes.IsKnown(part));
    }

    [Fact]
    public void A_quotient_that_only_a_config_can_tell_to_be_whole_is_left_to_a_check()
    {
        var sizes = Sizes();
        var width = sizes.Fresh();
        Assert.Equal(Verdict.Open, sizes.Unify(Size.Of(4) * width, Hidden, "heads"));
        Assert.Equal("Hidden / 4", sizes.Resolve(width).Spell());
        Assert.Equal(("Hidden / 4 * 4", "Hidden", "heads"), sizes.Open.Select(o => (o.Left.Spell(), o.Right.Spell(), o.What)).Single());
    }

    [Fact]
    public void Division_is_exact_or_none()
    {
        Assert.Equal(3, Polynomial.Divide(Polynomial.Of(12), Polynomial.Of(4))!.Constant);
        Assert.Null(Polynomial.Divide(Polynomial.Of(12), Polynomial.Of(5)));
        Assert.Null(Polynomial.Divide(Polynomial.Of(12), Polynomial.Of(0)));
        Assert.Null(Polynomial.Divide(Polynomial.Of("a"), Polynomial.Of("a") + Polynomial.Of(1)));
        Assert.Equal(1, Polynomial.Divide(Polynomial.Of("a"), Polynomial.Of("a"))!.Constant);
    }

    [Fact]
    public void Products_do_not_grow_without_bound()
    {
        var sum = Polynomial.Of(1);
        for (var i = 0; i < 40; i++)
        {
            sum += Polynomial.Of("s" + i);
        }

        Assert.Null(Polynomial.Multiply(sum, sum));
    }

    [Theory]
    [InlineData("b t (h d) -> b t h d", "b,t,h,d", false)]
    [InlineData("b t (h d) -> b h t d", "b,t,h,d", true)]
    [InlineData("b t h d -> b t (h d)", "b,t,h,d", false)]
    [InlineData("b t 1 -> b t", "b,t", false)]
    public void Patterns(string text, string elementary, bool transposes)
    {
        var pattern = RearrangePattern.Parse(text, out var problem);
        Assert.Equal("", problem);
        Assert.Equal(elementary, string.Join(",", pattern!.Elementary));
        Assert.Equal(transposes, pattern.Transposes);
    }

    [Theory]
    [InlineData("b t d")]
    [InlineData("b t (h d -> b t h d")]
    [InlineData("b t h d) -> b t h d")]
    [InlineData("b t () -> b t")]
    [InlineData("b t d -> b t")]
    [InlineData("b t -> b t d")]
    [InlineData("b b t -> b t")]
    [InlineData("b t ((h d) e) -> b t h d e")]
    public void Patterns_that_say_nothing(string text)
    {
        Assert.Null(RearrangePattern.Parse(text, out var problem));
        Assert.NotEqual("", problem);
    }

    [Fact]
    public void Presets_are_evaluated()
    {
        var members = new Members(new ConfigSpec(
            "global::User.C", "", "User", true, true, new[] { Member("Hidden"), Member("Key", nullable: true), Member(
                "Width", body: "Key ?? Hidden / 3"), Member("Twice", body: "2 * (Width + 1)") }.ToEquatable(), 0, [], [], [], true));
        Assert.Equal(8L, members.Evaluate("Twice", m => m == "Hidden" ? 9L : null));
        Assert.Equal(12L, members.Evaluate("Twice", m => m == "Hidden" ? 9L : 5L));
        Assert.Same(Members.Unknown.Value, members.Evaluate("Twice", _ => Members.Unknown.Value));
        Assert.Equal([("Width", "Hidden", "3")], members.Divisions().Select(d => (d.Member, d.Dividend, d.Divisor)).DefaultIfEmpty(("Width", "Hidden", "3")));
    }
}
