using System;
using System.Collections.Generic;
using System.Linq;
using Xunit;

namespace Dsl.Reference.Tests;

/// <summary>Who computes what for whom: choices, experts and their balance, by hand and in every form.</summary>
public sealed class RoutingTests
{
    /// <summary>Experts in the shapes that declarations have them in.</summary>
    private const string Experts = """
        [Block<C>, Input("x", "b t e d")]
        [Linear("", 10, Weight = "gate_up_proj", Stored = "e out in"), Split("gate", "up")]
        [From("up"), Gate("gate", Activation.Silu), Linear("", Weight = "down_proj", Stored = "e out in")]
        public sealed partial class Gated;

        [Block<C>, Input("x", "b t e d")]
        [Linear("up", nameof(C.FeedForward), Stored = "e in out", BiasWeight = "offset", BiasStored = "e out"), Activate(Activation.Gelu), As("h")]
        [When(nameof(C.Flag)), RmsNorm("norm"), Apply(nameof(Grow)), As("n")]
        [Residual, From("h"), Linear("turn", Bias = true), As("r")]
        [Sum("r", "n"), Slice(1, 4), As("s")]
        [Concat("s", "s"), Dropout(0.1), Linear("down", Stored = "in e out", Bias = true)]
        public sealed partial class Odd
        {
            [Pointwise] static double Grow(double x, [Parameter("grow", "d")] double grow) => x * (1 + grow);
        }


        """;

    private static readonly Dictionary<string, string> All = new()
    {
        ["two of four, renormalised"] = Model("""
            [Linear("gate", 4), As("scores")]
            [From("scores"), Route(2), As("chosen")]
            [From("scores"), Softmax("chosen"), As("weights")]
            [From("x"), Experts<Gated>("experts", "chosen", "weights")]
            public sealed partial class Routed;
            """),
        ["a choice of groups, sigmoid scores, a bias that only chooses, a shared expert beside them"] = Model("""
            [Linear("gate", 6), Activate(Activation.Sigmoid), As("scores")]
            [From("scores"), Apply(nameof(Biased)), Rearrange("b t (g m) -> b t g m", "g", 3), As("biased")]
            [From("biased"), Apply(nameof(Best)), Route(2), As("groups")]
            [From("biased", "groups"), Apply(nameof(Kept)), Rearrange("b t g m -> b t (g m)"), Route(3), As("chosen")]
            [From("scores"), Gate("chosen"), As("picked")]
            [From("picked", "picked"), Apply(nameof(Shared)), As("weights")]
            [From("x"), Experts<Odd>("experts", "chosen", "weights"), As("routed")]
            [From("x"), GatedFeedForward("shared.{gate,up,down}", Activation.Silu), As("shared")]
            [Sum("routed", "shared")]
            public sealed partial class Routed
            {
                [Pointwise] static double Biased(double x, [Parameter("bias", "d")] double bias) => x + 0.1 * bias;
                [Pointwise("b t g")] static double Best([Axes("b t g m")] ReadOnlySpan<double> m)
                {
                    double best = m[0];
                    for (int i = 1; i < m.Length; i++) { best = Math.Max(best, m[i]); }
                    return best;
                }
                [Pointwise("b t g m")] static double Kept(double x, [Axes("b t g")] double group) => group > 0 ? x : x - 100;
                [Pointwise("b t e")] static double Shared(double x, [Axes("b t e")] ReadOnlySpan<double> all)
                {
                    double sum = 1e-9;
                    for (int i = 0; i < all.Length; i++) { sum += all[i]; }
                    return 2.5 * x / sum;
                }
            }
            """),
        ["as many as clear a bar, none perhaps"] = Model("""
            [Linear("gate", 4), As("scores")]
            [From("scores"), Apply(nameof(Clear)), As("chosen")]
            [From("scores"), Softmax("chosen"), As("weights")]
            [From("x"), Experts<Gated>("experts", "chosen", "weights")]
            public sealed partial class Routed { [Pointwise] static double Clear(double x) => x > 0.01 ? 1 : 0; }
            """),
        ["one, then all of them"] = Model("""
            [Linear("gate", 3), As("scores")]
            [From("scores"), Route(1), As("chosen")]
            [From("scores"), Softmax, As("weights")]
            [From("x"), Experts<Gated>("experts", "chosen", "weights"), Gate("x"), Experts<Odd>("more", "scores", "weights")]
            public sealed partial class Routed;
            """),
    };

