using System;
using System.Collections.Generic;
using System.Linq;
using Xunit;

namespace Dsl.Reference.Tests;

/// <summary>What each part means, on cases that can be computed by hand. Models read numbers, so that nothing stands before the part.</summary>
public sealed class PartTests
{
    private static readonly NumberArray Mask = new([2, 4], [0, 0, 1, 1, 1, 1, 1, 0]);

    [Fact]
    public void Linear_multiplies_and_adds()
    {
        NumberArray y = Run("[Linear(\"map\", 2, Bias = true)]", Input([1, 1, 2], 3, 4), ("map.weight", W([2, 2], 1, 2, 3, 4)), ("map.bias", W([2], 10, 20)));
        Assert.Equal([21, 45], y.Values);
    }

    [Fact]
    public void Adapt_adds_a_product_of_low_rank()
    {
        NumberArray y = Run("[Linear(\"map\", 2)]", "", Input([1, 1, 2], 3, 4), "Adapt(\"m?p\", Rank = 1, Alpha = 2)",
            ("map.weight", W([2, 2], 1, 2, 3, 4)), ("map.lora_A.weight", W([1, 2], 1, 2)), ("map.lora_B.weight", W([2, 1], 10, 100)));
        Assert.Equal([11 + (2 * 11 * 10), 25 + (2 * 11 * 100)], y.Values);
    }

    [Fact]
    public void Linear_reads_a_weight_stored_in_out()
    {
        NumberArray y = Run("[Linear(\"map\", 2, Stored = \"in out\")]", Input([1, 1, 2], 3, 4), ("map.weight", W([2, 2], 1, 2, 3, 4)));
        Assert.Equal([15, 22], y.Values);
    }

    [Fact]
    public void Linear_has_a_map_for_each_head()
    {
        NumberArray y = Run(
            "[Rearrange(\"b t (h f) -> b t h f\", \"h\", 2), Linear(\"map\", 1, Stored = \"h in out\", BiasWeight = \"off\", BiasStored = \"h 1 out\"), Merge]",
            Input([1, 1, 4], 1, 2, 3, 4), ("map.weight", W([2, 2, 1], 1, 10, 100, 1000)), ("map.off", W([2, 1, 1], 0.5, 0.25)));
        Assert.Equal([21.5, 4300.25], y.Values);
    }

    [Fact]
    public void Layer_norm_takes_the_mean_away_and_divides_by_the_deviation()
    {
        NumberArray y = Run("[LayerNorm(\"norm\", Eps = 1.0)]", Input([1, 1, 2], 1, 5), ("norm.weight", W([2], 1, 2)), ("norm.bias", W([2], 0, 1)));
        Assert.Equal([-2 / Math.Sqrt(5), 1 + (4 / Math.Sqrt(5))], y.Values);
    }

    [Fact]
    public void Root_mean_square_norm_divides_by_the_root_of_the_mean_square()
    {
        NumberArray y = Run("[RmsNorm(\"norm\", Eps = 2.0)]", Input([1, 1, 2], 3, 1), ("norm.weight", W([2], 1, 2)));
        Assert.Equal([3 / Math.Sqrt(7), 2 / Math.Sqrt(7)], y.Values);
    }

    [Fact]
    public void Shift_passes_over_padding() => Assert.Equal([0, 0, 0, 3, 0, 5, 6, 7], Padded("[Shift]").Values);

    [Theory]
    [InlineData("first", 3, 5)]
    [InlineData("last", 4, 7)]
    [InlineData("mean", 3.5, 6)]
    public void Pool_reads_real_tokens(string kind, double left, double right) => Assert.Equal([left, right], Padded($"[Pool(\"{kind}\")]").Values);

    [Fact]
    public void Sample_is_the_number_of_the_largest_and_the_first_of_equal_ones() =>
        Assert.Equal([1, 0], Run("[Sample]", Input([1, 2, 3], -1, 2, 2, 7, 5, 7)).Values);

