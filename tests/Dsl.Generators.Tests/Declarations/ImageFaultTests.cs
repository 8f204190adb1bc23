using System;
using System.Threading.Tasks;
using Dsl.Generators.Tests.Diagnostics;
using Xunit;

namespace Dsl.Generators.Tests.Declarations;

/// <summary>What the words for images, and for values that become longer or shorter, refuse: each at its token.</summary>
public sealed class ImageFaultTests
{
    private const string Seen = "Axis(\"c\", 3), Axis(\"h\"), Axis(\"w\"), Input(\"x\", \"b c h w\")";

    private const string Patches = "Conv(\"conv\", 2, nameof(C.Hidden), Over = \"h w -> y z\"), Rearrange(\"b d y z -> b (y z) d\")";

    [Theory]
    [InlineData("[Conv(\"conv\", 2, nameof(C.Hidden), Over = [|\"h w\"|])]", "DSL028")]
    [InlineData("[Conv(\"conv\", 2, nameof(C.Hidden), Over = [|\"h w -> y\"|])]", "DSL028")]
    [InlineData("[Conv(\"conv\", 2, nameof(C.Hidden), Over = [|\"c h -> y z\"|])]", "DSL013")]
    [InlineData("[Conv(\"conv\", 2, nameof(C.Hidden), Over = [|\"h q -> y z\"|])]", "DSL013")]
    [InlineData("[Conv(\"conv\", 2, nameof(C.Hidden), Over = [|\"h w -> h w\"|])]", "DSL013")]
    [InlineData("[[|Conv(\"conv\", 2, nameof(C.Hidden), Over = \"h -> y\")|]]", "DSL013")]
    [InlineData("[Conv(\"conv\", [|0|], nameof(C.Hidden), Over = \"h w -> y z\")]", "DSL036")]
    [InlineData("[Conv(\"conv\", 2, nameof(C.Hidden), Over = \"h w -> y z\", Padding = [|-1|])]", "DSL036")]
    [InlineData("[Conv(\"conv\", 2, nameof(C.Hidden), Over = \"h w -> y z\", Padding = [|0.5|])]", "DSL007")]
    [InlineData("[Rearrange([|\"b c h w -> b (c h) w\"|])]", "DSL028")]
    [InlineData("[Rearrange([|\"b c h w -> c (b h) w\"|])]", "DSL028")]
    [InlineData("[" + Patches + ", As(\"p\")]\n[From(\"p\"), Slice(1, Along = [|\"yz\"|])]", "DSL013")]
    [InlineData("[" + Patches + ", As(\"p\")]\n[Concat(\"p\", [|\"x\"|], Along = \"t\")]", "DSL013")]
    [InlineData("[" + Patches + ", As(\"p\")]\n[From(\"p\"), Expand([|\"x\"|], \"q\")]", "DSL013")]
    [InlineData("[Parameter(\"rows\", \"n d\"), As(\"rows\")]\n[From(\"rows\"), [|Expand(\"rows\", \"q\")|]]", "DSL013", "Axis(\"n\", 2), Axis(\"d\", 4)")]
    [InlineData("[" + Patches + ", [|Take(-2)|]]", "DSL043")]
    public async Task Of_an_image_is_refused_at_its_token(string brackets, string id, string header = "") =>
        await Refused($"[Block<C>, {Seen}{(header.Length > 0 ? ", " + header : "")}]\n{brackets}\npublic sealed partial class Layer;", id);

