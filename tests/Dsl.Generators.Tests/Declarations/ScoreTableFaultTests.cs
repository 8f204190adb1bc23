using System;
using System.Threading.Tasks;
using Dsl.Generators.Tests.Diagnostics;
using Microsoft.CodeAnalysis;
using Xunit;

namespace Dsl.Generators.Tests.Declarations;

/// <summary>Products and computed tables of scores that cannot be are refused at their token.</summary>
public sealed class ScoreTableFaultTests
{
    private const string Heads = "[Linear(\"q\"), Heads(nameof(C.Heads), nameof(C.HeadDim)), As(\"q\")]\n[Parameter(\"w\", \"n g d\"), As(\"w\")]\n";

    [Theory]
    [InlineData("[|\"b t h d, n h d\"|]", "DSL028")]
    [InlineData("[|\"b t h d -> b t h\"|]", "DSL028")]
    [InlineData("[|\"b t h d, n h d -> b t h m\"|]", "DSL028")]
    [InlineData("[|\"b t h d, n h e -> b t h e n\"|]", "DSL028")]
    [InlineData("[|\"b t h h, n h d -> b t h n\"|]", "DSL028")]
    [InlineData("[|\"b t (h) d, n h d -> b t h n\"|]", "DSL028")]
    [InlineData("[|\"b t h d, n h d -> b h n\"|]", "DSL028")]
    public async Task A_pattern_of_a_product(string pattern, string id)
    {
        var marked = $"[Block<C>, Axis(\"n\", 3), Axis(\"g\", nameof(C.Heads))]\n{Heads}[Product(\"q\", \"w\", {pattern}), As(\"p\")]\n"
            + "[From(\"x\"), RmsNorm(\"norm\")]\npublic sealed partial class Layer;";
        await Refused(marked, id);
    }

    [Theory]
    [InlineData("[Product([|\"x\"|], \"w\", \"b t h d, n h d -> b t h n\")]", "DSL013")]
    [InlineData("[Product(\"q\", [|\"nothing\"|], \"b t h d, n h d -> b t h n\")]", "DSL004")]
    [InlineData("[Product(\"q\", [|\"w\"|], \"b t h n, n h d -> b t h d\")]", "DSL009")]
    [InlineData("[Product(\"q\", [|\"w\"|], \"b t h d, b h d -> b t h\")]", "DSL009")]
    [InlineData("[Product(\"q\", \"memory\", [|\"b t h d, b s m -> b t h s d m\"|])]", "DSL028")]
    public async Task What_a_product_reads(string bracket, string id)
    {
        var marked = "[Block<C>, Axis(\"n\", 3), Axis(\"g\", nameof(C.Heads)), Axis(\"d\", nameof(C.HeadDim)), Input(\"memory\", \"b s m\")]\n"
            + $"{Heads}{bracket}\n[From(\"x\"), RmsNorm(\"norm\")]\npublic sealed partial class Layer;";
        await Refused(marked, id);
    }

    [Theory]
    [InlineData("q", "b query head n", "")]
    [InlineData("q", "b key head n", "")]
    [InlineData("x", "b query n", "")]
    [InlineData("x", "b query head n", "DSL013")]
    [InlineData("q", "head b query n", "DSL013")]
    [InlineData("w", "b query n", "DSL013")]
    [InlineData("memory", "b query n", "DSL013")]
    [InlineData("q", "b query n head", "DSL028")]
    [InlineData("q", "b t head n", "DSL028")]
    [InlineData("q", "b query query n", "DSL028")]
    [InlineData("q", "b query key n", "DSL028")]
    [InlineData("x", "query head n", "DSL028")]
    [InlineData("w", "n g head", "DSL028")]
    [InlineData("v", "n head d", "DSL028")]
    [InlineData("v", "head d", "DSL009")]
    public async Task What_a_score_reads_by_index(string value, string axes, string id)
    {
        var score = id.Length > 0 ? "[|nameof(Read)|]" : "nameof(Read)";
        var marked = "[Block<C>, Axis(\"n\", 3), Axis(\"g\", nameof(C.Heads)), Axis(\"d\", nameof(C.HeadDim)), Input(\"memory\", \"b s m\")]\n"
            + $"{Heads}[Parameter(\"v\", \"n d\"), As(\"v\")]\n"
            + $"[Attend(\"q\", \"q\", \"q\", Score = {score}), Merge, Linear(\"o\", nameof(C.Hidden))]\n"
            + "[RmsNorm(\"norm\")]\npublic sealed partial class Layer\n{\n"
            + $"    [Score] static double Read(double score, int query, int key, [Table(\"{axes}\")] System.ReadOnlySpan<double> {value}) =>\n"
            + $"        score + {value}[0];\n}}";
        await Refused(marked, id);
    }

    [Theory]
    [InlineData("[Table] System.ReadOnlySpan<double> [|table|]", "table[0]")]
    [InlineData("[Table(\"b query n\")] Matrix [|table|]", "table[0, 0]")]
    [InlineData("[Table(\"b query n\")] System.ReadOnlySpan<System.Numerics.Complex> [|table|]", "table[0].Real")]
    public async Task What_a_table_is(string parameter, string read)
    {
        var marked = $"[Block<C>]\n{Heads[..Heads.IndexOf('\n', StringComparison.Ordinal)]}\n[From(\"x\"), As(\"table\")]\n"
            + "[Attend(\"q\", \"q\", \"q\", Score = nameof(Read)), Merge, Linear(\"o\", nameof(C.Hidden))]\npublic sealed partial class Layer\n{\n"
            + $"    [Score] static double Read(double score, {parameter}) => score + {read};\n}}";
        await Refused(marked, "DSL039");
    }

    private static async Task Refused(string marked, string id)
    {
        var (source, marks) = Analysing.Read(Analysing.Prelude + marked + "\n");
        var found = Array.FindAll([.. await Analysing.Of(source)], d => d.DefaultSeverity == DiagnosticSeverity.Error);
        if (id.Length == 0)
        {
            Assert.Empty(found);
            return;
        }

        var problem = Assert.Single(found);
        Assert.Equal(id, problem.Id);
        Assert.Equal(Assert.Single(marks), problem.Location.SourceSpan);
    }
}