    [Fact]
    public void Convolution_passes_over_padding()
    {
        NumberArray y = Padded("[Conv(\"conv\", 2)]", ("conv.weight", W([1, 1, 2], 10, 1)));
        Assert.Equal([3, 4 + 30, 5, 6 + 50, 7 + 60], new[] { 2, 3, 4, 5, 6 }.Select(i => y.Values[i]));
    }

    [Fact]
    public void Recurrence_leaves_its_state_at_padding_and_gives_zero_there()
    {
        NumberArray y = Padded(
            "[Apply(nameof(Sum))]", """
            [Recurrence("b t d", State = "b d")] static double Sum([Start(1)] ref double h, double x) { h = 2 * h + x; return h; }
            """);
        Assert.Equal([0, 0, 5, 14, 7, 20, 47, 0], y.Values);
    }

    [Fact]
    public void A_function_over_own_axes_sees_a_token_alone_and_padding_like_any_other()
    {
        NumberArray y = Run(
            "[From(\"x\", \"x\"), Apply(nameof(Share))]", """
            [Pointwise("b t d")] static double Share(double x, [Axes("b t d")] ReadOnlySpan<double> all)
            {
                double sum = 0;
                for (int i = 0; i < all.Length; i++) { sum += all[i]; }
                return x / sum;
            }
            """, Input([1, 2, 2], 1, 3, 4, 4), "", new NumberArray([1, 2], [0, 1]));
        Assert.Equal([0.25, 0.75, 0.5, 0.5], y.Values);
    }

    [Fact]
    public void Positions_count_from_the_first_real_token()
    {
        NumberArray y = Padded("[Positions(\"places\", 9, Offset = 1)]", ("places.weight", W([9, 1], 0, 10, 20, 30, 40, 50, 60, 70, 80)));
        Assert.Equal([13, 24, 15, 26, 37, 48], y.Values[2..]);
    }

    [Fact]
    public void Rotation_turns_pairs_by_position()
    {
        NumberArray x = Input([1, 2, 2], 1, 0, 1, 0);
        NumberArray y = Run("[Rearrange(\"b t (h f) -> b t h f\", \"h\", 1), Rotary, Merge]", x);
        Assert.Equal([1, 0, Math.Cos(1), Math.Sin(1)], y.Values);
    }

    [Fact]
    public void Attention_weighs_values_by_the_softmax_of_scores()
    {
        // One head of width 1; q = k = v = x, scale 1: the second token weighs 1 and 2 by exp(2) and exp(4).
        NumberArray y = Run(
            "[Rearrange(\"b t (h f) -> b t h f\", \"h\", 1), As(\"q\")]\n[Attend(\"q\", \"q\", \"q\", Mask = Mask.Causal), Merge]", Input([1, 2, 1], 1, 2));
        double first = Math.Exp(2), second = Math.Exp(4);
        Assert.Equal([1, (first + (2 * second)) / (first + second)], y.Values, Close);
    }

    [Fact]
    public void A_query_sees_no_padded_key_and_positions_follow_the_mask_rule()
    {
        NumberArray y = Padded(
            "[Rearrange(\"b t (h f) -> b t h f\", \"h\", 1), As(\"q\")]\n[Attend(\"q\", \"q\", \"q\", Mask = nameof(First), Scale = 0), Merge]", """
            [Mask] static bool First(int query, int key) => key < 1;
            """);
        Assert.Equal([3, 3, 5, 5, 5], new[] { 2, 3, 4, 5, 6 }.Select(i => y.Values[i]));
    }

