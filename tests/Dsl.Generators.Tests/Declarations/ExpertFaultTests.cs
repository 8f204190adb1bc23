using System;
using System.Threading.Tasks;
using Dsl.Generators.Tests.Diagnostics;
using Xunit;

namespace Dsl.Generators.Tests.Declarations;

/// <summary>What the words for experts refuse: each at its token.</summary>
public sealed class ExpertFaultTests
{
    [Theory]
    [InlineData("[Linear(\"gate\", 4), Route([|5|])]", "DSL009")]
    [InlineData("[Linear(\"gate\", 4), Route([|0|])]", "DSL036")]
    [InlineData("[Linear(\"gate\", 4), Route([|nameof(C.Act)|])]", "DSL007")]
    [InlineData("[Linear(\"wide\", 7), As(\"w\"), Linear(\"gate\", 4), Softmax([|\"w\"|])]", "DSL009")]
    [InlineData("[Linear(\"gate\", 4), Softmax([|\"y\"|])]", "DSL004")]
    [InlineData("[Linear(\"gate\", 4), [|Collected(\"scores\", 4)|]]", "DSL043")]
    [InlineData("[Linear(\"gate\", 4), Heads(2), [|Collect(\"scores\")|]]", "DSL043")]
    [InlineData("[Linear(\"gate\", 4), [|Collect(\"scores\")|]]\n[From(\"x\"), Linear(\"out\", 4)]", "DSL043")]
    [InlineData("[Linear(\"gate\", 4), [|Collect(\"scores\")|], Linear(\"lost\", 4)]\n[From(\"x\"), Linear(\"out\", 4)]", "DSL043")]
    [InlineData("[Linear(\"gate\", 4), Balance([|5|]), Linear(\"out\", 4)]", "DSL009")]
    [InlineData("[Linear(\"wide\", 7), As(\"w\"), Linear(\"gate\", 4), As(\"c\")]\n[From(\"x\"), Experts<Fine>(\"experts\", \"c\", [|\"w\"|])]", "DSL009")]
    [InlineData("[Linear(\"gate\", 4), As(\"c\")]\n[From(\"x\"), Experts<Fine>(\"experts\", [|\"d\"|], \"c\")]", "DSL004")]
    [InlineData("[Linear(\"gate\", 4), As(\"c\")]\n[From(\"x\"), Heads(2), [|Experts<Fine>(\"experts\", \"c\", \"c\")|]]", "DSL013")]
    [InlineData("[Linear(\"gate\", 4), As(\"c\")]\n[From(\"x\"), [|Experts<Plain>(\"experts\", \"c\", \"c\")|]]", "DSL065")]
    [InlineData("[Linear(\"gate\", 4), As(\"c\")]\n[From(\"x\"), [|Experts<Normed>(\"experts\", \"c\", \"c\")|]]", "DSL065")]
    [InlineData("[Linear(\"gate\", 4), As(\"c\")]\n[From(\"x\"), [|Experts<Weighed>(\"experts\", \"c\", \"c\")|]]", "DSL065")]
    [InlineData("[Linear(\"gate\", 4), As(\"c\")]\n[From(\"x\"), [|Experts<Mixing>(\"experts\", \"c\", \"c\")|]]", "DSL065")]
    [InlineData("[Linear(\"gate\", 4), As(\"c\")]\n[From(\"x\"), [|Experts<Held>(\"experts\", \"c\", \"c\")|]]", "DSL065")]
    public async Task In_a_block_is_refused_at_its_token(string brackets, string id) => await Refused($$"""
        [Block<C>, Input("x", "b t e d")]
        [Linear("map", nameof(C.Hidden), Stored = "e out in")]
        public sealed partial class Fine;

        [Block<C>]
        [Linear("map", nameof(C.Hidden))]
        public sealed partial class Plain;

        [Block<C>, Input("x", "b t e d")]
        [RmsNorm("norm", Stored = "e d")]
        public sealed partial class Normed;

        [Block<C>, Input("x", "b t e d")]
        [Apply(nameof(Times))]
        public sealed partial class Weighed
        {
            [Pointwise] static double Times(double x, [Parameter("w", "e d")] double w) => x * w;
        }

        [Block<C>, Input("x", "b t e d")]
        [Apply(nameof(Mean))]
        public sealed partial class Mixing
        {
            [Pointwise("b t e d")] static double Mean([Axes("b t d e")] System.ReadOnlySpan<double> all) => all[0];
        }

        [Block<C>, Input("x", "b t e d")]
        [Use<Fine>("fine")]
        public sealed partial class Held;

        [Block<C>]
        {{brackets}}
        public sealed partial class Layer;
        """, id);

    [Theory]
    [InlineData("[From(\"layers\"), Collected([|\"others\"|], 4), Output(\"o\")]", "DSL004")]
    [InlineData("[From(\"embedded\"), [|Collected(\"scores\", 4)|], Output(\"o\")]", "DSL043")]
    [InlineData("[From(\"layers\"), Output(\"o\", Loss = [|1|])]", "DSL013")]
    [InlineData("[From(\"layers\"), [|Collect(\"o\")|], Output(\"o\")]", "DSL043")]
    public async Task In_a_model_is_refused_at_its_token(string bracket, string id) => await Refused($$"""
        [Block<C>]
        [Linear("gate", 4), Collect("scores"), Linear("out")]
        public sealed partial class Routed;

        [Model<C>("M")]
        [Embedding("embed", nameof(C.Vocab), nameof(C.Hidden)), As("embedded"), Repeat<Routed>("layers", 2), As("layers")]
        {{bracket}}
        [From("layers"), Head("head", nameof(C.Vocab)), Output("logits")]
        public sealed partial class M;
        """, id);

    private static async Task Refused(string declarations, string id)
    {
        var (source, marks) = Analysing.Read(Analysing.Prelude + declarations + "\n");
        var found = await Analysing.Of(source);
        var problem = Assert.Single(found, d => d.Id.StartsWith("DSL", StringComparison.Ordinal));
        Assert.Equal(id, problem.Id);
        Assert.Equal(Assert.Single(marks), problem.Location.SourceSpan);
    }
}
