using System;
using System.Linq;
using Microsoft.CodeAnalysis;
using Xunit;

namespace Dsl.Generators.Tests.Pipeline;

/// <summary>File names and names in generated code collide with nothing.</summary>
public sealed class NameTests
{
    /// <summary>Names of the runtime, of TorchSharp and of the base library that a user may well give to something of their own.</summary>
    private static readonly string[] Names =
    [
        "Product", "Products", "Norm", "Attention", "Pass", "Weights", "Weight", "Activations", "Tensor", "Rotary", "RotarySpec", "MaskRule", "Embedding",
        "PositionEmbedding", "GeneratedModule", "GeneratedModel", "ModelState", "KeyValueCache", "CachedAttention", "ScalarType", "Device", "Require", "ConfigReader", "ConfigWriter",
        "ConfigException", "KeyLayout", "KeyRules", "Slices", "Dropout", "Path", "Array", "ArgumentException", "IDisposable", "Initializer", "ModelEntry", "RopeScaling", "Math",
        "System", "TorchSharp", "Dsl", "Runtime", "Collections", "State", "Results", "Wanted", "Config", "Inputs",
    ];

    [Fact]
    public void A_class_beside_the_declarations() =>
        Many(Names, name => Declared.In("User." + name + "s", Declared.Config, Declared.Block, Declared.Model, $"internal static class {name};\n"));

    [Fact]
    public void A_namespace_inside_the_declarations_one() =>
        Many(["Product", "Attention", "Tensor", "torch", "System"], name =>
            Declared.In("User." + name + "s", Declared.Config, Declared.Block, Declared.Model), name =>
                new SourceFile("Own.cs", $"namespace User.{name}s.{name}; internal static class Some;"));

    [Theory]
    [InlineData("Product")]
    [InlineData("Weights")]
    [InlineData("ModelEntry")]
    public void A_class_outside_of_every_namespace(string name) =>
        Compiling.Generate(Declared.All(), new SourceFile("Own.cs", $"internal static class {name};")).AssertCompiles();

    [Theory]
    [InlineData("Attention")]
    [InlineData("Product")]
    [InlineData("Weights")]
    [InlineData("Norm")]
    [InlineData("Results")]
    [InlineData("Dropout")]
    public void A_declaration_itself(string name)
    {
        var run = Compiling.Generate(
            Declared.In(
                "User",
                Declared.Config,
                Declared.Block.Replace("TinyBlock", name, StringComparison.Ordinal),
                Declared.Model.Replace("TinyBlock", name, StringComparison.Ordinal)));
        run.AssertCompiles();
        Assert.Equal(4, run.Texts.Count);
    }

    [Theory]
    [InlineData("Attention")]
    [InlineData("Product")]
    [InlineData("Tensor")]
    public void A_model(string name) =>
        Compiling.Generate(
            Declared.In(
                "User", Declared.Config, Declared.Block, Declared.Model.Replace("class Tiny", "class " + name, StringComparison.Ordinal))).AssertCompiles();

    [Theory]
    [InlineData("output")]
    [InlineData("results")]
    [InlineData("wanted")]
    [InlineData("named")]
    [InlineData("all")]
    [InlineData("dispose")]
    [InlineData("inputs")]
    [InlineData("outputs")]
    public void An_output(string name) =>
        Compiling.Generate(
            Declared.In(
                "User", Declared.Config, Declared.Block, Declared.Model.Replace("\"logits\"", $"\"{name}\"", StringComparison.Ordinal))).AssertCompiles();

    [Fact]
    public void A_model_that_names_no_output() =>
        Compiling.Generate(
            Declared.In(
                "User", Declared.Config, Declared.Block, Declared.Model.Replace(", Output(\"logits\")", "", StringComparison.Ordinal))).AssertCompiles();

    [Theory]
    [InlineData("Weights")]
    [InlineData("Config")]
    [InlineData("State")]
    [InlineData("Require")]
    public void A_config(string name)
    {
        string Named(string text) =>
            text.Replace("nameof(TinyConfig", "nameof(C", StringComparison.Ordinal).Replace("TinyConfig", name, StringComparison.Ordinal);
        var file = Declared.In("User", Named(Declared.Config), Named(Declared.Block), Named(Declared.Model));
        Compiling.Generate(file with { Text = $"using C = User.{name};\n" + file.Text }).AssertCompiles();
    }

