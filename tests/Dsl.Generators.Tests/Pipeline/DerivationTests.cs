using System;
using System.Linq;
using Dsl.Generators.Tests.Sugar;
using Xunit;

namespace Dsl.Generators.Tests.Pipeline;

/// <summary>Derived declarations: what is set, replaced, removed and renamed, and how parts are addressed.</summary>
public sealed class DerivationTests
{
    private const string Base = """
        [Block<TinyConfig>, Defaults(Eps = 1e-5)]
        [Residual, RmsNorm("norm1"), Attention("attn.{q,k,v,o}", Mask = Mask.Causal), Dropout(0.1)]
        [RmsNorm("norm2"), As("named")]
        [Residual, FeedForward("ffn.{up,down}", Activation.Gelu), Dropout(0.2)]
        public sealed partial class Origin
        {
            [Mask] internal static bool Own(int query, int key) => key <= query;
        }

        """;

    [Theory]
    [InlineData("[Block<TinyConfig>, Derive<Origin>]", "")]
    [InlineData(
        "[Block<TinyConfig>, Derive<Origin>, Set(\"attn\", \"Mask\", Mask.None)]",
        "0: [Residual, RmsNorm(\"norm1\"), Attention(\"attn.{q,k,v,o}\", Mask = \"none\"), Dropout(0.1)]")]
    [InlineData(
        "[Block<TinyConfig>, Derive<Origin>, Set(\"attention\", \"Scale\", 0.5)]",
        "0: [Residual, RmsNorm(\"norm1\"), Attention(\"attn.{q,k,v,o}\", Mask = \"causal\", Scale = 0.5), Dropout(0.1)]")]
    [InlineData(
        "[Block<TinyConfig>, Derive<Origin>, Set(\"norm1\", \"Eps\", 0.25)]",
        "0: [Residual, RmsNorm(\"norm1\", Eps = 0.25), Attention(\"attn.{q,k,v,o}\", Mask = \"causal\"), Dropout(0.1)]")]
    [InlineData("[Block<TinyConfig>, Derive<Origin>, Remove(\"ffn.dropout\")]", "2: [Residual, FeedForward(\"ffn.{up,down}\", \"gelu\")]")]
    [InlineData("[Block<TinyConfig>, Derive<Origin>, Remove(\"norm2\")]", "1: [As(\"named\")]")]
    [InlineData(
        "[Block<TinyConfig>, Derive<Origin>, Rename(\"norm1\", \"first.norm\")]",
        "0: [Residual, RmsNorm(\"first.norm\"), Attention(\"attn.{q,k,v,o}\", Mask = \"causal\"), Dropout(0.1)]")]
    [InlineData(
        "[Block<TinyConfig>, Derive<Origin>] [Replace(\"norm1\"), LayerNorm(\"norm1\"), Dropout(0.5)]",
        "0: [Residual, LayerNorm(\"norm1\"), Dropout(0.5), Attention(\"attn.{q,k,v,o}\", Mask = \"causal\"), Dropout(0.1)]")]
    [InlineData("[Block<TinyConfig>, Derive<Origin>] [Replace(\"named\"), LayerNorm(\"other\")]", "1: [LayerNorm(\"other\"), As(\"named\")]")]
    [InlineData("[Block<TinyConfig>, Derive<Origin>] [Linear(\"more\", 5)]", "3: [Linear(\"more\", 5)]")]
    public void One_change_changes_one_line(string head, string expected)
    {
        var compilation = Compile(head + "\npublic sealed partial class Derived;\n");
        var (origin, derived) = (Graphs.Brackets(compilation, "User.Origin"), Graphs.Brackets(compilation, "User.Derived"));
        var changed = derived.Select((b, i) => $"{i}: {b}").Where((b, i) => i >= origin.Length || origin[i] != derived[i]);
        Assert.Equal(expected, string.Join("\n", changed));
    }