    [Fact]
    public void A_score_rule_reads_its_table_after_the_scale()
    {
        // Scale 0 and a table of logarithms: the weights are 1 : 3 by distance.
        NumberArray y = Run(
            "[Parameter(\"table\", \"r h\"), As(\"bias\")]\n[From(\"x\"), Rearrange(\"b t (h f) -> b t h f\", \"h\", 1), As(\"q\")]\n"
                + "[Attend(\"q\", \"q\", \"q\", Mask = Mask.Causal, Score = nameof(Near), Scale = 0), Merge]", """
            [Score] static double Near(double score, int head, int query, int key, [Table] Matrix bias) => score + bias[query - key, head];
            """, Input([1, 2, 1], 4, 8), "Axis(\"r\", 2), Axis(\"h\", 1)", ("table", W([2, 1], Math.Log(1), Math.Log(3))));
        Assert.Equal([4, ((3 * 4) + 8) / 4.0], y.Values, Close);
    }

    [Fact]
    public void Split_slice_concat_and_gate()
    {
        NumberArray y = Run(
            "[Split(\"a\", \"b\")]\n[Concat(\"b\", \"a\"), As(\"turned\")]\n[From(\"turned\"), Gate(\"x\", Activation.Relu), Slice(1, 2)]",
            Input([1, 1, 4], 1, 2, -3, 4));
        Assert.Equal([8, 0], y.Values);
    }

    [Fact]
    public void Learning_takes_gradients_at_the_start_of_a_mini_batch()
    {
        // f(x) = w x, loss (f - target)^2 / 2, target x: the gradient of w is (w - 1) x^2. Two tokens a mini-batch, rates 1, w = 3 at first.
        NumberArray y = Run("[From(\"x\", \"x\"), Learn<Learner>(\"learner\", Loss = nameof(Half), Every = 2)]", """
            [Pointwise] static double Half(double f, double target) => 0.5 * (f - target) * (f - target);
            """, Input([1, 3, 1], 0.5, 0.25, 0.5), "", ("learner.map.weight", W([1, 1], 3)));
        double first = 3 - (2 * 0.25), second = first - (2 * 0.0625), third = second - ((second - 1) * 0.25);
        Assert.Equal([first * 0.5, second * 0.25, third * 0.5], y.Values, Close);
    }

    private static readonly EqualityComparer<double> Close = EqualityComparer<double>.Create((a, b) => Math.Abs(a - b) < 1e-11, _ => 0);

    private static NumberArray Input(int[] shape, params double[] values) => new(shape, values);

    private static NumberArray W(int[] shape, params double[] values) => new(shape, values);

    /// <summary>Two rows of four tokens of one channel: 1 2 3 4 padded left by two, 5 6 7 8 padded right by one.</summary>
    private static NumberArray Padded(string brackets, params (string, NumberArray)[] weights) => Padded(brackets, "", weights);

    private static NumberArray Padded(string brackets, string members, params (string, NumberArray)[] weights) =>
        Run(brackets, members, Input([2, 4, 1], 1, 2, 3, 4, 5, 6, 7, 8), "", Mask, weights);

    private static NumberArray Run(string brackets, NumberArray x, params (string, NumberArray)[] weights) => Run(brackets, "", x, "", null, weights);

    private static NumberArray Run(string brackets, string members, NumberArray x, string header, params (string, NumberArray)[] weights) =>
        Run(brackets, members, x, header, null, weights);

    private static NumberArray Run(
        string brackets, string members, NumberArray x, string header, NumberArray? mask, params (string Key, NumberArray Weight)[] weights)
    {
        string head = header.Length > 0 ? ", " + header : "";
        using CompiledDeclarations compiled = Sources.Compile($$"""
            [Block<C>]
            [Linear("map", 1, Fast = true)]
            public sealed partial class Learner;

            [Model<C>("M"), Input("x", "b t d", Mask = "mask"), Axis("d", {{x.Last}}){{head}}]
            {{brackets}}
            public sealed partial class M
            {
                {{members}}
            }
            """);
        var feed = new Dictionary<string, NumberArray> { ["x"] = x };
        if (mask is not null)
        {
            feed["mask"] = mask;
        }

        var model = ReferenceModel.Of(compiled, "M", Sources.Config(compiled), weights.ToDictionary(w => w.Key, w => w.Weight));
        return model.Run(feed).Values.Single();
    }
}
