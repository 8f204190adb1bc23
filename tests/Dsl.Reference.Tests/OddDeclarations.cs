using System.Collections.Generic;

namespace Dsl.Reference.Tests;

/// <summary>Declarations that nobody publishes: conditions around everything, axes of size one, empty repeats, windows of one.</summary>
internal static class OddDeclarations
{
    private const string Head = """
        [Head("head", nameof(C.Vocab)), Output("logits")]
        public sealed partial class M;
        """;

    private const string Embed = """
        [Model<C>("M")]
        [Embedding("embed", nameof(C.Vocab), nameof(C.Hidden))]

        """;

    /// <summary>By name.</summary>
    internal static IReadOnlyDictionary<string, string> All { get; } = new Dictionary<string, string>
    {
        ["attention under a condition"] = Block("""
            [When(nameof(C.Flag)), Attention("{q,k,v,o}", Mask = Mask.Causal, Position = Position.Rotary)]
            """),
        ["adapters beside packed, folded and tied maps"] = """
            [Model<C>("M"), Adapt("layers.?.{q,v,down}", "o", "wide", "back", "gate", "head",
                Rank = nameof(C.Kernel), Alpha = nameof(C.Cap), RankStabilised = nameof(C.Flag))]
            [Embedding("embed", nameof(C.Vocab), nameof(C.Hidden))]
            [Repeat<B>("layers", nameof(C.Layers))]
            [Head("head", TiedTo = "embed", Tied = nameof(C.Tied)), Output("logits")]
            public sealed partial class M;

            [Block<C>]
            [Residual, RmsNorm("norm"), Attention("{q,k,v,o}", Mask = Mask.Causal, Position = Position.Rotary)]
            [Residual, GatedFeedForward("{gate,up,down}", Activation.Silu)]
            [Residual, Linear("wide", nameof(C.FeedForward)), Activate(Activation.GeluTanh), Linear("back", Stored = "in out")]
            public sealed partial class B;
            """,
        ["attention under either condition"] = Block("""
            [When(nameof(C.Other)), Attention("{q,k,v,o}", Mask = Mask.Causal)]
            [Unless(nameof(C.Other)), Attention("{q2,k2,v2,o2}", Mask = Mask.Causal, Scale = nameof(C.ScaleOf))]
            """),
        ["attends on both sides"] = Block("""
            [From("x"), Linear("q"), Heads(nameof(C.Heads), nameof(C.HeadDim)), As("q")]
            [When(nameof(C.Flag)), Attend("q", "q", "q", Mask = Mask.Causal), Merge]
            [Unless(nameof(C.Flag)), Attend("q", "q", "q", Mask = nameof(Near)), Merge]
            """, """
            [Mask] static bool Near(int query, int key, C c) => key <= query && query - key < c.Window;
            """),
        ["window of one"] = Block("""
            [Attention("{q,k,v,o}", Mask = nameof(Self))]
            """, """
            [Mask] static bool Self(int query, int key, C c) => key <= query && query - key < c.One;
            """),
        ["a query that sees nothing"] = Block("""
            [Attention("{q,k,v,o}", Mask = nameof(Past))]
            """, """
            [Mask] static bool Past(int query, int key) => key < query;
            """),
        ["sinks and a window"] = Block("""
            [Attention("{q,k,v,o}", Mask = nameof(Sink), Position = Position.Rotary)]
            """, """
            [Mask] static bool Sink(int query, int key, C c) => key <= query && (query - key < c.Window || key < 2);
            """),
        ["mask of the layer"] = Block("""
            [Attention("{q,k,v,o}", Mask = nameof(Layered))]
            """, """
            [Mask] static bool Layered(int query, int key, int layer) => key <= query && query - key <= layer;
            """),
        ["score, mask and table"] = Block("""
            [Attention("{q,k,v,o}", Mask = nameof(Near), Score = nameof(Bias), Scale = 1)]
            """, """
            [Mask] static bool Near(int query, int key, C c) => key <= query && query - key < c.Window;
            [Score] static double Bias(double score, int head, int query, int key, [Table] Matrix table, C c) =>
                c.Cap * Math.Tanh(score / c.Cap) + table[Math.Min(query - key, 3), head];
            """, header: "Input(\"table\", \"r g\"), Axis(\"r\", 4), Axis(\"g\", nameof(C.Heads))",
            before: "[Parameter(\"table\", \"r g\"), As(\"table\")]\n[From(\"e\")", axes: ", Axis(\"r\", 4), Axis(\"g\", nameof(C.Heads))"),
        ["integers in the index of a score's table"] = Scored("""
            [Mask] static bool Past(int query, int key) => key <= query;
            [Score] static double Near(double score, int head, int query, int key, [Table] Matrix table, C c)
            {
                int d = Math.Abs(key - query), far = Math.Max(0, d - 1) / 2;
                bool even = d % 2 == 0, near = d < 2;
                int pick = even == true && near == (far < 1) ? Math.Clamp(d, 0, 3) : Math.Sign(d - 2) + 1;
                int other = Math.Clamp(pick - 1, Math.Min(0, d), Math.Max(1, far));
                return score + table[(int)(0.5 * pick) + (c.Flag ? d % 2 : 1), head] + table[Math.Min(3, Math.Max(other, 0)), head]
                    + 0.1 * table[Math.Sign(score) + 1, head];
            }
            """, "Past"),
        ["a table's index of hidden pairs"] = Scored("""
            [Mask] static bool Past(int query, int key) => key <= query;
            [Score] static double Near(double score, int head, int query, int key, [Table] Matrix table) =>
                score + table[Far(query - key), head] + table[Math.Min((query - key) / (query - key + 1), 3), head];
            static int Far(int distance) => Math.Min(distance, 3);
            """, "Past"),
        ["a table's index of pairs outside of a window"] = Scored("""
            [Mask] static bool Band(int query, int key, C c) => key <= query && query - key < c.Window;
            [Score] static double Near(double score, int head, int query, int key, [Table] Matrix table) =>
                Math.Tanh(score) + table[query - key, head] + table[2 / (key - query - 1) + 2, head];
            """, "Band"),
        ["a table's index of a branch that is not taken"] = Scored("""
            [Mask] static bool Past(int query, int key) => key <= query;
            [Score] static double Near(double score, int head, int query, int key, [Table] Matrix table)
            {
                int d = query - key;
                if (d < 4) { return score + table[d, head]; }
                return d > 5 ? 0.5 * score : score * table[5 % (d - 3), head];
            }
            """, "Past"),
        ["a score that hidden pairs have none of"] = Scored("""
            [Mask] static bool Past(int query, int key) => key <= query;
            [Score] static double Near(double score, int head, int query, int key, [Table] Matrix table) =>
                score * Math.Log(1.5 + query - key) + Math.Sqrt(query - key + 0.5) / (score * score + query - key + 0.25) + table[0, head];
            """, "Past"),
        ["minus upon minus"] = Block("""
            [Linear("v"), Apply(nameof(F)), Apply(nameof(R)), Apply(nameof(One))]
            """, """
            [Pointwise] static double F(double a, C c, int layer) =>
                Math.Exp(-(-a) * -a) - -a + (- -1.0) * -(-layer) + -(-0.0) * a + (!!c.Flag ? + +a : -(-(-a)));
            [Pointwise] static double One(double a) => -(-a);
            [Recurrence("b t d", State = "b d")]
            static double R(ref double h, double x, int position)
            {
                h = -(-(0.5 * h)) - -x + -(-0.0) * h + 0.1 * -(-position % 3);
                return !!(h > 1) ? - -h : -(-(h * x));
            }
            """),
        ["a value compared with itself"] = Block("""
            [Apply(nameof(R))]
            """, """
            [Recurrence("b t d", State = "b d")]
            static double R(ref double s, double x, int layer, C c)
            {
                double v = 0.125 * layer;
                s = 0.5 * s + (v <= 0.125 * layer && Same(s, s) && layer == layer + 0 && c.Heads >= c.Heads && s < x ? x : 0.5);
                return s;
            }
            static bool Same(double a, double b) => a == b;
            """),
        ["whole numbers of a position"] = Block("""
            [Apply(nameof(R))]
            """, """
            [Recurrence("b t d", State = "b d")]
            static double R(ref double s, double x, int position, C c)
            {
                int half = position / 2, third = position / 3 - Math.Abs(2 - position) % 3;
                bool odd = position % 2 == 1;
                int pick = odd ? Math.Clamp(position, 1, 4) : Math.Max(-position, Math.Min(third, 3));
                s = 0.5 * s + 0.1 * (half + third * pick + Math.Sign(position - 2)) * x;
                return odd == (pick > 2) || c.Flag == odd ? s : -s;
            }
            """),
        ["a recurrence used once"] = Embed + """
            [Use<B>("block")]
            """ + Head + """

            [Block<C>]
            [Apply(nameof(Scan))]
            public sealed partial class B { [Recurrence("b t d", State = "b d")] static double Scan(ref double h, double x) { h = 0.5 * h + x; return h; } }
            """,
        ["empty repeat"] = Embed + """
            [Repeat<B>("layers", nameof(C.None)), RmsNorm("norm")]
            """ + Head + """

            [Block<C>]
            [Residual, Attention("{q,k,v,o}", Mask = Mask.Causal)]
            public sealed partial class B;
            """,
        ["axis of size one"] = Block("""
            [Linear("down", nameof(C.One)), LayerNorm("norm"), Linear("up")]
            """),
        ["one head of width one"] = Block("""
            [From("x"), Linear("q"), Heads(nameof(C.One), nameof(C.One)), As("q")]
            [Attend("q", "q", "q", Mask = Mask.Causal), Merge, Linear("o")]
            """),
        // In one layer: what a second one keeps of earlier tokens was computed when the sequence was shorter.
        ["length-dependent rotary under a condition"] = Embed + """
            [Use<B>("block")]
            """ + Head + """

            [Block<C>, Defaults(Frequency = nameof(C.Scaling), Context = nameof(C.Kernel))]
            [When(nameof(C.Flag)), Attention("{q,k,v,o}", Mask = Mask.Causal, Position = Position.Rotary)]
            public sealed partial class B;
            """,
        ["length-dependent rotary in the model itself"] = """
            [Model<C>("M"), Defaults(Frequency = nameof(C.Scaling), Context = nameof(C.Kernel))]
            [Embedding("embed", nameof(C.Vocab), nameof(C.Hidden))]
            [Residual, Attention("{q,k,v,o}", Mask = Mask.Causal, Position = Position.Rotary)]
            """ + Head,
        ["rotary with a frequency in the model itself, its attention a bracket apart"] = """
            [Model<C>("M"), Defaults(Frequency = nameof(C.Scaling), Context = nameof(C.Kernel))]
            [Embedding("embed", nameof(C.Vocab), nameof(C.Hidden)), As("x")]
            [From("x"), Linear("q"), Heads(2, 4), Rotary, As("q")]
            [From("x"), Linear("k"), Heads(2, 4), Rotary, As("k")]
            [From("x"), Linear("v"), Heads(2, 4), As("v")]
            [Attend("q", "k", "v", Mask = Mask.Causal), Merge, Linear("o", nameof(C.Hidden))]
            """ + Head,
        ["the same in a block"] = Embed + """
            [Use<B>("block")]
            """ + Head + """

            [Block<C>]
            [From("x"), Linear("q"), Heads(2, 4), Rotary(Frequency = nameof(C.Scaling), Context = nameof(C.Kernel)), As("q")]
            [From("x"), Linear("k"), Heads(2, 4), Rotary(Frequency = nameof(C.Scaling), Context = nameof(C.Kernel)), As("k")]
            [From("x"), Linear("v"), Heads(2, 4), As("v")]
            [Attend("q", "k", "v", Mask = Mask.Causal), Merge, Linear("o", nameof(C.Hidden))]
            public sealed partial class B;
            """,
        ["a block whose input is twice its result"] = Embed + """
            [Use<Half>("half"), Linear("back", nameof(C.Hidden))]
            """ + Head + """

            [Block<C>]
            [Split("l", "r")]
            [From("l"), RmsNorm("norm"), Gate("r", Activation.Silu)]
            public sealed partial class Half;
            """,
        ["recurrence with a state in a span"] = Block("""
            [As("u")]
            [From("u"), Linear("b", nameof(C.State)), As("B")]
            [From("u"), Linear("c", nameof(C.State)), As("K")]
            [From("u", "B", "K"), Apply(nameof(Selective))]
            """, """
            [Recurrence("b t d", State = "b d [n]")]
            static double Selective(
                Span<double> h, double u, [Axes("b t n")] ReadOnlySpan<double> B, [Axes("b t n")] ReadOnlySpan<double> K,
                [Parameter("rate", "d n")] ReadOnlySpan<double> rate)
            {
                double y = 0;
                for (int n = 0; n < h.Length; n++) { h[n] = Sigmoid(rate[n]) * h[n] + B[n] * u; y += h[n] * K[n]; }
                return y;
            }
            """, axes: ", Axis(\"n\", nameof(C.State))"),
        ["time-invariant recurrence"] = Block("""
            [Apply(nameof(Fixed))]
            """, """
            [Recurrence("b t d", State = "b d [n]")]
            static double Fixed(
                Span<double> h, double u, [Parameter("rate", "d n")] ReadOnlySpan<double> rate,
                [Parameter("into", "d n")] ReadOnlySpan<double> into, [Parameter("out", "d n")] ReadOnlySpan<double> outOf)
            {
                double y = 0;
                for (int n = 0; n < h.Length; n++) { h[n] = Sigmoid(rate[n]) * h[n] + into[n] * u; y += h[n] * outOf[n]; }
                return y;
            }
            """, axes: ", Axis(\"n\", nameof(C.State))"),
        ["recurrence that begins elsewhere"] = Block("""
            [Apply(nameof(Peak))]
            """, """
            [Recurrence("b t d", State = "b d")]
            static double Peak([Start(-1e38)] ref double most, [Start(2)] ref double sum, double x)
            {
                most = Math.Max(most, x);
                sum = 0.5 * sum + Math.Exp(x - most);
                return sum + most;
            }
            """),
        ["recurrence with branches and remainders"] = Block("""
            [Apply(nameof(Odd))]
            """, """
            [Recurrence("b t d", State = "b d")]
            static double Odd(ref double h, double x, int layer, C c)
            {
                double f = x > 0 ? x : 0.1 * x;
                if (h > 1) { h = h - 1; } else { h = 0.5 * h + f + layer; }
                return h % 0.7 + Math.Abs(h) * c.Cap;
            }
            """),
        ["functions of what may be null"] = Block("""
            [Residual, Linear("in", Bias = true), Apply(nameof(Capped)), Apply(nameof(Uncapped)), Apply(nameof(Hold))]
            """, """
            [Pointwise] static double Capped(double x, C c) => c.Limit is { } cap ? cap * Math.Tanh(x / cap) : x;
            [Pointwise] static double Uncapped(double x, C c) => c.Missing is { } cap ? cap * Math.Tanh(x / cap) + x : 0.5 * x;
            [Recurrence("b t d", State = "b d")] static double Hold(ref double h, double x, C c)
            {
                h = (c.Missing is { } far ? Math.Log(far) : 0.5) * h + (c.Limit ?? 2) * x;
                return c.Limit is { } cap ? cap * Math.Tanh(h / cap) : h;
            }
            """) + """

            public sealed partial record Config { public double? Limit => 1.5; public double? Missing => null; }
            """,
        ["recurrence over heads"] = Block("""
            [Linear("v"), Heads(nameof(C.Heads), nameof(C.HeadDim)), Apply(nameof(Decay)), Merge]
            """, """
            [Recurrence("b t h d", State = "b h d")]
            static double Decay(ref double s, double v, [Parameter("gamma", "h")] double gamma) { s = Sigmoid(gamma) * s + v; return s; }
            """),
        ["pointwise with a weight of a middle axis"] = Block("""
            [Linear("v"), Heads(nameof(C.Heads), nameof(C.HeadDim)), Apply(nameof(Scaled)), Merge]
            """, """
            [Pointwise] static double Scaled(double x, [Parameter("gamma", "h")] double gamma) => x * gamma;
            """),
        ["pointwise of the layer, with a remainder"] = Block("""
            [Linear("v"), As("v")]
            [From("v", "x"), Apply(nameof(Odd))]
            """, """
            [Pointwise]
            static double Odd(double a, double b, int layer, C c, [Parameter("w", "d")] double w, [Parameter("s", "1")] double s) =>
                (a > b ? a * w : b - a) + layer * s + a % 0.7 + c.Cap;
            """),
        ["convolution of one"] = Block("""
            [Conv("conv", nameof(C.One), Bias = true), Activate(Activation.Silu)]
            """),
        ["convolution under a condition, then shift"] = Block("""
            [When(nameof(C.Flag)), Conv("conv", nameof(C.Kernel), Bias = true)]
            [Unless(nameof(C.Other)), Shift]
            [Linear("o")]
            """),
        ["shared repeat"] = Embed + """
            [Repeat<B>("layers.same", nameof(C.Layers), Shared = true)]
            """ + Head + """

            [Block<C>]
            [Residual, LayerNorm("norm"), Linear("map", Bias = true)]
            public sealed partial class B;
            """,
        ["choices of the layer"] = Embed + """
            [Repeat<A, B>("layers", nameof(C.Layers), By = nameof(C.Kind))]
            """ + Head + """

            [Block<C>]
            [Residual, LayerNorm("norm"), Linear("map", Bias = true)]
            public sealed partial class A;

            [Block<C>]
            [Residual, RmsNorm("norm"), Attention("{q,k,v,o}", Mask = Mask.Causal)]
            public sealed partial class B;

            public sealed partial record Config { public Type Kind(int layer) => layer % 2 == 0 ? typeof(A) : typeof(B); }
            """,
        ["three kinds of layers"] = Embed + """
            [Use<A, B, D>("first", By = nameof(C.First)), Repeat<A, B, D>("layers", 3, By = nameof(C.Kind))]
            """ + Head + """

            [Block<C>]
            [Residual, LayerNorm("norm"), Linear("map", Bias = true)]
            public sealed partial class A;

            [Block<C>]
            [Residual, RmsNorm("norm"), Attention("{q,k,v,o}", Mask = Mask.Causal)]
            public sealed partial class B;

            [Block<C>]
            [Residual, Shift, Linear("map")]
            public sealed partial class D;

            public sealed partial record Config
            {
                public Type First => typeof(B);
                public Type Kind(int layer) => layer == 0 ? typeof(A) : layer == 1 ? typeof(B) : typeof(D);
            }
            """,
        ["rules of one name in two blocks"] = Embed + """
            [Use<A>("a"), Use<B>("b")]
            """ + Head + """

            [Block<C>]
            [RmsNorm("norm"), As("n")]
            [Linear("q"), Heads(nameof(C.Heads), nameof(C.HeadDim)), Rotary(Position = nameof(Place)), As("queries")]
            [From("n"), Linear("k"), Heads(nameof(C.Heads), nameof(C.HeadDim)), Rotary(Position = nameof(Place)), As("keys")]
            [From("n"), Linear("v"), Heads(nameof(C.Heads), nameof(C.HeadDim)), As("values")]
            [Attend("queries", "keys", "values", Mask = nameof(Near), Score = nameof(Added)), Merge, Linear("o"), As("out")]
            [Sum("out", "x")]
            public sealed partial class A
            {
                [Mask] static bool Near(int query, int key) => key <= query && (query - key < 3 || key % 2 == 0);
                [Score] static double Added(double score, int query, int key) => score - 0.3 * (query - key);
                static int Place(int position) => position % 4;
            }

            [Block<C>]
            [RmsNorm("norm"), As("n")]
            [Linear("q"), Heads(nameof(C.Heads), nameof(C.HeadDim)), Rotary(Position = nameof(Place)), As("queries")]
            [From("n"), Linear("k"), Heads(nameof(C.Heads), nameof(C.HeadDim)), Rotary(Position = nameof(Place)), As("keys")]
            [From("n"), Linear("v"), Heads(nameof(C.Heads), nameof(C.HeadDim)), As("values")]
            [Attend("queries", "keys", "values", Mask = nameof(Near), Score = nameof(Added)), Merge, Linear("o"), As("out")]
            [Sum("out", "x")]
            public sealed partial class B
            {
                [Mask] static bool Near(int query, int key) => key <= query && (query - key < 2 || key % 3 == 1);
                [Score] static double Added(double score, int query, int key) => score + 0.2 * (query - key);
                static int Place(int position) => 2 * position;
            }
            """,
        ["a block used twice"] = Embed + """
            [Use<B>("one")]
            [Use<B>("one", Shared = true)]
            """ + Head + """

            [Block<C>]
            [Residual, RmsNorm("norm"), Attention("{q,k,v,o}", Mask = Mask.Causal)]
            public sealed partial class B;
            """,
        ["layered sizes"] = Block("""
            [Linear("up", nameof(C.WidthOf)), Activate(Activation.Gelu), Linear("down")]
            """),
        ["an empty side of a pair"] = Block("""
            [When(nameof(C.Other)), Linear("a"), As("a")]
            [Unless(nameof(C.Other)), RmsNorm("n")]
            [Linear("o")]
            """),
        ["packed maps with and without bias"] = Block("""
            [From("x"), Linear("a", nameof(C.FeedForward), Bias = true), Activate(Activation.Gelu), As("a")]
            [From("x"), Linear("b", nameof(C.FeedForward)), As("b")]
            [From("x"), Linear("c", nameof(C.FeedForward), Bias = nameof(C.Other), Stored = "in out"), As("c")]
            [From("a"), Gate("b", Activation.Sigmoid), Gate("c"), Linear("o")]
            """),
        ["the same map twice on one value"] = Block("""
            [From("x"), Activate(Activation.Tanh), As("a")]
            [From("x"), Activate(Activation.Tanh), As("b")]
            [Sum("a", "b", "x"), Linear("o")]
            """),
        ["a residual inside a residual"] = Block("""
            [Residual, Linear("a", nameof(C.Hidden)), Activate(Activation.Relu)]
            [Residual, From("x"), Linear("b")]
            [Residual, Split("l", "r"), Concat("r", "l"), Linear("c")]
            """),
        ["norm over groups, stored as one"] = Block("""
            [Linear("v", nameof(C.Hidden)), Rearrange("b t (g r) -> b t g r", "g", nameof(C.Heads)), RmsNorm("norm", Stored = "(g r)"), Merge]
            """),
        ["norm of each head"] = Block("""
            [Linear("v"), Heads(nameof(C.Heads), nameof(C.HeadDim)), LayerNorm("norm", Stored = "h d"), Merge]
            """),
        ["learning under a condition"] = Block("""
            [From("x"), Linear("k"), As("k")]
            [When(nameof(C.Flag)), From("k", "x"), Learn<L>("learner", Loss = nameof(Half), Every = nameof(C.Every))]
            """, """
            [Pointwise] static double Half(double f, double target) => 0.5 * (f - target) * (f - target);
            """) + """

            [Block<C>]
            [Linear("map", nameof(C.Hidden), Bias = true, Fast = true), Activate(Activation.Tanh)]
            public sealed partial class L;
            """,
        ["cross attention with masks on both sides"] = """
            [Model<C>("M"), Input("ids", "b s", Mask = "mask"), Input("target", "b t", Mask = "target_mask", Steps = true)]
            [From("ids"), Embedding("embed", nameof(C.Vocab), nameof(C.Hidden)), Use<E>("encoder"), Output("memory"), As("memory")]
            [From("target"), Embedding("embed", Shared = true), Repeat<D>("decoder", nameof(C.Layers)), Output("hidden")]
            [Head("head", TiedTo = "embed", Tied = nameof(C.Tied)), Output("logits")]
            public sealed partial class M;

            [Block<C>]
            [Residual, LayerNorm("norm"), Attention("{q,k,v,o}")]
            public sealed partial class E;

            [Block<C>, Input("memory", "b s m")]
            [Residual, LayerNorm("norm"), Attention("{q,k,v,o}", Mask = Mask.Causal)]
            [As("h"), Linear("cq"), Heads(nameof(C.Heads), nameof(C.HeadDim)), As("q")]
            [From("memory"), Linear("ck"), Heads(nameof(C.KvHeads), nameof(C.HeadDim)), As("k")]
            [From("memory"), Linear("cv"), Heads(nameof(C.KvHeads), nameof(C.HeadDim)), As("v")]
            [Attend("q", "k", "v"), Merge, Linear("co"), As("c")]
            [Sum("h", "c")]
            public sealed partial class D;
            """,
        ["a name at the end of the other half of a pair"] = Block("""
            [When(nameof(C.Flag)), LayerNorm("norm")]
            [Unless(nameof(C.Flag)), RmsNorm("other"), As("normed")]
            [From("normed"), Linear("a", nameof(C.Hidden)), As("a")]
            [Sum("normed", "a")]
            """),
        ["a score that reads no score"] = Block("""
            [Attention("{q,k,v,o}", Mask = Mask.Causal, Score = nameof(Near))]
            """, """
            [Score] static double Near(double score, int query, int key) => -0.3 * (query - key);
            """),
        ["a recurrence that reads its position"] = Block("""
            [Apply(nameof(Placed))]
            """, """
            [Recurrence("b t d", State = "b d")] static double Placed(ref double h, double x, int position) => h = 0.5 * h + x / (1 + position);
            """),
        ["attention twice, dropping"] = Block("""
            [From("x"), Linear("q"), Heads(nameof(C.Heads), nameof(C.HeadDim)), As("q")]
            [Attend("q", "q", "q", Mask = Mask.Causal, Dropout = 0.5), As("a")]
            [Attend("q", "q", "q", Mask = Mask.Causal, Dropout = 0.5), As("b")]
            [From("a"), Gate("b"), Merge]
            """),
        ["a block of two widths"] = Embed + """
            [Use<Twice>("twice"), Linear("back", nameof(C.Hidden))]
            """ + Head + """

            [Block<C>, Axis("e", 2)]
            [From("x"), Rearrange("b t (e d) -> b t e d", "e", 2), Linear("map", 3), Rearrange("b t e d -> b t (e d)")]
            public sealed partial class Twice;
            """,
        ["the head before the last block"] = Embed + """
            [Output("embedded"), Use<B>("one"), Output("hidden"), Pool("last"), Output("pooled")]
            public sealed partial class M;

            [Block<C>]
            [Residual, RmsNorm("norm"), Attention("{q,k,v,o}", Mask = Mask.Causal)]
            public sealed partial class B;
            """,
    };

