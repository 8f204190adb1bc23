using System.Collections.Generic;
using System.Linq;
using Xunit;

namespace Dsl.Reference.Tests;

/// <summary>Words for images and for values that become longer or shorter: by hand, and in every form.</summary>
public sealed class ImageWordTests
{
    private const string Tower = """
        [Block<C>, Axis("c", 2), Axis("h"), Axis("w"), Axis("n", 40), Input("x", "b c h w")]
        [Parameter("class", "d"), As("class")]
        [Parameter("places", "1 n d"), Rearrange("1 n d -> n d"), As("places")]
        [From("x"), Conv("patch", 2, nameof(C.Hidden), Over = "h w -> rows columns", Stride = 2, Bias = true),
            Rearrange("b d rows columns -> b (rows columns) d"),
            As("patches")]
        [Expand("class", "first"), As("first")]
        [Concat("first", "patches", Along = "t"), Positions(Table = "places", Offset = 1)]
        public sealed partial class Tower;

        [Block<C>]
        [Residual, LayerNorm("norm"), Attention("{q,k,v,o}")]
        public sealed partial class Layer;

        [Block<C>]
        [Residual, RmsNorm("norm"), Attention("{q,k,v,o}", Mask = Mask.Causal, Position = Position.Rotary)]
        public sealed partial class TextLayer;


        """;

    /// <summary>Declarations by name.</summary>
    private static readonly Dictionary<string, string> All = new()
    {
        ["an image tower whose layers are taken"] = Tower + """
            [Model<C>("M"), Axis("c", 2), Axis("h"), Axis("w"), Input("pixels", "b c h w")]
            [Use<Tower>("tower"), Repeat<Layer>("layers", 3), As("seen"), Output("seen")]
            [Take(-2), Slice(1, 2, Along = "p"), Output("some")]
            [From("seen"), Pool("first"), Output("first")]
            public sealed partial class M;
            """,
        ["a text with rows of an image in it"] = Tower + """
            [Model<C>("M"), Axis("c", 2), Axis("h"), Axis("w"), Input("ids", "b t", Mask = "mask", Steps = true), Input("pixels", "b c h w")]
            [From("pixels"), Use<Tower>("tower"), Repeat<Layer>("seeing", 2), Take(1), Slice(1, Along = "p"), Linear("project", nameof(C.Hidden)), As("image"),
                Output("image")]
            [From("ids"), Embedding("embed", nameof(C.Vocab), nameof(C.Hidden)), Splice("image", "ids", nameof(IsImage))]
            [Repeat<TextLayer>("layers", nameof(C.Layers)), Head("head", nameof(C.Vocab)), Output("logits")]
            public sealed partial class M
            {
                static bool IsImage(int id, C c) => id >= c.Vocab - 2;
            }
            """,
        ["a text that looks at an image and at learned rows"] = Tower + """
            [Block<C>, Input("seen", "b s m")]
            [From("x"), Linear("q"), Heads(nameof(C.Heads), nameof(C.HeadDim)), As("q")]
            [From("seen"), Linear("k"), Heads(nameof(C.KvHeads), nameof(C.HeadDim)), As("k")]
            [From("seen"), Linear("v"), Heads(nameof(C.KvHeads), nameof(C.HeadDim)), As("v")]
            [Attend("q", "k", "v"), Merge, Linear("o", nameof(C.Hidden))]
            public sealed partial class Look;

            [Model<C>("M"), Axis("c", 2), Axis("h"), Axis("w"), Axis("n", 3), Axis("d", nameof(C.Hidden))]
            [Input("ids", "b t", Mask = "mask", Steps = true), Input("pixels", "b c h w")]
            [Parameter("queries", "n d"), As("queries")]
            [From("pixels"), Use<Tower>("tower"), As("tokens")]
            [Expand("queries", "q"), As("learned")]
            [From("ids"), Embedding("embed", nameof(C.Vocab), nameof(C.Hidden)), As("words")]
            [Residual, From("words"), Use<Look>("look", With = "seen=tokens"), Use<Look>("again", With = "seen=learned")]
            [Use<TextLayer>("text"), Head("head", nameof(C.Vocab)), Output("logits")]
            public sealed partial class M;
            """,
        ["frames that are convolved, joined and cut"] = Tower + """
            [Model<C>("M"), Axis("d", 3), Input("frames", "b t d", Mask = "mask")]
            [Conv("one", 3, nameof(C.Hidden), Over = "t -> u", Stride = 2, Padding = 1, Bias = true), Activate(Activation.Gelu), As("short"), Output("short")]
            [Conv("two", nameof(C.Kernel), nameof(C.Hidden), Over = "u -> v"), As("shorter"), Output("shorter")]
            [Concat("shorter", "short", Along = "both"), Output("joined"), Use<Layer>("attend"), Output("attended")]
            [Slice(2, Along = "rest"), Output("rest"), Pool("mean"), Output("mean")]
            public sealed partial class M;
            """,
        ["images convolved twice, channels last"] = """
            [Model<C>("M"), Axis("h"), Axis("w"), Axis("c", 2), Input("pixels", "b h w c")]
            [Conv("one", 3, 4, Over = "h w -> h2 w2", Padding = 1), Activate(Activation.Relu),
                Conv("two", 2, 3, Over = "w2 h2 -> w3 h3", Stride = 2, Bias = true)]
            [Output("seen"), Rearrange("b h w c -> b c h w"), Output("other")]
            public sealed partial class M;
            """,
        ["a block that is built with a config inside the config"] = """
            public sealed partial record Inner([Key("width")] int Hidden = 6, [Key("heads")] int Heads = 3, [Key("act")] string ActName = "relu")
            {
                public int HeadDim => Hidden / Heads;
                public Activation Act => Activation.Of(ActName);
            }

            public sealed partial record Outer([Key("inner")] Inner Inside, [Key("vocab")] int Vocab = 9, [Key("layers")] int Layers = 2)
            {
                public int Width => Inside.Hidden;
            }

            [Block<Inner>]
            [Residual, Attention("{q,k,v,o}", Mask = Mask.Causal)]
            [Residual, Linear("up", 5), Activate(nameof(Inner.Act)), Linear("down")]
            public sealed partial class B;

            [Model<Outer>("M")]
            [Embedding("embed", nameof(Outer.Vocab), nameof(Outer.Width)), Use<B>("first", Config = nameof(Outer.Inside))]
            [Repeat<B>("layers", nameof(Outer.Layers), Config = nameof(Outer.Inside)), Head("head", nameof(Outer.Vocab)), Output("logits")]
            public sealed partial class M;
            """,
    };