    [Theory]
    [InlineData("Set(\"attm\", \"Mask\", Mask.None)", "DSL025")]
    [InlineData("Remove(\"dropout.3\")", "DSL025")]
    [InlineData("Remove(\"dropout\")", "DSL064")]
    [InlineData("Remove(\"residual\")", "DSL064")]
    [InlineData("Remove(\"attn.linear\")", "DSL064")]
    [InlineData("Remove(\"attn.norm1\")", "DSL025")]
    [InlineData("Remove(\"attn.q.rotary\")", "DSL025")]
    [InlineData("Remove(\"\")", "DSL025")]
    [InlineData("Set(\"attn.q\", \"Bios\", true)", "DSL026")]
    [InlineData("Rename(\"nothing\", \"something\")", "DSL025")]
    public void What_is_addressed_must_exist(string change, string id) =>
        Assert.Contains(
            Graphs.Problems(Compile($"[Block<TinyConfig>, Derive<Origin>, {change}]\npublic sealed partial class Derived;\n"), "User.Derived"),
            p => p.Id == id);

    /// <summary>A change within sugar is what the same change would be in its spelled-out form; the rest of the sugar stays.</summary>
    [Theory]
    [InlineData(
        "[Block<TinyConfig>, Derive<Origin>, Set(\"attn.q\", \"Bias\", true), Remove(\"ffn.activate\")]",
        "Linear(\"attn.q\")", "Linear(\"attn.q\", Bias = true)", ", Activate(Activation.Gelu)", "")]
    [InlineData(
        "[Block<TinyConfig>, Derive<Origin>] [Replace(\"attn.q.heads\"), RmsNorm(\"attn.q_norm\"), "
            + "Heads(nameof(TinyConfig.Heads), nameof(TinyConfig.HeadDim))]",
        "[From(\"e\"), Linear(\"attn.q\"), ", "[From(\"e\"), Linear(\"attn.q\"), RmsNorm(\"attn.q_norm\"), ")]
    [InlineData("[Block<TinyConfig>, Derive<Origin>, Set(\"attn.attend\", \"Scale\", 0.5)]", "Mask.Causal)", "Mask.Causal, Scale = 0.5)")]
    [InlineData(
        "[Block<TinyConfig>, Derive<Origin>] [Replace(\"ffn.up\"), Linear(\"ffn.wide\", 24)]",
        "Linear(\"ffn.up\", nameof(TinyConfig.FeedForward))", "Linear(\"ffn.wide\", 24)")]
    [InlineData("[Block<TinyConfig>, Derive<Middle>, Set(\"first.q\", \"Bias\", true)]", "Linear(\"attn.q\")", "Linear(\"first.q\", Bias = true)",
        "Linear(\"attn.k\")", "Linear(\"first.k\"), RmsNorm(\"first.k_norm\")", "attn.v", "first.v", "attn.o", "first.o")]
    public void Sugar_opens(string head, params string[] changes)
    {
        const string middle = """

            [Block<TinyConfig>, Derive<Opened>, Rename("attn", "first")]
            public sealed partial class Middle;

            [Block<TinyConfig>, Derive<Origin>]
            [Replace("attn.k"), Linear("attn.k"), RmsNorm("attn.k_norm")]
            public sealed partial class Opened;

            """;
        var plain = """
            [Block<TinyConfig>, Defaults(Eps = 1e-5)]
            [RmsNorm("norm1"), As("e")]
            [From("e"), Linear("attn.q"), Heads(nameof(TinyConfig.Heads), nameof(TinyConfig.HeadDim)), As("q")]
            [From("e"), Linear("attn.k"), Heads(nameof(TinyConfig.Heads), nameof(TinyConfig.HeadDim)), As("k")]
            [From("e"), Linear("attn.v"), Heads(nameof(TinyConfig.Heads), nameof(TinyConfig.HeadDim)), As("v")]
            [Attend("q", "k", "v", Mask = Mask.Causal), Merge, Linear("attn.o"), Dropout(0.1), As("a")]
            [Sum("x", "a")]
            [RmsNorm("norm2"), As("named")]
            [Residual, Linear("ffn.up", nameof(TinyConfig.FeedForward)), Activate(Activation.Gelu), Linear("ffn.down"), Dropout(0.2)]
            public sealed partial class Derived;
            """;
        for (var i = 0; i < changes.Length; i += 2)
        {
            Assert.Contains(changes[i], plain, StringComparison.Ordinal);
            plain = plain.Replace(changes[i], changes[i + 1], StringComparison.Ordinal);
        }

        var derived = Compile(middle + head + "\npublic sealed partial class Derived;\n");
        Assert.Empty(Graphs.Problems(derived, "User.Derived"));
        Assert.Equal(Graphs.Of(Compile(plain), "User.Derived").Print(), Graphs.Of(derived, "User.Derived").Print());
        Compiling.Generate(derived).AssertCompiles();
    }

