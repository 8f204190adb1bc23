using System;
using System.Linq;
using System.Threading.Tasks;
using Dsl.Generators.Lowering;
using Dsl.Generators.Model;
using Dsl.Generators.Tests.Diagnostics;
using Dsl.Generators.Tests.Sugar;
using Xunit;

namespace Dsl.Generators.Tests.Declarations;

/// <summary>Declarations that were once accepted without a word and wrong: each is refused at its token, or its right answer is held here.</summary>
public sealed class FaultTests
{
    [Theory]
    [InlineData("""
        [Block<C>]
        [From("x"), Linear("table", nameof(C.Heads)), As("table")]
        [From("x"), Attention("{q,k,v,o}", Score = [|nameof(Read)|])]
        public sealed partial class Layer
        {
            [Score] static double Read(double score, int head, int query, [Table] Matrix table) => score + table[query, head];
        }
        """, "DSL013")]
    [InlineData("""
        [Model<C>("Small"), [|NoEffect("a_key")|]]
        [Embedding("embed", nameof(C.Vocab), nameof(C.Hidden)), Output("hidden")]
        public sealed partial class Small;
        """, "DSL043")]
    [InlineData("""
        [Block<C>, [|Only("a_key", 1)|]]
        [Linear("map", nameof(C.Hidden))]
        public sealed partial class Layer;
        """, "DSL043")]
    [InlineData("""
        [Block<C>, [|Adapt("map")|]]
        [Linear("map", nameof(C.Hidden))]
        public sealed partial class Layer;
        """, "DSL043")]
    [InlineData("""
        [Model<C>("Small"), Adapt("map", [|"norm"|])]
        [Embedding("embed", nameof(C.Vocab), nameof(C.Hidden)), RmsNorm("norm"), Linear("map", nameof(C.Hidden)), Output("hidden")]
        public sealed partial class Small;
        """, "DSL015")]
    [InlineData("""
        [Model<C>("Small"), Adapt("m{i,a}p", Rank = [|0|])]
        [Embedding("embed", nameof(C.Vocab), nameof(C.Hidden)), Linear("map", nameof(C.Hidden)), Output("hidden")]
        public sealed partial class Small;
        """, "DSL036")]
    [InlineData("""
        [Block<C>, Init([|"mop.weight"|], 0.5)]
        [Linear("map", nameof(C.Hidden))]
        public sealed partial class Layer;
        """, "DSL015")]
    [InlineData("""
        [Block<C>]
        [Linear("v", nameof(C.Hidden)), Rearrange("b t (h f) -> b h t f", "h", nameof(C.Heads)), [|Shift|], Rearrange("b h t f -> b t (h f)")]
        public sealed partial class Layer;
        """, "DSL013")]
    [InlineData("""
        [Block<C>, Input("memory", "b s d"), Axis("d", nameof(C.Hidden))]
        [Sum("x", [|"memory"|])]
        public sealed partial class Layer;
        """, "DSL013")]
    [InlineData("""
        [Block<C>]
        [From("x"), Linear("heads", nameof(C.Hidden)), Heads(nameof(C.Heads)), As("heads")]
        [From("x"), Linear("flat", nameof(C.Hidden)), As("flat")]
        [Concat("flat", [|"heads"|])]
        public sealed partial class Layer;
        """, "DSL013")]
    [InlineData("""
        [Block<C>]
        [Linear("map", 8), [|Slice(4, 5)|], Linear("out", nameof(C.Hidden))]
        public sealed partial class Layer;
        """, "DSL009")]
    [InlineData("""
        [Block<C>]
        [Linear("v", nameof(C.Hidden)), Heads(nameof(C.Heads)), Apply([|nameof(Scaled)|]), Merge]
        public sealed partial class Layer
        {
            [Pointwise] static double Scaled(double x, [Parameter("gamma", "d h")] double gamma) => x * gamma;
        }
        """, "DSL013")]
    [InlineData("""
        [Block<C>]
        [Linear("v", nameof(C.Hidden)), Heads(nameof(C.Heads)), Rotary(Position = [|nameof(Place)|]), Merge]
        public sealed partial class Layer
        {
            static int Place(int position, C c, bool flag) => position;
        }
        """, "DSL019")]
    [InlineData("""
        [Block<C>]
        [Pool([|nameof(C.Eps)|])]
        public sealed partial class Layer;
        """, "DSL030")]
    [InlineData("""
        [Block<C>]
        [Linear("v", nameof(C.Hidden)), Heads(nameof(C.Heads)), Rotary(Pairs = [|"neighbors"|]), Merge]
        public sealed partial class Layer;
        """, "DSL030")]
    [InlineData("""
        [Block<C>]
        [Attention("{q,k,v,o}", Position = [|"rotery"|])]
        public sealed partial class Layer;
        """, "DSL030")]
    [InlineData("""
        [Block<C>]
        [Linear("map", 8), Linear("out", nameof(C.Hidden))]
        public sealed partial class Layer;

        [Model<C>("Small")]
        [Embedding("embed", nameof(C.Vocab), nameof(C.FeedForward)), Use<Layer>("l"), Use<Layer>("l", Shared = [|true|]), Output("hidden")]
        public sealed partial class Small;
        """, "DSL009")]
    [InlineData("""
        [Block<C>]
        [Linear("v", nameof(C.Hidden)), Heads(nameof(C.Heads)), Rotary(Position = [|nameof(Place)|]), Merge]
        public sealed partial class Layer
        {
            static int Place(int position, ReadOnlySpan<double> all) => position;
        }
        """, "DSL019")]
    public async Task Is_refused_at_its_token(string marked, string id)
    {
        var (source, marks) = Analysing.Read(Analysing.Prelude + marked + "\n");
        var found = await Analysing.Of(source);
        var problem = Assert.Single(found, d => d.Id.StartsWith("DSL", StringComparison.Ordinal));
        Assert.Equal(id, problem.Id);
        Assert.Equal(Assert.Single(marks), problem.Location.SourceSpan);
        Assert.DoesNotContain("?, ", problem.GetMessage(), StringComparison.Ordinal);
    }

