using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.RegularExpressions;
using Dsl.Generators.Model;
using Dsl.Generators.Reading;
using Dsl.Generators.Tests.Pipeline;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Xunit;

namespace Dsl.Generators.Tests.Sugar;

/// <summary>A sugar attribute and its spelled-out form are the same graph; the compiler knows no family.</summary>
public sealed class SugarTests
{
    private const string Config = """
        public sealed partial record TinyConfig(
            [Key("hidden_size")] int Hidden, [Key("ffn")] int FeedForward, [Key("heads")] int Heads, [Key("kv")] int KvHeads, [Key("act")] Activation Act, [Key("b")] bool Biased, [Key("s")] double Scale)
        {
            public int HeadDim => Hidden / Heads;
        }

        """;

    /// <summary>The word, and uses of it inside a bracket.</summary>
    private static readonly (string Word, string Bracket)[] Uses =
    [
        ("Attention", """Attention("a.{q,k,v,o}")"""),
        ("Attention", """Attention("a.{q,k,v,o}_proj", Mask = Mask.Causal, Position = Position.Rotary, Bias = nameof(C.Biased))"""),
        ("Attention", """Attention("{q,k,v,o}", Mask = nameof(Near), Score = nameof(Cap), Scale = nameof(C.Scale), Bias = true, OutputBias = false)"""),
        ("Attention", """RmsNorm("n", Eps = 1e-5), Attention("{q,k,v,o}", OutputBias = nameof(C.Biased)), Dropout(0.1)"""),
        ("PackedAttention", """PackedAttention("a.{c_attn,c_proj}")"""),
        ("PackedAttention", """PackedAttention("a.{c_attn,c_proj}", Mask = Mask.Causal, Scale = 0.25, Bias = true, Stored = "in out")"""),
        ("FeedForward", """FeedForward("m.{up,down}", Activation.GeluTanh)"""),
        ("FeedForward", """FeedForward("m.{up,down}", nameof(C.Act), Bias = nameof(C.Biased), Stored = "in out")"""),
        ("GatedFeedForward", """GatedFeedForward("m.{gate,up,down}", Activation.Silu)"""),
        ("GatedFeedForward", """GatedFeedForward("m.{gate,up,down}", nameof(C.Act), Bias = true)"""),
        ("Heads", """Linear("p", nameof(C.Hidden)), Heads(nameof(C.Heads)), Rearrange("b t h d -> b t (h d)")"""),
        ("Heads", """Linear("p", nameof(C.Hidden)), Heads(nameof(C.Heads), nameof(C.HeadDim)), Rearrange("b t h d -> b t (h d)")"""),
        ("Heads", """Linear("p", nameof(C.Hidden)), Heads(4), Rearrange("b t h d -> b t (h d)")"""),
        ("Merge", """Linear("p", nameof(C.Hidden)), Rearrange("b t (h d) -> b t h d", "h", nameof(C.Heads)), Merge"""),
    ];

    public static IEnumerable<object[]> Cases => Uses.Select(u => new object[] { u.Word, u.Bracket });