    [Theory]
    [InlineData("[Conv(\"conv\", 3, [|nameof(C.Hidden)|])]", "DSL043")]
    [InlineData("[Conv(\"conv\", 3, Stride = [|2|])]", "DSL043")]
    [InlineData("[Linear(\"map\", nameof(C.Hidden)), Slice(1, Along = [|\"b\"|])]", "DSL013")]
    [InlineData("[Linear(\"map\", nameof(C.Hidden)), Slice(1, Along = [|\"one two\"|])]", "DSL013")]
    [InlineData("[Linear(\"map\", nameof(C.Hidden)), [|Slice(1)|]]", "DSL010")]
    [InlineData("[[|Positions(\"places\")|]]", "DSL010")]
    [InlineData("[Linear(\"map\", 4), Positions([|\"places\"|], Table = \"x\")]", "DSL043")]
    [InlineData("[Linear(\"map\", 4), Positions(Table = [|\"x\"|])]", "DSL013")]
    [InlineData("[Repeat<Inner>(\"layers\", 3), Take([|4|])]", "DSL009")]
    [InlineData("[Repeat<Inner>(\"layers\", 3), Take([|nameof(C.Act)|])]", "DSL007")]
    [InlineData("[Repeat<Inner>(\"layers\", 3), Take([|1.5|])]", "DSL007")]
    [InlineData("[Repeat<Inner>(\"layers\", 3), Take(1), [|Take(1)|]]", "DSL043")]
    [InlineData("[Repeat<Inner>(\"one\", 3, Shared = true), [|Take(1)|]]", "DSL043")]
    [InlineData("[Use<Inner>(\"one\", Config = [|nameof(C.Hidden)|])]", "DSL007")]
    [InlineData("[[|Use<Cut>(\"cut\")|]]", "DSL013")]
    public async Task Of_a_text_is_refused_at_its_token(string brackets, string id) => await Refused($$"""
        [Block<C>]
        [Residual, RmsNorm("norm")]
        public sealed partial class Inner;

        [Block<C>]
        [Slice(1, Along = "u")]
        public sealed partial class Cut;

        [Block<C>]
        {{brackets}}
        public sealed partial class Layer;
        """, id);

    [Theory]
    [InlineData("[|\"words\"|], \"input_ids\", nameof(Is)", "DSL013")]
    [InlineData("\"rows\", [|\"rows\"|], nameof(Is)", "DSL013")]
    [InlineData("\"wide\", \"input_ids\", nameof(Is)", "DSL009", "wide")]
    [InlineData("\"rows\", \"input_ids\", [|nameof(Two)|]", "DSL019")]
    [InlineData("\"rows\", \"input_ids\", [|\"Nobody\"|]", "DSL017")]
    [InlineData("\"rows\", \"input_ids\", [|nameof(Near)|]", "DSL018")]
    public async Task A_splice_that_does_not_fit_is_refused_at_its_token(string arguments, string id, string? marked = null) => await Refused($$"""
        [Model<C>("M"), Input("input_ids", "b t", Mask = "attention_mask", Steps = true), Input("frames", "b s f"), Axis("f", 6)]
        [From("frames"), Linear("rows", nameof(C.Hidden)), As("rows")]
        [From("frames"), Linear("wide", 7), As("wide")]
        [From("input_ids"), Embedding("embed", nameof(C.Vocab), nameof(C.Hidden)), As("words")]
        [From("words"), Splice({{(marked is null ? arguments : arguments.Replace($"\"{marked}\"", $"[|\"{marked}\"|]"))}}), Output("hidden")]
        public sealed partial class M
        {
            static bool Is(int id) => id == 3;
            static bool Two(int id, int other) => id == other;
            [Mask] static bool Near(int query, int key) => key <= query;
        }
        """, id);

    [Fact]
    public async Task A_config_inside_itself_is_refused()
    {
        (string source, _) = Analysing.Read(Analysing.Prelude + """
            public sealed record Round([Key("hidden")] int Hidden, [Key("inner")] Round? Inner = null);

            [Block<Round>]
            [Linear("map", nameof(Round.Hidden))]
            public sealed partial class Layer;
            """);
        var found = await Analysing.Of(source);
        Assert.Equal("DSL054", Assert.Single(found).Id);
    }

    [Fact]
    public async Task An_axis_that_only_some_configs_have_is_refused() => await Refused("""
        public sealed record Either([Key("hidden")] int Hidden, [Key("cut")] bool Cuts);

        [Block<Either>]
        [Linear("map", nameof(Either.Hidden))]
        [When(nameof(Either.Cuts)), [|Slice(1, Along = "u")|]]
        public sealed partial class Layer;
        """, "DSL043");

    private static async Task Refused(string declarations, string id)
    {
        var (source, marks) = Analysing.Read(Analysing.Prelude + declarations + "\n");
        var found = await Analysing.Of(source);
        var problem = Assert.Single(found, d => d.Id.StartsWith("DSL", StringComparison.Ordinal));
        Assert.Equal(id, problem.Id);
        Assert.Equal(Assert.Single(marks), problem.Location.SourceSpan);
    }
}