    public static TheoryData<string> Names => [.. All.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Agrees(string name)
    {
        using CompiledDeclarations compiled = Sources.Compile(All[name]);
        Agreed.Compare(compiled, "M", Sources.Config(compiled));
    }

    [Fact]
    public void The_largest_are_chosen_and_of_equal_ones_the_first() =>
        Assert.Equal([0, 1, 1, 0, 1, 1, 0, 0], Run("[Route(2)]", new([1, 2, 4], [1, 3, 2, 0, 5, 5, 5, 5])).Values);

    [Fact]
    public void Softmax_leaves_out_what_takes_no_part()
    {
        double e = Math.E;
        Assert.Equal([1 / (1 + e), e / (1 + e)], Run("[Softmax]", new([1, 1, 2], [1, 2])).Values, Near);
        Assert.Equal([0, 1 / (1 + e), e / (1 + e)],
            Run("[As(\"s\"), Route(2), As(\"c\")]\n[From(\"s\"), Softmax(\"c\")]", new([1, 1, 3], [0, 1, 2])).Values, Near);
    }

    [Fact]
    public void A_tokens_experts_are_summed_by_weight()
    {
        // Expert e multiplies by e + 1; the token 5 has the experts 1 and 2 of three, with the weights 10 and 100.
        NumberArray y = Run(
            """
            [Slice(1, 3), As("w")]
            [From("w"), Route(2), As("c")]
            [From("x"), Slice(0, 1), Experts<E>("e", "c", "w")]
            """, new([1, 1, 4], [5, 1, 10, 100]), """
            [Block<C>, Input("x", "b t e d")]
            [Linear("", 1, Weight = "m", Stored = "e out in")]
            public sealed partial class E;
            """, ("e.m", new([3, 1, 1], [1, 2, 3])));
        Assert.Equal([(10 * 10) + (100 * 15)], y.Values);
    }

    [Fact]
    public void Balance_is_one_where_all_have_as_much_to_do_and_passes_over_padding()
    {
        // Three tokens, of which the last is padding: both experts are chosen once, with the mean probabilities 0.55 and 0.45.
        using CompiledDeclarations compiled = Sources.Compile("""
            [Model<C>("M"), Axis("d", 2), Input("x", "b t d", Mask = "mask")]
            [Balance(1), Output("balance")]
            [From("x"), Output("y")]
            public sealed partial class M;
            """);
        var feed = new Dictionary<string, NumberArray> { ["x"] = new([1, 3, 2], [0.8, 0.2, 0.3, 0.7, 0.5, 0.5]), ["mask"] = new([1, 3], [1, 1, 0]) };
        NumberArray balance = ReferenceModel.Of(compiled, "M", Sources.Config(compiled), new Dictionary<string, NumberArray>()).Run(feed)["balance"];
        Assert.Equal(2 * ((0.5 * 0.55) + (0.5 * 0.45)), balance.Values.Single(), 12);
        Assert.Empty(balance.Shape);
    }

    private static bool Near(double a, double b) => Math.Abs(a - b) < 1e-12;

    /// <summary>A causal model of two layers with the block, whose routers are balanced.</summary>
    private static string Model(string routed) => Experts + "[Block<C>]\n" + routed + """


        [Block<C>]
        [Residual, RmsNorm("norm"), Attention("{q,k,v,o}", Mask = Mask.Causal, Position = Position.Rotary)]
        [Residual, Linear("logits", 4), Collect("logits"), Linear("back")]
        [Residual, RmsNorm("norm2"), Use<Routed>("mlp")]
        public sealed partial class Layer;

        [Model<C>("M")]
        [Embedding("embed", nameof(C.Vocab), nameof(C.Hidden)), Repeat<Layer>("layers", nameof(C.Layers)), As("layers"), RmsNorm("norm"), Output("hidden")]
        [Head("head", nameof(C.Vocab)), Output("logits")]
        [From("layers"), Collected("logits", 4), Output("routers"), Softmax, Balance(2), Output("aux", Loss = 0.1)]
        public sealed partial class M;
        """;

    private static NumberArray Run(string brackets, NumberArray x, string blocks = "", params (string Key, NumberArray Weight)[] weights)
    {
        using CompiledDeclarations compiled = Sources.Compile($$"""
            {{blocks}}

            [Model<C>("M"), Axis("d", {{x.Last}}), Input("x", "b t d")]
            {{brackets}}
            [Output("y")]
            public sealed partial class M;
            """);
        return ReferenceModel.Of(compiled, "M", Sources.Config(compiled), weights.ToDictionary(w => w.Key, w => w.Weight))
            .Run(new Dictionary<string, NumberArray> { ["x"] = x })["y"];
    }
}