    [Fact]
    public void Functions_and_defaults_come_along()
    {
        var compilation = Compile("[Block<TinyConfig>, Derive<Origin>, Set(\"attn\", \"Mask\", nameof(Origin.Own))]\npublic sealed partial class Derived;\n");
        var text = Graphs.Of(compilation, "User.Derived").Print();
        Assert.Contains("attend mask Own", text, StringComparison.Ordinal);
        Assert.Contains("eps 1", text, StringComparison.Ordinal);
        Compiling.Generate(compilation).AssertCompiles();
    }

    [Fact]
    public void A_chain_is_followed_and_a_circle_is_a_problem()
    {
        var chain = Compile(
            "[Block<TinyConfig>, Derive<Origin>, Remove(\"attn.dropout\")] public sealed partial class Middle;\n"
                + "[Block<TinyConfig>, Derive<Middle>, Remove(\"dropout\")] public sealed partial class Last;\n");
        Assert.DoesNotContain(Graphs.Brackets(chain, "User.Last"), b => b.Contains("Dropout", StringComparison.Ordinal));
        var circle = Compile(
            "[Block<TinyConfig>, Derive<Last>] public sealed partial class First;\n[Block<TinyConfig>, Derive<First>] public sealed partial class Last;\n");
        Assert.NotEmpty(Graphs.Problems(circle, "User.Last"));
        Assert.DoesNotContain(Compiling.Generate(circle).Texts.Keys, k => k.Contains("Last", StringComparison.Ordinal));
    }

    [Fact]
    public void Addresses_of_every_level_are_found()
    {
        var compilation = Compile("""
            [Extend<TinyConfig>] public sealed partial record MidConfig([Key("mid")] double Mid = 0.5);
            [Extend<MidConfig>] public sealed partial record LowConfig([Key("low")] double Low = 0.25);

            [Block<MidConfig>, Derive<Origin>, Set("norm1", "Eps", nameof(MidConfig.Mid)), Rename("ffn", "mlp")]
            [Replace("norm2"), LayerNorm("middle")]
            [Residual, Linear("added", nameof(MidConfig.Hidden))]
            public sealed partial class Middle;

            [Block<LowConfig>, Derive<Middle>, Set("mlp", "Bias", true), Set("middle", nameof(LayerNormAttribute.Eps), nameof(LowConfig.Low))]
            [Remove("norm1.dropout")]
            [Replace("added"), Linear("lowest", nameof(LowConfig.Hidden))]
            public sealed partial class Last;

            """);
        Assert.Equal(
            [
                "[Residual, RmsNorm(\"norm1\", Eps = nameof(global::User.MidConfig.Mid)), Attention(\"attn.{q,k,v,o}\", Mask = \"causal\")]",
                "[LayerNorm(\"middle\", Eps = nameof(global::User.LowConfig.Low)), As(\"named\")]",
                "[Residual, FeedForward(\"mlp.{up,down}\", \"gelu\", Bias = true), Dropout(0.2)]",
                "[Residual, Linear(\"lowest\", nameof(global::User.LowConfig.Hidden))]",
            ],
            Graphs.Brackets(compilation, "User.Last"));
        Compiling.Generate(compilation).AssertCompiles();
    }

    private static Microsoft.CodeAnalysis.CSharp.CSharpCompilation Compile(string derived) =>
        Compiling.Create([Declared.In("User", Declared.Config, Base, derived)]);
}