    [Theory]
    [MemberData(nameof(Cases))]
    public void Sugar_and_its_spelled_out_form_are_one_graph(string word, string bracket)
    {
        var sweet = Block("Sweet", "[" + bracket + "]");
        var compilation = Compile(sweet);
        var spec = Graphs.Read(compilation, "User.Sweet").Main;
        var parts = spec.Brackets.Single().Parts;
        var part = Assert.Single(parts, p => p.Name == word);
        var text = Generators.Reading.Sugar.Text(part, spec)!.Replace("nameof(global::User.Sweet.", "nameof(Plain.", StringComparison.Ordinal);
        Assert.DoesNotContain(word + "(", text.Replace(", Heads(", "", StringComparison.Ordinal), StringComparison.Ordinal);

        // What stands before the attribute is its x; what stands behind it goes on from its last bracket.
        string Source(IEnumerable<PartSpec> some) => string.Concat(some.Select(p => p.ToSource() + ", "));
        var before = Source(parts.TakeWhile(p => p != part));
        var after = Source(parts.SkipWhile(p => p != part).Skip(1)).TrimEnd(',', ' ');
        var spelled = text.Contains('\n')
            ? (before.Length > 0
                ? "[" + before + "As(\"entering\")]\n" + text.Replace("From(\"x\")", "From(\"entering\")", StringComparison.Ordinal)
                : text)[..^1]
                + (after.Length > 0 ? ", " + after : "") + "]"
            : "[" + before + text.Trim('[', ']') + (after.Length > 0 ? ", " + after : "") + "]";
        var both = Compile(sweet, Block("Plain", spelled));
        Assert.Equal(
            Graphs.Of(both, "User.Sweet").Print(), Graphs.Of(both, "User.Plain").Print().Replace("User.Plain", "User.Sweet", StringComparison.Ordinal));
    }

    [Fact]
    public void Every_sugar_word_has_such_a_case()
    {
        var spec = Graphs.Read(Compile(Block("Sweet", "[Linear(\"a\", 3)]")), "User.Sweet").Main;
        var sugar = Generators.Pipeline.Core.Vocabulary.Parts.Where(w => Generators.Reading.Sugar.Text(new PartSpec(w, [], [], [], Place.Class), spec) is not null).Order().ToList();
        Assert.Equal(Uses.Select(u => u.Word).Distinct().Order(), sugar);
    }

