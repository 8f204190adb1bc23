using System.Collections.Generic;
using System.Linq;
using Xunit;

namespace Dsl.Reference.Tests;

/// <summary>Products of two values, and scores that read computed values by index, agree with their meaning in every form.</summary>
public sealed class ScoreTableTests
{
    private const string Heads = "Rearrange(\"n (h d) -> n h d\", \"h\", nameof(C.Heads))";

    private const string Head = """
        [Head("head", nameof(C.Vocab)), Output("logits")]
        public sealed partial class M;
        """;

    private static readonly IReadOnlyDictionary<string, string> All = new Dictionary<string, string>
    {
        ["a product with a weight, of both orders, and with a value"] = Repeated("""
            [Linear("q"), Heads(nameof(C.Heads), nameof(C.HeadDim)), As("q")]
            [Parameter("w", "n g e"), As("w")]
            [Product("q", "w", "b t head width, slots head width -> b t head slots"), As("read")]
            [Product("w", "read", "n h e, b t h n -> b t h e"), As("back")]
            [Product("back", "q", "b t h d, b t h d -> b t h"), As("alike")]
            [Product("alike", "back", "b t h, b t h d -> b t d"), Linear("out"), As("y")]
            [Sum("x", "y")]
            """, "", "Axis(\"n\", 3), Axis(\"g\", nameof(C.Heads)), Axis(\"e\", nameof(C.HeadDim))"),
        ["content to position and position to content, causal"] = Repeated(Disentangled("Mask.Causal"), """
            [Score] static double Both(double score, int query, int key, [Table("b query head n")] ReadOnlySpan<double> toPlace,
                [Table("b key head n")] ReadOnlySpan<double> ofPlace) => score + toPlace[Near(query - key)] + 0.5 * ofPlace[Near(query - key)];
            static int Near(int distance) => Math.Min(4 + distance, 8);
            """, "Axis(\"n\", 9)"),
        ["content to position and position to content, both ways"] = Repeated(Disentangled("Mask.None"), """
            [Score] static double Both(double score, int query, int key, [Table("b query head n")] ReadOnlySpan<double> toPlace,
                [Table("b key head n")] ReadOnlySpan<double> ofPlace, C c) => Math.Tanh(score / c.Cap) * c.Cap
                    + toPlace[Math.Clamp(query - key + toPlace.Length / 2, 0, toPlace.Length - 1)]
                    + ofPlace[Math.Clamp(query - key, -4, 4) + 4];
            """, "Axis(\"n\", 9)"),
        ["computed values in a window, where hidden pairs index nothing"] = Repeated(Disentangled("nameof(Band)"), """
            [Mask] static bool Band(int query, int key, C c) => key <= query && query - key < c.Window;
            [Score] static double Both(double score, int query, int key, [Table("b query head n")] ReadOnlySpan<double> toPlace,
                [Table("b key head n")] ReadOnlySpan<double> ofPlace) => score + toPlace[query - key] * ofPlace[2 - (query - key)];
            """, "Axis(\"n\", 3)"),
        ["computed values without heads, at constant places and at the head's own"] = Repeated("""
            [Linear("near", 6, Bias = true), As("near")]
            [From("x"), Linear("far", 5), As("far")]
            [Parameter("all", "n"), As("all")]
            [Parameter("own", "o g"), Activate(Activation.Tanh), As("own")]
            [From("x"), Attention("{q,k,v,o}", Mask = Mask.Causal, Score = nameof(Read), Position = Position.Rotary)]
            """, """
            [Score] static double Read(double score, int head, int query, int key, int layer, [Table("b query n")] ReadOnlySpan<double> near,
                [Table("b key n")] ReadOnlySpan<double> far, [Table("n")] ReadOnlySpan<double> all, [Table] Matrix own) =>
                score + near[head] + near[5] * far[0] + far[Math.Min(head, 4)] + all[Math.Abs(query - key) % 3] + all[layer]
                    + own[Math.Min(key, 3), head] + far[Math.Min(key, 4)];
            """, "Axis(\"n\", 3), Axis(\"o\", 4), Axis(\"g\", nameof(C.Heads))"),
        ["axes in another order"] = Repeated("""
            [Linear("q"), Heads(nameof(C.Heads), nameof(C.HeadDim)), As("q")]
            [From("x"), Linear("t", 12), Rearrange("b t (n h) -> b h t n", "h", nameof(C.Heads)), As("turned")]
            [Parameter("w", "g n"), As("fixed")]
            [Attend("q", "q", "q", Mask = Mask.Causal, Score = nameof(Read)), Merge, Linear("o")]
            """, """
            [Score] static double Read(double score, int query, int key, [Table("b head key m")] ReadOnlySpan<double> turned,
                [Table("head n")] ReadOnlySpan<double> @fixed) => score + turned[Math.Min(query - key, 2)] * @fixed[Math.Min(query - key, 3)];
            """, "Axis(\"n\", 4), Axis(\"g\", nameof(C.Heads))"),
        ["what another axis has, read at its keys"] = """
            [Model<C>("M"), Input("source_ids", "b s", Mask = "source_mask"), Input("input_ids", "b t", Steps = true)]
            [From("source_ids"), Embedding("other", nameof(C.Vocab), 6), As("memory")]
            [From("input_ids"), Embedding("embed", nameof(C.Vocab), nameof(C.Hidden)), Repeat<B>("layers", nameof(C.Layers))]
            """ + "\n" + Head + "\n" + """

            [Block<C>, Input("memory", "b s m")]
            [Linear("q"), Heads(nameof(C.Heads), nameof(C.HeadDim)), As("q")]
            [From("memory"), Linear("k"), Heads(nameof(C.KvHeads), nameof(C.HeadDim)), As("k")]
            [From("memory"), Linear("places", 5), As("places")]
            [Attend("q", "k", "k", Score = nameof(Read)), Merge, Linear("o"), As("y")]
            [Sum("x", "y")]
            public sealed partial class B
            {
                [Score] static double Read(double score, int head, int query, int key, [Table("b key n")] ReadOnlySpan<double> places) =>
                    score + places[(query + key + head) % 5];
            }
            """,
    };

