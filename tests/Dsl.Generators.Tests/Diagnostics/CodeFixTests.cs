using System.Threading.Tasks;
using Xunit;

namespace Dsl.Generators.Tests.Diagnostics;

public class CodeFixTests
{
    [Theory]
    [InlineData("DSL001", "public sealed class Layer;", "public sealed partial class Layer;")]
    [InlineData("DSL041", "public sealed record Wider(", "public sealed partial record Wider(")]
    [InlineData("DSL004", "From(\"qeury\")", "From(\"query\")")]
    [InlineData("DSL006", "\"Hiden\"", "\"Hidden\"")]
    [InlineData("DSL015", "TiedTo = \"embed_token\"", "TiedTo = \"embed_tokens\"")]
    [InlineData("DSL017", "Mask = \"Bnad\"", "Mask = \"Band\"")]
    [InlineData("DSL022", "\"gaet=gate\"", "\"gate=gate\"")]
    [InlineData("DSL025", "Remove(\"inptu_norm\")", "Remove(\"input_norm\")")]
    [InlineData("DSL026", "\"Epss\"", "\"Eps\"")]
    [InlineData("DSL030", "\"gellu\"", "\"gelu\"")]
    [InlineData("DSL031", "{layr}", "{layer}")]
    [InlineData("DSL045", "gate=opend", "gate=opened")]
    public async Task Mends(string id, string before, string after)
    {
        var (source, _) = Analysing.Read(Analysing.Prelude + Example.Of(id).Marked);
        Assert.Contains(before, source, System.StringComparison.Ordinal);

        var mended = await Analysing.Fix(source);

        Assert.Equal(source.Replace(before, after, System.StringComparison.Ordinal), mended);
        Assert.Empty(await Analysing.Of(mended));
    }

    [Fact]
    public async Task Fix_all_mends_every_name_of_a_file()
    {
        var source = Analysing.Prelude + """
            [Block<C>]
            [Linear("q", "Hiden"), As("query")]
            [From("qeury"), RmsNorm("norm")]
            [From("query"), Linear("k", "FeedFoward"), Activate("gellu")]
            public sealed partial class Layer;
            """;

        var mended = await Analysing.Fix(source, all: true);

        Assert.Equal(
            source.Replace("Hiden", "Hidden", System.StringComparison.Ordinal).Replace("qeury", "query", System.StringComparison.Ordinal)
                .Replace("FeedFoward", "FeedForward", System.StringComparison.Ordinal).Replace("gellu", "gelu", System.StringComparison.Ordinal),
            mended);
    }

    [Fact]
    public async Task Fix_all_makes_every_declaration_partial()
    {
        var source = Analysing.Prelude + """
            [Block<C>]
            [RmsNorm("norm")]
            public sealed class One;

            [Block<C>]
            [RmsNorm("norm")]
            class /* two */ Two { }
            """;

        var mended = await Analysing.Fix(source, all: true);

        Assert.Equal(
            source.Replace("sealed class One", "sealed partial class One", System.StringComparison.Ordinal)
                .Replace("class /* two */", "partial class /* two */", System.StringComparison.Ordinal),
            mended);
    }

    /// <summary>The name stands within sugar: the whole attribute is underlined, and the one string in it is changed.</summary>
    [Fact]
    public async Task Finds_the_name_within_an_attribute()
    {
        var source = Analysing.Prelude + """
            [Block<C>]
            [Residual, FeedForward("mlp.{up,down}", "gellu")]
            public sealed partial class Layer;
            """;

        Assert.Equal(source.Replace("gellu", "gelu", System.StringComparison.Ordinal), await Analysing.Fix(source));
    }

    /// <summary>Nothing is near: the message lists what there is, and no fix guesses.</summary>
    [Fact]
    public async Task Offers_nothing_where_nothing_is_near()
    {
        var source = Analysing.Prelude + """
            [Block<C>]
            [From("somethingElse"), Linear("k", "Unheard")]
            public sealed partial class Layer;
            """;

        Assert.NotEmpty(await Analysing.Of(source));
        Assert.Equal(0, await Analysing.Offers(source));
    }
}