    /// <summary>Their names.</summary>
    public static TheoryData<string> Names => [.. All.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Agrees(string name)
    {
        using CompiledDeclarations compiled = Sources.Compile(All[name]);
        object config = Sources.Config(compiled);
        if (name.Contains("config inside", System.StringComparison.Ordinal))
        {
            System.Type inner = compiled.Assembly.GetType("User.Inner")!, outer = compiled.Assembly.GetType("User.Outer")!;
            config = outer.GetConstructors().MaxBy(c => c.GetParameters().Length)!
                .Invoke([inner.GetConstructors().MaxBy(c => c.GetParameters().Length)!.Invoke([6, 3, "relu"]), 9, 2]);
        }

        Agreed.Compare(compiled, "M", config);
    }

    [Fact]
    public void A_convolution_slides_over_rows_and_columns()
    {
        // One channel of 3 x 3, kernel 2, stride 1, padding 0: sums of the corners, the last weighed by 10.
        NumberArray y = Run(
            "Axis(\"c\", 1), Axis(\"h\"), Axis(\"w\"), Input(\"x\", \"b c h w\")", "[Conv(\"conv\", 2, 1, Over = \"h w -> r s\", Bias = true)]",
            new([1, 1, 3, 3], [1, 2, 3, 4, 5, 6, 7, 8, 9]), null, ("conv.weight", new([1, 1, 2, 2], [1, 1, 1, 10])), ("conv.bias", new([1], [0.5])));
        Assert.Equal([57.5, 70.5, 96.5, 109.5], y.Values);
        Assert.Equal([1, 1, 2, 2], y.Shape);
    }

    [Fact]
    public void A_convolution_over_time_reads_real_tokens_and_zeros_beside_them()
    {
        // 1 2 [3 4] padded left, [5 6 7] 8 padded right; kernel 3, stride 2, padding 1: weights 1 10 100.
        NumberArray y = Run(
            "Axis(\"d\", 1), Input(\"x\", \"b t d\", Mask = \"mask\")", "[Conv(\"conv\", 3, 1, Over = \"t -> u\", Stride = 2, Padding = 1)]",
            new([2, 4, 1], [1, 2, 3, 4, 5, 6, 7, 8]), new([2, 4], [0, 0, 1, 1, 1, 1, 1, 0]), ("conv.weight", new([1, 1, 3], [1, 10, 100])));
        Assert.Equal([2, 2, 1], y.Shape);
        Assert.Equal([30 + 400, 50 + 600, 6 + 70], [y.Values[0], y.Values[2], y.Values[3]]);
    }

    [Fact]
    public void Joined_and_cut_values_have_their_real_tokens_in_front()
    {
        NumberArray y = Run(
            "Axis(\"d\", 1), Input(\"x\", \"b t d\", Mask = \"mask\")",
            "[From(\"x\"), Slice(1, Along = \"u\"), As(\"rest\")]\n[Concat(\"x\", \"rest\", Along = \"v\"), Pool(\"last\")]",
            new([2, 4, 1], [1, 2, 3, 4, 5, 6, 7, 8]), new([2, 4], [0, 0, 1, 1, 1, 1, 1, 0]));
        Assert.Equal([4, 7], y.Values);
    }

    private static NumberArray Run(string header, string brackets, NumberArray x, NumberArray? mask, params (string Key, NumberArray Weight)[] weights)
    {
        using CompiledDeclarations compiled = Sources.Compile($$"""
            [Model<C>("M"), {{header}}]
            {{brackets}}
            public sealed partial class M;
            """);
        var feed = new Dictionary<string, NumberArray> { ["x"] = x };
        if (mask is not null)
        {
            feed["mask"] = mask;
        }

        return ReferenceModel.Of(compiled, "M", Sources.Config(compiled), weights.ToDictionary(w => w.Key, w => w.Weight)).Run(feed).Values.Single();
    }
}