    /// <summary>Functions over a token's own axes, one weight at two places, values without time.</summary>
    internal static IReadOnlyDictionary<string, string> More { get; } = new Dictionary<string, string>
    {
        ["outputs of a block in a block, of its memory, of what it was given"] = """
            [Block<C>]
            [Residual, LayerNorm("norm"), Attention("{q,k,v,o}", Mask = Mask.Causal)]
            public sealed partial class Layer;

            [Block<C>]
            [Repeat<Layer>("layers", 2), Output("before"), RmsNorm("norm"), As("h")]
            [Linear("middle", 6), Output("middle")]
            [From("h"), Linear("last", nameof(C.Hidden)), Output("last")]
            public sealed partial class Trunk;

            [Block<C>, Input("memory", "b s d")]
            [Use<Trunk>("trunk", With = "middle=narrow"), As("t")]
            [From("before"), Linear("q", 8), Heads(2, 4), As("q")]
            [From("memory"), Linear("k", 8), Output("keys"), Heads(2, 4), As("k")]
            [Attend("q", "k", "k"), Merge, As("attended")]
            [Concat("attended", "narrow"), Linear("back", nameof(C.Hidden)), As("y")]
            [From("x"), Output("same")]
            [Sum("y", "t", "last")]
            public sealed partial class Outer;

            [Model<C>("M"), Input("ids", "b t", Mask = "mask", Steps = true), Input("source", "b s", Mask = "source_mask")]
            [From("source"), Embedding("sources", nameof(C.Vocab), nameof(C.Hidden)), As("memory")]
            [From("ids"), Embedding("embed", nameof(C.Vocab), nameof(C.Hidden)), Use<Outer>("outer"), As("o")]
            [From("keys"), Pool("mean"), Output("pooled")]
            [From("same"), Linear("five", 5), Output("five")]
            [From("o"), Dropout(0.1)]
            """ + Head,
        ["a block beside whose sequence a value steps, looked at one by one and over time"] = """
            [Block<C>, Input("asked", "b s d")]
            [From("asked"), Linear("q", 8), Heads(2, 4), As("q")]
            [From("x"), Linear("k", 8), Heads(2, 4), As("k")]
            [Attend("q", "k", "k"), Merge, Linear("out", nameof(C.Hidden))]
            public sealed partial class OneByOne;

            [Block<C>, Input("asked", "b s d")]
            [From("asked"), Shift, As("earlier")]
            [From("x"), Use<OneByOne>("look", With = "asked=earlier")]
            public sealed partial class OverTime;

            [Model<C>("M"), Input("ids", "b t", Mask = "mask", Steps = true), Input("source", "b s", Mask = "source_mask")]
            [From("ids"), Embedding("embed", nameof(C.Vocab), nameof(C.Hidden)), As("asked")]
            [From("source"), Embedding("sources", nameof(C.Vocab), nameof(C.Hidden)), As("memory")]
            [From("memory"), Use<OverTime>("over"), As("over")]
            [From("memory"), Use<OneByOne>("one"), As("one")]
            [Sum("over", "one")]
            """ + Head,
        ["functions of images and of values without channels"] = """
            [Model<C>("M"), Axis("c", 2), Axis("h"), Axis("w"), Input("pixels", "b c h w")]
            [Apply(nameof(Squared)), Conv("patch", 2, 4, Over = "h w -> r q"), Rearrange("b d r q -> b (r q) d"), As("patches"), Output("patches")]
            [Linear("one", 1), Rearrange("b t 1 -> b t"), As("s"), Apply(nameof(Squared)), As("a")]
            [From("s", "a"), Apply(nameof(Larger)), Output("larger")]
            public sealed partial class M
            {
                [Pointwise] static double Squared(double x, C c) => x * x / c.Cap;
                [Pointwise] static double Larger(double a, double b) => a > b ? a * b : b;
            }
            """,
        ["ids that are drawn, read by tables, shifted, and by a block of ids"] = Embed + """
            [Residual, RmsNorm("norm"), Attention("{q,k,v,o}", Mask = Mask.Causal)]
            [Head("guess", TiedTo = "embed"), Output("guesses"), Sample, As("drawn")]
            [Embedding("embed", Shared = true), Linear("verdict", 1), Rearrange("b t 1 -> b t"), Output("verdicts")]
            [From("drawn"), Repeat<B>("again", 2), Shift, Embedding("before", nameof(C.Vocab), nameof(C.Hidden)), As("before")]
            [When(nameof(C.Flag)), Linear("map", nameof(C.Hidden))]
            """ + Head + """

            [Block<C>, Input("x", "b t")]
            [Embedding("embed", nameof(C.Vocab), 3), Linear("map", nameof(C.Vocab)), Sample]
            public sealed partial class B;
            """,
        ["softmax over own channels, a weighted sum over them"] = Block("""
            [Linear("gate", 5), As("g")]
            [From("g", "g"), Apply(nameof(Softmax)), As("p")]
            [From("x"), Linear("values", 20), Rearrange("b t (e f) -> b t f e", "e", 5), As("v")]
            [From("v", "p"), Apply(nameof(Mix)), Linear("out")]
            """, """
            [Pointwise("b t e")]
            static double Softmax(double x, [Axes("b t e")] ReadOnlySpan<double> all)
            {
                double most = all[0], sum = 0;
                for (int i = 1; i < all.Length; i++) { most = Math.Max(most, all[i]); }
                most = ScalarMath.Detach(most);
                for (int i = 0; i < all.Length; i++) { sum += Math.Exp(all[i] - most); }
                return Math.Exp(x - most) / sum;
            }

            [Pointwise("b t f")]
            static double Mix([Axes("b t f e")] ReadOnlySpan<double> v, [Axes("b t e")] ReadOnlySpan<double> p)
            {
                double sum = 0;
                for (int i = 0; i < p.Length; i++) { sum += p[i] * v[i]; }
                return sum;
            }
            """),
        ["the best of a token's own channels"] = Block("""
            [Linear("gate", 7), As("g")]
            [From("g", "g"), Apply(nameof(Best)), Linear("out")]
            """, """
            [Pointwise("b t e")]
            static double Best(double x, [Axes("b t e")] ReadOnlySpan<double> all)
            {
                double above = 0;
                for (int i = 0; i < all.Length; i++) { above += all[i] > x ? 1 : 0; }
                return above < 3 ? x : 0;
            }
            """),
        ["a norm with an offset, of a layer's own rate"] = Block("""
            [Residual, From("x", "x"), Apply(nameof(Norm)), Linear("map", nameof(C.Hidden))]
            """, """
            [Pointwise("b t d")]
            static double Norm(double x, [Axes("b t d")] ReadOnlySpan<double> all, [Parameter("w", "d")] double w, int layer, C c)
            {
                double sum = 0;
                for (int i = 0; i < all.Length; i++) { sum += all[i] * all[i]; }
                return x / Math.Sqrt(sum / all.Length + 1e-3) * (1 + w) * (1 + layer);
            }
            """),
        ["a broadcast over heads, weights of new axes"] = Block("""
            [Linear("a", 6), As("a")]
            [From("x"), Linear("b", 3), As("g")]
            [From("a", "g"), Apply(nameof(Spread)), Merge, As("s")]
            [From("s"), Rearrange("b t (h d) -> b t h d", "h", 3), Apply(nameof(Turn)), Rearrange("b t k h -> b t (k h)"), Linear("out")]
            """, """
            [Pointwise("b t h d")]
            static double Spread([Axes("b t d")] double x, [Axes("b t h")] double g) => Math.Tanh(x) * g;

            [Pointwise("b t k h")]
            static double Turn([Axes("b t h d")] ReadOnlySpan<double> x, [Parameter("turn", "k d")] ReadOnlySpan<double> w)
            {
                double sum = 0;
                for (int i = 0; i < x.Length; i++) { sum += x[i] * w[i]; }
                return sum;
            }
            """, "Axis(\"k\", 2)"),
        ["attention that turns an odd part of its heads, as the declaration says once"] = Block("""
            [Residual, Attention("{q,k,v,o}", Mask = Mask.Causal, Position = Position.Rotary)]
            """, header: "Defaults(Width = 1, Pairs = Pairs.Neighbours, Theta = 100.0)"),
        ["a map and norms at two places"] = Block("""
            [LayerNorm("norm"), Linear("map", nameof(C.Hidden), Bias = true), RmsNorm("scale"), As("a")]
            [From("x"), Activate(Activation.Tanh), Linear("map", Shared = true, Bias = true), As("b")]
            [Sum("a", "b"), LayerNorm("norm", Shared = true), RmsNorm("scale", Shared = true), Linear("out")]
            """),
        ["a map that is packed, at another place too"] = Block("""
            [From("x"), Linear("q", nameof(C.Hidden)), As("q")]
            [From("x"), Linear("k", nameof(C.Hidden)), As("k")]
            [From("q"), Linear("k", Shared = true), Activate(Activation.Silu), As("r")]
            [From("x"), Linear("q", nameof(C.Hidden), Shared = true, Stored = "in out"), As("s")]
            [Sum("q", "k", "r", "s"), Linear("out")]
            """),
        ["maps for each head at two places"] = Block("""
            [Linear("in", 12), Rearrange("b t (h f) -> b t h f", "h", 3), As("a")]
            [From("a"), Linear("map", 4, Stored = "h in out", BiasWeight = "off", BiasStored = "h out"), LayerNorm("norm", Stored = "h f"),
                Linear("map", 4, Stored = "h in out", BiasWeight = "off", BiasStored = "h out", Shared = true),
                LayerNorm("norm", Stored = "h f", Shared = true)]
            [Merge, Linear("out")]
            """),
        ["a block of a table that has no time"] = """
            [Model<C>("M"), Axis("r", 4), Axis("w", nameof(C.Hidden))]
            [Embedding("embed", nameof(C.Vocab), nameof(C.Hidden)), As("e")]
            [Parameter("table", "r w"), LayerNorm("norm"), Use<T>("made"), As("table")]
            [From("e"), Repeat<B>("layers", nameof(C.Layers))]
            [Head("head", nameof(C.Vocab)), Output("logits")]
            public sealed partial class M;

            [Block<C>, Input("x", "r w")]
            [Residual, Linear("up", 6, Bias = true), Activate(Activation.Gelu), Linear("down")]
            [RmsNorm("norm"), Linear("heads", nameof(C.Heads))]
            public sealed partial class T;

            [Block<C>, Input("table", "r g"), Axis("r", 4), Axis("g", nameof(C.Heads))]
            [Residual, Attention("{q,k,v,o}", Mask = Mask.Causal, Score = nameof(Near))]
            public sealed partial class B
            {
                [Score] static double Near(double score, int head, int query, int key, [Table] Matrix table) =>
                    score + table[Math.Min(query - key, 3), head];
            }
            """,
        ["a function of pooled values, which have no time"] = """
            [Model<C>("M")]
            [Embedding("embed", nameof(C.Vocab), nameof(C.Hidden)), Pool("mean"), Linear("gate", 6), As("g")]
            [From("g", "g"), Apply(nameof(Share)), Linear("out", 3), Output("logits")]
            public sealed partial class M
            {
                [Pointwise("b e")]
                static double Share(double x, [Axes("b e")] ReadOnlySpan<double> all, [Parameter("w", "e")] double w)
                {
                    double sum = 0;
                    for (int i = 0; i < all.Length; i++) { sum += all[i] * all[i]; }
                    return x * w / (1 + sum);
                }
            }
            """,
        ["the layer, asked by a model itself"] = """
            [Model<C>("M")]
            [Embedding("embed", nameof(C.Vocab), nameof(C.Hidden)), Apply(nameof(Point)), Apply(nameof(Step)), Apply(nameof(Wide))]
            [RmsNorm("norm.{layer}", Eps = nameof(C.ScaleOf)), Linear("q.{layer}"), Heads(nameof(C.Heads), nameof(C.HeadDim)), As("q")]
            [Attend("q", "q", "q", Mask = nameof(Near), Score = nameof(Bent)), Merge]
            """ + Head.Replace("partial class M;", """
            partial class M
            {
                [Pointwise] static double Point(double x, int layer) => x * (layer + 2);
                [Pointwise("b t d")] static double Wide(double x, int layer) => x + layer - 0.25;
                [Recurrence("b t d", State = "b d")] static double Step(ref double s, double x, int layer) { s = 0.5 * s + x; return s + layer; }
                [Mask] static bool Near(int query, int key, int layer) => key <= query && query - key <= layer + 2;
                [Score] static double Bent(double score, int query, int layer) => score / (layer + query + 1);
            }
            """, System.StringComparison.Ordinal),
        ["a gate of an activated value with itself"] = Block("""
            [Linear("up", nameof(C.FeedForward)), Activate(Activation.Silu), As("a"), Gate("a"), Linear("down")]
            """),
        ["a product that is dropped and added to itself"] = Block("""
            [Linear("up"), Dropout(0.1), As("a")]
            [Sum("a", "a")]
            """),
        ["a map for each head below a fast one"] = Block("""
            [From("x"), Linear("k"), Heads(nameof(C.Heads), nameof(C.HeadDim)), As("k")]
            [From("k", "k"), Learn<L>("learner", Loss = nameof(Half), Every = nameof(C.Every)), Merge]
            """, """
            [Pointwise] static double Half(double f, double target) => 0.5 * (f - target) * (f - target);
            """) + """

            [Block<C>, Input("x", "b t h f")]
            [Linear("down", nameof(C.FeedForward), Stored = "h in out"), Activate(Activation.Tanh)]
            [Linear("map", nameof(C.HeadDim), Stored = "h in out", Fast = true)]
            public sealed partial class L;
            """,
        ["layers that do not step, whose result nothing reads"] = Block("""
            [Repeat<Mixed>("lost", 2)]
            [From("x"), Linear("o")]
            """) + """

            [Block<C>]
            [Residual, RmsNorm("norm"), Conv("conv", nameof(C.Kernel)), Attention("{q,k,v,o}")]
            public sealed partial class Mixed;
            """,
        ["logits that do not step, and an output after them that could"] = """
            [Model<C>("M")]
            [Embedding("embed", nameof(C.Vocab), nameof(C.Hidden)), As("embedded")]
            [Residual, Attention("{q,k,v,o}")]
            [Head("head", nameof(C.Vocab)), Output("logits")]
            [From("embedded"), Residual, Conv("conv", nameof(C.Kernel)), Attention("other.{q,k,v,o}", Mask = Mask.Causal)]
            [Output("other")]
            public sealed partial class M;
            """,
        ["logits that step, and an output after them that does not"] = """
            [Model<C>("M")]
            [Embedding("embed", nameof(C.Vocab), nameof(C.Hidden)), As("embedded")]
            [Residual, Attention("{q,k,v,o}", Mask = Mask.Causal)]
            [Head("head", nameof(C.Vocab)), Output("logits")]
            [From("embedded"), Residual, Conv("conv", nameof(C.Kernel)), Attention("other.{q,k,v,o}")]
            [Output("other")]
            public sealed partial class M;
            """,
        ["logits of an input that does not step"] = """
            [Model<C>("M"), Input("ids", "b s", Mask = "mask"), Input("target", "b t", Steps = true)]
            [From("ids"), Embedding("embed", nameof(C.Vocab), nameof(C.Hidden)), Conv("conv", nameof(C.Kernel))]
            [Head("head", nameof(C.Vocab)), Output("logits")]
            public sealed partial class M;
            """,
        ["logits along an axis that does not step"] = """
            [Model<C>("M"), Axis("wide", nameof(C.Hidden))]
            [Embedding("embed", nameof(C.Vocab), nameof(C.Hidden)), As("embedded")]
            [Parameter("class", "wide"), As("class")]
            [From("embedded"), Expand("class", "first"), Head("head", nameof(C.Vocab)), Output("logits")]
            public sealed partial class M;
            """,
        ["a weight at the key of its map, a bias below it"] = Block("""
            [Linear("map", Weight = "", BiasWeight = "offset")]
            """),
        ["four blocks, one named like what keeps the state of their choice"] = Embed + """
            [Use<Chosen, A, Chosen2, B>("chosen", By = nameof(C.Kind)), Use<Chosen, A, Chosen2, B>("chosen", By = nameof(C.Kind), Shared = true)]
            """ + Head + """

            [Block<C>]
            [Residual, Linear("map")]
            public sealed partial class Chosen;

            [Block<C>]
            [Residual, Attention("{q,k,v,o}", Mask = Mask.Causal)]
            public sealed partial class A;

            [Block<C>]
            [Residual, Linear("map", Bias = true)]
            public sealed partial class Chosen2;

            [Block<C>]
            [Residual, RmsNorm("norm"), Shift, Linear("map")]
            public sealed partial class B;

            public sealed partial record Config
            {
                public Type Kind => Flag ? typeof(A) : Other ? typeof(B) : Tied ? typeof(Chosen) : typeof(Chosen2);
            }
            """,
        ["what no layer collects"] = Embed + """
            [Repeat<B>("layers", nameof(C.None)), As("layers")]
            """ + Head.Replace("public", """
            [From("layers"), Collected("seen", 4), Output("seen")]
            public
            """, System.StringComparison.Ordinal) + """

            [Block<C>]
            [Linear("down", 4), Collect("seen"), Linear("up")]
            public sealed partial class B;
            """,
    };