    /// <summary>Their names.</summary>
    public static TheoryData<string> Names => [.. All.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Agrees(string name)
    {
        using CompiledDeclarations compiled = Sources.Compile(All[name]);
        Agreed.Compare(compiled, "M", Sources.Config(compiled));
    }

    /// <summary>A table of weights, and its products with the queries (content to position) and with the keys (position to content).</summary>
    private static string Disentangled(string mask) => $$"""
        [Parameter("rel", "n r"), As("rel")]
        [From("rel"), LayerNorm("norm"), Linear("rq", nameof(C.Hidden)), {{Heads}}, As("rq")]
        [From("rel"), Linear("rk", nameof(C.Hidden)), {{Heads}}, As("rk")]
        [From("x"), Linear("q", nameof(C.Hidden)), Heads(nameof(C.Heads), nameof(C.HeadDim)), As("q")]
        [From("x"), Linear("k", nameof(C.Hidden)), Heads(nameof(C.Heads), nameof(C.HeadDim)), As("k")]
        [Product("q", "rk", "b t h d, n h d -> b t h n"), As("toPlace")]
        [Product("k", "rq", "b t h d, n h d -> b t h n"), As("ofPlace")]
        [Attend("q", "k", "k", Mask = {{mask}}, Score = nameof(Both), Scale = 0.3), Merge, Linear("o"), As("y")]
        [Sum("x", "y")]
        """;

    private static string Repeated(string brackets, string members, string axes) => $$"""
        [Model<C>("M")]
        [Embedding("embed", nameof(C.Vocab), nameof(C.Hidden)), Repeat<B>("layers", nameof(C.Layers))]
        {{Head}}

        [Block<C>, {{axes}}, Axis("r", 5)]
        {{brackets}}
        public sealed partial class B
        {
            {{members}}
        }
        """;
}