    [Fact]
    public void Attention_that_drops_is_never_merged_with_another()
    {
        var graph = Graphs.Of(Compiling.Create([Analysing.Prelude + """
            [Block<C>]
            [From("x"), Linear("q", nameof(C.Hidden)), Heads(nameof(C.Heads)), As("q")]
            [Attend("q", "q", "q", Mask = Mask.Causal, Dropout = 0.5), As("a")]
            [Attend("q", "q", "q", Mask = Mask.Causal, Dropout = 0.5), As("b")]
            [Attend("q", "q", "q", Mask = Mask.Causal), As("c")]
            [Attend("q", "q", "q", Mask = Mask.Causal), As("d")]
            [Sum("a", "b", "c", "d"), Merge, Linear("o", nameof(C.Hidden))]
            public sealed partial class Layer;
            """]), "User.Layer");
        var fused = Generators.Pipeline.Core.Fuse(Generators.Pipeline.Lower(graph));
        Assert.Equal(3, fused.Parallel.Nodes.Count(n => n.Operation is Parts.Attend));
    }

    [Fact]
    public void Axes_that_must_divide_are_checked_in_words()
    {
        var text = Compiling.Generate(Compiling.Create([Analysing.Prelude + """
            [Block<C>]
            [Linear("v", nameof(C.FeedForward)), Rearrange("b t (h f) -> b t h f", "h", nameof(C.Layers)), Merge, Linear("o", nameof(C.Hidden))]
            public sealed partial class Layer;
            """])).Texts["User.Layer.g.cs"];
        Assert.Contains("Require.Divides(config.Layers, \"num_hidden_layers\", config.FeedForward, \"intermediate_size\")", text, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_written_is_the_same_under_a_culture_with_another_minus_and_another_point()
    {
        var file = new SourceFile("User.cs", Analysing.Prelude + """
            [Block<C>]
            [LayerNorm("norm", Eps = 0.25), Rearrange("b t d -> b t d"), Linear("map", nameof(C.Hidden)), Apply(nameof(Shifted))]
            public sealed partial class Layer { [Pointwise] static double Shifted(double x) => -1.5 * x + (-3); }
            """);
        var usual = Compiling.Generate(Compiling.Create([file])).Texts["User.Layer.g.cs"];
        var before = System.Globalization.CultureInfo.CurrentCulture;
        try
        {
            var strange = (System.Globalization.CultureInfo)System.Globalization.CultureInfo.InvariantCulture.Clone();
            (strange.NumberFormat.NegativeSign, strange.NumberFormat.NumberDecimalSeparator) = ("\u2212", ",");
            System.Globalization.CultureInfo.CurrentCulture = strange;
            Assert.Equal(usual, Compiling.Generate(Compiling.Create([file])).Texts["User.Layer.g.cs"]);
        }
        finally
        {
            System.Globalization.CultureInfo.CurrentCulture = before;
        }
    }

    [Fact]
    public void No_stage_knows_a_later_one()
    {
        string[] stages = ["Reading", "Checking", "Lowering", "Fusing", "Emitting"];
        var folder = System.IO.Path.Combine(Compiling.Repository, "src", "Dsl.Generators");
        var wrong =
            from stage in stages.Select((name, at) => (name, at)).Append((name: "Model", at: -1))
            from file in System.IO.Directory.GetFiles(System.IO.Path.Combine(folder, stage.name), "*.cs")
            let source = System.IO.File.ReadAllText(file)
            from later in stages.Skip(stage.at + 1).Append("Parts")
            where (later != "Parts" || stage.name != "Fusing") && source.Contains($"Dsl.Generators.{later}", StringComparison.Ordinal)
            select $"{stage.name}/{System.IO.Path.GetFileName(file)} knows {later}";
        Assert.Empty(wrong);
    }
}