    /// <summary>Recurrences whose kernels write outside of their buffers: they end the process, so no test runs them until they are refused or right.</summary>
    internal static IReadOnlyDictionary<string, string> Corrupting { get; } = new Dictionary<string, string>
    {
        ["recurrence with a span over its own channels"] = Block("""
            [From("x", "x"), Apply(nameof(Mix))]
            """, """
            [Recurrence("b t d", State = "b d")]
            static double Mix(ref double h, double x, [Axes("b t e")] ReadOnlySpan<double> all)
            {
                double sum = 0;
                for (int i = 0; i < all.Length; i++) { sum += all[i] * all[i]; }
                h = 0.5 * h + x / (1 + sum);
                return h;
            }
            """),
        ["recurrence with a span weight along its own channels"] = Block("""
            [Apply(nameof(Weigh))]
            """, """
            [Recurrence("b t d", State = "b d")]
            static double Weigh(ref double h, double x, [Parameter("w", "d")] ReadOnlySpan<double> w)
            {
                double sum = 0;
                for (int i = 0; i < w.Length; i++) { sum += w[i]; }
                h = 0.5 * h + x * sum;
                return h;
            }
            """),
    };

    /// <summary>Attention whose score is the function Near over a table of four rows.</summary>
    private static string Scored(string members, string mask) => $$"""
        [Model<C>("M"), Axis("r", 4), Axis("g", nameof(C.Heads))]
        [Embedding("embed", nameof(C.Vocab), nameof(C.Hidden)), As("e")]
        [Parameter("table", "r g"), As("table")]
        [From("e"), Repeat<B>("layers", nameof(C.Layers))]
        {{Head}}

        [Block<C>, Input("table", "r g"), Axis("r", 4), Axis("g", nameof(C.Heads))]
        [Residual, Attention("{q,k,v,o}", Mask = nameof({{mask}}), Score = nameof(Near))]
        public sealed partial class B
        {
            {{members}}
        }
        """;

    /// <summary>A block between an embedding and a head, repeated.</summary>
    private static string Block(string brackets, string members = "", string header = "", string before = "", string axes = "") => $$"""
        [Model<C>("M"){{(before.Length > 0 ? axes : "")}}]
        [Embedding("embed", nameof(C.Vocab), nameof(C.Hidden)){{(before.Length > 0 ? ", As(\"e\")]\n" + before + ", " : "]\n[")}}
            Repeat<B>("layers", nameof(C.Layers))]
        {{Head}}

        [Block<C>{{(header.Length > 0 ? ", " + header : before.Length > 0 ? "" : axes)}}]
        {{brackets}}
        public sealed partial class B
        {
            {{members}}
        }
        """;
}