    [Theory]
    [InlineData("Attention(\"{q,k,v,o}\")")]
    [InlineData("PackedAttention(\"{in,out}\")")]
    public void Defaults_name_the_sizes_of_heads(string attention)
    {
        var block = Block("Sweet", "[" + attention + "]").Replace("Theta = 10000.0", "Heads = nameof(C.KvHeads), HeadDim = 8", StringComparison.Ordinal);
        var text = Graphs.Of(Compile(block), "User.Sweet").Print();
        Assert.Equal(4, Regex.Count(text, "h=KvHeads"));       // three times cut, once merged
        Assert.DoesNotContain("h=Heads", text, StringComparison.Ordinal);
        Assert.DoesNotContain("HeadDim", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Two_expansions_in_one_block_do_not_meet()
    {
        var block = """
            [Residual, Attention("first.{q,k,v,o}", Mask = Mask.Causal)]
            [Residual, Attention("second.{q,k,v,o}")]
            """;
        var text = Graphs.Of(Compile(Block("Sweet", block)), "User.Sweet").Print();
        Assert.Equal(2, Regex.Count(text, "attend"));
        Assert.Contains("'first.q'", text, StringComparison.Ordinal);
        Assert.Contains("'second.o'", text, StringComparison.Ordinal);
    }

    [Fact]
    public void The_compiler_and_the_runtime_name_no_family()
    {
        var families = new HashSet<string>(StringComparer.OrdinalIgnoreCase)
        {
            "llama", "gpt", "bert", "roberta", "albert", "electra", "bart", "mbart", "t5", "mt5", "mamba", "rwkv", "mistral", "mixtral", "qwen", "gemma", "falcon", "phi", "bloom", "opt", "neox",
            "whisper", "clip", "vit", "llava", "deberta", "xlnet", "pegasus", "hyena", "retnet", "s4", "s4d", "ttt", "hgrn", "gla", "deepseek", "olmo", "pythia", "chatgpt", "codellama",
        };
        foreach (var file in Compiling.Zoo()
            .Where(f => f.Text.Contains("\n[Block<", StringComparison.Ordinal) || f.Text.Contains("\n[Model<", StringComparison.Ordinal)))
        {
            foreach (var type in Compiling.Parse(file).GetRoot().DescendantNodes().OfType<Microsoft.CodeAnalysis.CSharp.Syntax.TypeDeclarationSyntax>())
            {
                families.Add(Words(type.Identifier.Text)[0]);
            }
        }

        families.RemoveWhere(f => f.Length < 2);
        families.ExceptWith(["Encoder", "Decoder", "Sequence", "Linear", "Layer", "Token", "Self", "Cross", "Time", "Channel", "Mini", "Gated", "Routed", "Routing"]);
        var found = new List<string>();

        // Dsl.Text reads files of published vocabularies and Dsl.Images those of picture processors, whose formats are called by who published them first.
        foreach (var folder in Directory.GetDirectories(Path.Combine(Compiling.Repository, "src"), "Dsl.*").Where(f => Path.GetFileName(f) is not ("Dsl.Text" or "Dsl.Images")))
        {
            foreach (var path in Directory.GetFiles(folder, "*.cs", SearchOption.AllDirectories)
                .Where(p => !p.Split(Path.DirectorySeparatorChar).Any(s => s is "obj" or "bin")))
            {
                // Names and strings; what a comment cites it may cite.
                var tokens = CSharpSyntaxTree.ParseText(File.ReadAllText(path)).GetRoot().DescendantTokens(descendIntoTrivia: false)
                    .Where(t => t.IsKind(SyntaxKind.IdentifierToken)
                        || t.IsKind(SyntaxKind.StringLiteralToken)
                        || t.IsKind(SyntaxKind.InterpolatedStringTextToken)
                        || t.IsKind(SyntaxKind.MultiLineRawStringLiteralToken));
                found.AddRange(
                    tokens.Where(t => Words(t.ValueText).Any(families.Contains))
                        .Select(t => $"{Path.GetRelativePath(Compiling.Repository, path).Replace('\\', '/')}: {t.ValueText}"));
            }
        }

        // What optimisers do to gradients is called as a family of images is.
        found.RemoveAll(f => f.StartsWith("src/Dsl.Training/", StringComparison.Ordinal) && f.Contains("clip", StringComparison.OrdinalIgnoreCase));

        // Words of which published keys are made.
        found.RemoveAll(f => f.StartsWith("src/Dsl.Runtime/Checkpoints/KeysWithoutEffect.cs: ", StringComparison.Ordinal));

        // A file's published name, a way to draw first weights, a value of rope_type and a role: what published files hold is data, as "silu" is.
        Assert.Equal(
            [
                "src/Dsl.Generation/Embeddings/SentenceFiles.cs: sentence_bert_config.json", "src/Dsl.Runtime/Adapters/AdapterConfig.cs: eva",
                    "src/Dsl.Runtime/Positions/RopeScaling.cs: llama3", "src/Dsl.Training/Alignment/Data/TuningFile.cs: gpt",
            ],
            found.Order(StringComparer.Ordinal));
    }

    /// <summary><c>LlamaForCausalLM</c> is llama, for, causal, ...; <c>llama3</c> is llama.</summary>
    private static string[] Words(string text) =>
        [.. Regex.Matches(text, "[A-Z]+(?![a-z])[0-9]*|[A-Z]?[a-z]+|[0-9]+")
            .SelectMany(m => new[] { m.Value, m.Value.TrimEnd('0', '1', '2', '3', '4', '5', '6', '7', '8', '9') })
            .DefaultIfEmpty("")];

    private static CSharpCompilation Compile(params string[] blocks)
    {
        var compilation = Compiling.Create(
            [new SourceFile("User.cs", "using Dsl;\nusing C = User.TinyConfig;\nnamespace User;\n" + Config + string.Concat(blocks))]);
        return compilation;
    }

    private static string Block(string name, string brackets) => $$"""
        [Block<C>, Defaults(Theta = 10000.0)]
        {{brackets}}
        public sealed partial class {{name}}
        {
            [Mask] internal static bool Near(int query, int key, C c) => key <= query && query - key < 5;
            [Score] internal static double Cap(double score, C c) => c.Scale * System.Math.Tanh(score / c.Scale);
        }

        """;
}