    [Theory]
    [InlineData("Attention")]
    [InlineData("Product")]
    [InlineData("Weights")]
    [InlineData("Activation")]
    public void A_member_of_a_config(string name)
    {
        var config = Declared.Config
            .Replace("[Key(\"eps\")]", $"[Key(\"own\")] int {name}, [Key(\"eps\")]", StringComparison.Ordinal)
            .Replace("Hidden / Heads;", $"Hidden / Heads;\n    public int Twice => 2 * {name};", StringComparison.Ordinal);
        var extended = "[Extend<TinyConfig>] public sealed partial record MoreConfig([Key(\"more\")] int More = 1);\n";
        var model = Declared.Lonely.Replace("TinyConfig", "MoreConfig", StringComparison.Ordinal).Replace(".Hidden", ".Twice", StringComparison.Ordinal);
        var run = Compiling.Generate(Declared.In("User", config, extended, Declared.Block, Declared.Model, model));
        run.AssertCompiles();
        Assert.Contains($"config.Twice", run.Text("Lonely.g.cs"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Attention")]
    [InlineData("Product")]
    [InlineData("Tensor")]
    [InlineData("Rotary")]
    public void A_function_of_the_declaration(string name)
    {
        var block = Declared.Block.Replace("Mask = Mask.Causal", $"Mask = nameof({name})", StringComparison.Ordinal)
            .Replace(
                "internal static int Unrelated() => 1;",
                $"[Mask] static bool {name}(int query, int key, TinyConfig c) => key <= query && (query - key) % 3 == 0;",
                StringComparison.Ordinal);
        var run = Compiling.Generate(Declared.In("User", Declared.Config, block, Declared.Model));
        run.AssertCompiles();
        Assert.Contains("User.TinyBlock.g.cs", run.Texts.Keys);
    }

    /// <summary>Scalar functions of every kind, named like what generated code calls, and the state and the kernels that are named after them.</summary>
    [Theory]
    [InlineData("[Recurrence(\"b t d\", State = \"b d [n]\")] static double {0}(Span<double> h, double x, [Parameter(\"w\", \"d n\")] ReadOnlySpan<double> w) "
        + "{{ double y = 0; for (int n = 0; n < h.Length; n++) {{ h[n] = 0.5 * h[n] + w[n] * x; y += h[n] * w[n]; }} return y; }}")]
    [InlineData("[Pointwise] static double {0}(double x, [Parameter(\"w\", \"d\")] double w) => x > 0 ? Math.Max(x, 1) * w : Math.Sqrt(1 - x);")]
    public void A_function_that_is_applied(string function) => Functions("Apply(nameof({0}))", function);

    [Theory]
    [InlineData("[Mask] static bool {0}(int query, int key, TinyConfig c) => key <= query && (query - key) % c.Heads == 0;", "Mask")]
    [InlineData("[Score] static double {0}(double score, int query, int key, TinyConfig c) => score + Far(query - key, c);\n"
        + "    static int Far(int distance, TinyConfig c) => Math.Min(distance, c.Heads);", "Mask = Mask.Causal, Score")]
    public void A_function_of_attention(string function, string option) => Functions("Attention(\"{{q,k,v,o}}\", " + option + " = nameof({0}))", function);

    [Fact]
    public void A_function_of_positions() => Functions(
        "Heads(nameof(TinyConfig.Heads)), Rotary(Position = nameof({0})), Merge", "static int {0}(int position) => position / 2;");

    private static void Functions(string bracket, string function)
    {
        string[] names =
        [
            .. typeof(Dsl.Runtime.GeneratedModule).Assembly.GetExportedTypes().Concat(typeof(TorchSharp.torch).GetNestedTypes())
                .Where(t => t.Namespace is "Dsl.Runtime" or "TorchSharp").Select(t => t.Name.Split('`')[0]),
            "torch", "TorchSharp", "System", "Dsl", "Vector", "Func", "Array", "IScan", "ITransfer", "Tensors", "Unsafe", "MethodImpl", "nn",
        ];

        // Every module has a member Weights.
        names = [.. names.Distinct().Where(n => n != "Weights").Order(StringComparer.Ordinal)];
        Many(names, name =>
            Declared.In("User.F" + Array.IndexOf(names, name), Declared.Config, Declared.Model, $$"""
                [Block<TinyConfig>, Axis("n", nameof(TinyConfig.Heads))]
                [Linear("map", nameof(TinyConfig.Hidden)), {{Format(bracket, name)}}]
                public sealed partial class TinyBlock
                {
                    {{Format(function, name)}}
                }

                """));
    }

    // The sources of these tests use no namespace of the system.
    private static string Format(string text, string name) => string.Format(System.Globalization.CultureInfo.InvariantCulture, text, name)
        .Replace("Math.", "global::System.Math.", StringComparison.Ordinal)
        .Replace("(Span<", "(global::System.Span<", StringComparison.Ordinal)
        .Replace(" ReadOnlySpan<", " global::System.ReadOnlySpan<", StringComparison.Ordinal);

    [Fact]
    public void A_key()
    {
        string[] keys =
            ["weights", "config", "pass", "state", "training", "x", "layer", "i", "next", "parts", "h", "normed", "attended", "merged", "scale", "name", "base", "class", "is", "parameters", "forward", "Forward", "Advance", "State", "Weights", "Fusions", "Masks", "to", "0", "2nd-key", "a b", "tiny_block", "TinyBlock"];
        Many(keys, key =>
        {
            var block = $"""
                [Block<TinyConfig>, Defaults(Eps = nameof(TinyConfig.Eps))]
                [Residual, RmsNorm("{key}.norm"), Attention("{key}.{"{q,k,v,o}"}", Mask = Mask.Causal)]
                [Residual, RmsNorm("{key}"), FeedForward("ffn.{"{up,down}"}", Activation.Gelu)]
                [Residual, Linear("down.{key}")]
                public sealed partial class TinyBlock;

                """;
            var model = Declared.Model.Replace("\"layers\"", $"\"{key}\"", StringComparison.Ordinal).Replace(
                "\"norm\"", $"\"final.{key}\"", StringComparison.Ordinal)
                .Replace("\"embed\"", $"\"{key}.embed\"", StringComparison.Ordinal);
            return Declared.In("User.K" + Array.IndexOf(keys, key), Declared.Config, block, model);
        });
    }

    [Fact]
    public void A_named_value()
    {
        string[] names = ["pass", "config", "weights", "state", "layer", "next", "base", "parts", "i", "h", "up_proj", "upProj"];
        Many(names, name => Declared.In("User.V" + Array.IndexOf(names, name), Declared.Config, Declared.Model, $"""
            [Block<TinyConfig>]
            [From("x"), Linear("up_proj", nameof(TinyConfig.Hidden)), As("{name}")]
            [Residual, Linear("down", nameof(TinyConfig.Hidden)), As("second")]
            [From("{name}"), Gate("second"), Linear("out", nameof(TinyConfig.Hidden))]
            public sealed partial class TinyBlock;

            """));
    }

    [Fact]
    public void Equal_names_in_two_namespaces_nested_and_without_one_have_files_of_their_own()
    {
        var run = Compiling.Generate(
            Declared.All("One"),
            Declared.All("Two.Deep"),
            new SourceFile(
                "Nested.cs",
                Declared.Using + "namespace Three;\npublic static partial class Outer\n{\n    public partial record struct Inner\n    {\n"
                    + Declared.Config + Declared.Block + Declared.Model + "    }\n}\n"),
            new SourceFile("Root.cs", Declared.Using + Declared.Config + Declared.Block + Declared.Model));
        run.AssertCompiles();
        foreach (var space in new[] { "One.", "Two.Deep.", "Three.Outer.Inner.", "" })
        {
            Assert.Contains(space + "Tiny.g.cs", run.Texts.Keys);
            Assert.Contains(space + "TinyBlock.g.cs", run.Texts.Keys);
            Assert.Contains(space + "TinyConfigJson.g.cs", run.Texts.Keys);
        }
    }

    [Fact]
    public void Containers_that_differ_in_their_type_parameters_have_files_of_their_own()
    {
        const string block = "[Block<TinyConfig>]\n[Linear(\"only\", nameof(TinyConfig.Hidden))]\npublic sealed partial class Inside;\n";
        var run = Compiling.Generate(
            Declared.In(
                "User",
                Declared.Config,
                $"public partial class Outer {{ {block} }}\npublic partial class Outer<T> {{ {block} }}\npublic partial class Outer<T, U> where T : class {{ {block} }}\n"));
        run.AssertCompiles();
        Assert.Equal(3, run.Texts.Keys.Count(k => k.EndsWith("Inside.g.cs", StringComparison.Ordinal)));
    }

    [Fact]
    public void Names_that_differ_in_case_alone_have_files_of_their_own()
    {
        var run = Compiling.Generate(
            Declared.In("User", Declared.Config, Declared.Lonely, Declared.Lonely.Replace("Lonely", "LONELY", StringComparison.Ordinal)));
        run.AssertCompiles();
        Assert.Equal(2, run.Texts.Keys.Count(k => k.Contains("lonely", StringComparison.OrdinalIgnoreCase)));
    }

    /// <summary>One compilation of a model for each name; every model is generated.</summary>
    private static void Many(string[] names, Func<string, SourceFile> declare, Func<string, SourceFile>? beside = null)
    {
        var run = Compiling.Generate([.. names.Select(declare), .. beside is null ? [] : names.Select(beside)]);
        run.AssertCompiles();
        Assert.Equal(names.Length, run.Texts.Keys.Count(k => k.EndsWith(".Tiny.g.cs", StringComparison.Ordinal)));
        Assert.Equal(names.Length, run.Texts.Keys.Count(k => k.EndsWith(".TinyBlock.g.cs", StringComparison.Ordinal)));
    }
}
