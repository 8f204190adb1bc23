using System;
using System.Linq;
using System.Threading.Tasks;
using Dsl.Generators.Tests.Diagnostics;
using Xunit;

namespace Dsl.Generators.Tests.Pipeline;

/// <summary>Inputs of blocks, and whose time axis they are along.</summary>
public sealed class InputTests
{
    private const string Cross = """
        [Block<TinyConfig>, Input("memory", "b s d")]
        [From("x"), Linear("q", nameof(TinyConfig.Hidden)), Heads(nameof(TinyConfig.Heads)), As("q")]
        [From("memory"), Linear("k", nameof(TinyConfig.Hidden)), Heads(nameof(TinyConfig.Heads)), As("k")]
        [From("memory"), Linear("v", nameof(TinyConfig.Hidden)), Heads(nameof(TinyConfig.Heads)), As("v")]
        [Attend("q", "k", "v"), Merge, Linear("o", nameof(TinyConfig.Hidden))]
        public sealed partial class Cross;

        """;

    private const string Decoder = """
        [Model<TinyConfig>, Input("ids", "b t", Steps = true), Input("source", "b s")]
        [From("source"), Embedding("source", nameof(TinyConfig.Vocab), nameof(TinyConfig.Hidden)), As("memory")]
        [From("ids"), Embedding("embed", nameof(TinyConfig.Vocab), nameof(TinyConfig.Hidden))]
        [Repeat<Layer>("layers", nameof(TinyConfig.Layers)), RmsNorm("norm"), Output("hidden")]
        public sealed partial class Decoder;

        """;

    [Theory]
    [InlineData("[Block<TinyConfig>, Input(\"memory\")] [Residual, Use<Cross>(\"cross\")] public sealed partial class Layer;\n")]
    [InlineData(
        "[Block<TinyConfig>, Input(\"far\")] [Residual, Use<Cross>(\"cross\", With = \"memory=far\")] public sealed partial class Inner;\n"
        + "[Block<TinyConfig>, Input(\"memory\")] [Use<Inner>(\"inner\", With = \"far=memory\")] public sealed partial class Layer;\n")]
    public void Without_axes_it_has_those_of_the_block_that_it_is_handed_to(string layer)
    {
        var run = Compiling.Generate(Declared.In("User", Declared.Config, Cross, layer, Decoder));
        run.AssertCompiles();
        Assert.Contains("Forward(Tensor x, Tensor memory, Pass pass, Pass sPass)", run.Text("Layer.g.cs"), StringComparison.Ordinal);
        Assert.Contains("Begin(Tensor memory, Pass sPass, State state)", run.Text("Layer.g.cs"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Handed_to_none_it_is_shaped_like_x_and_must_be_given_so()
    {
        const string layer = "[Block<TinyConfig>, Input(\"memory\")] [Gate(\"memory\"), RmsNorm(\"norm\")] public sealed partial class Layer;\n";
        var run = Compiling.Start(Compiling.Create([Declared.In("User", Declared.Config, layer, Decoder)]));
        var found = Assert.Single(await Analysing.Of(run.Compilation));
        Assert.Equal("DSL013", found.Id);
        Assert.Equal("Repeat<Layer>(\"layers\", nameof(TinyConfig.Layers))", found.Location.SourceTree!.GetText().ToString(found.Location.SourceSpan));
        Assert.DoesNotContain("User.Decoder.g.cs", run.Texts.Keys);
    }

    [Fact]
    public void A_memory_may_be_the_sequence_itself_and_then_nothing_can_be_kept_of_it()
    {
        var run = Compiling.Generate(Declared.In("User", Declared.Config, Cross, """
            [Block<TinyConfig>]
            [Residual, Use<Cross>("cross", With = "memory=x")]
            public sealed partial class Alone;
            """));
        run.AssertCompiles();
        Assert.Contains(".Forward(x, x, pass, pass)", run.Text("Alone.g.cs"), StringComparison.Ordinal);
        Assert.Contains("// No stateful form: Cross remembers 'memory'", run.Text("Alone.g.cs"), StringComparison.Ordinal);
    }
}
