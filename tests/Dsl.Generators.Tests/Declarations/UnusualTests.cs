using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading.Tasks;
using Dsl.Generators.Tests.Diagnostics;
using Dsl.Generators.Tests.Pipeline;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Xunit;

namespace Dsl.Generators.Tests.Declarations;

/// <summary>
/// Declarations that are unusual or slightly wrong: each compiles, or gets one diagnostic at the token at fault; never an error inside generated code.
/// </summary>
public sealed class UnusualTests
{
    private const string Linear = "[Linear(\"only\", nameof(TinyConfig.Hidden))]";

    private const string Drawn = "[Model<TinyConfig>(\"M\")] [Embedding(\"e\", nameof(TinyConfig.Vocab), nameof(TinyConfig.Vocab)), ";

    private static string Own(string header, string arguments, string implements, string options = "") =>
        $"[Layer<TinyConfig>{options}, {header}] public sealed class Own : {implements}<Own, TinyConfig>\n"
            + "{ public static Own Create(TinyConfig config, Weights weights, long width) => new(); "
            + $"public TorchSharp.torch.Tensor Forward(TorchSharp.torch.Tensor x, {arguments}Pass pass) => x * 2; }}\n";

    /// <summary>What compiles, by name.</summary>
    private static readonly Dictionary<string, string> Right = new()
    {
        ["nested in a struct and in an interface"] = $$"""
            public partial struct Outer { [Block<TinyConfig>] {{Linear}} public sealed partial class Inner; }
            public partial interface IOuter { [Block<TinyConfig>] {{Linear}} public sealed partial class Inner; }
            """,
        ["private, with a config of its own"] = """
            public static partial class Outer
            {
                private sealed partial record Own([Key("h")] int H);
                [Block<Own>] [Linear("only", nameof(Own.H))] private sealed partial class Inner;
                [Model<Own>("Hidden")] [Embedding("e", nameof(Own.H), nameof(Own.H)), Use<Inner>("i"), Output("o")] private sealed partial class Hidden;
            }
            """,
        ["inside a generic class"] = $$"""
            public partial class Outer<T> where T : class, new()
            {
                [Block<TinyConfig>] {{Linear}} public sealed partial class Inner;
                [Model<TinyConfig>("Deep")] [Embedding("e", nameof(TinyConfig.Vocab), nameof(TinyConfig.Hidden)), Output("o")] public sealed partial class Deep;
            }
            """,
        ["init, set and required properties"] = """
            public sealed partial record Own
            {
                [Key("h")] public required int H { get; init; }
                [Key("k")] public int K { get; set; } = 4;
                [Key("e")] public double E { get; init; } = System.Math.PI;
                [Preset("one")] public static Own One => new() { H = 4 };
            }
            [Block<Own>] [Linear("a", nameof(Own.H)), Linear("b", nameof(Own.K))] public sealed partial class Inner;
            [Model<Own>("Whole")] [Embedding("e", nameof(Own.H), nameof(Own.K)), Output("o")] public sealed partial class Whole;
            """,
        ["members named like fields"] = """
            [Block<TinyConfig>] [Linear("norm", nameof(TinyConfig.Hidden)), RmsNorm("scale"), Linear("out", 4)]
            public sealed partial class Layer
            {
                public int Norm => 1;
                private static int norm() => 2;
                private static int scale = norm();
                public static int Scale() => scale;
            }
            """,
        ["an input named like a field"] = """
            [Block<TinyConfig>, Input("norm", "b t d")] [Sum("x", "norm"), RmsNorm("norm")] public sealed partial class Layer;
            """,
        ["inputs named like parameters and keywords"] = """
            [Block<TinyConfig>, Input("config", "b t d"), Input("weights", "b t d"), Input("pass", "b t d"), Input("class", "b t d"), Input("a_b", "b t d"),
                Input("aB", "b t d")]
            [Sum("x", "config", "weights", "pass", "class", "a_b", "aB")]
            public sealed partial class Layer;
            [Model<TinyConfig>("Whole"), Input("pass", "b t"), Input("wanted", "b t"), Input("state", "b t"), Input("A", "b t"), Input("a", "b t")]
            [From("wanted"), Embedding("e", nameof(TinyConfig.Vocab), nameof(TinyConfig.Hidden)), Output("o")]
            public sealed partial class Whole;
            """,
        ["values named like keywords, numbers and phrases"] = """
            [Block<TinyConfig>]
            [From("x"), Linear("int", nameof(TinyConfig.Hidden)), As("return")]
            [Linear("for", nameof(TinyConfig.Hidden)), As("this"), As("unused")]
            [Sum("return", "this"), Linear("namespace", nameof(TinyConfig.Hidden)), As("a b")]
            [From("a b"), Linear("q", nameof(TinyConfig.Hidden)), As("1st")]
            [From("1st"), Linear("r", nameof(TinyConfig.Hidden)), As("über")]
            [From("über"), Linear("s", nameof(TinyConfig.Hidden))]
            public sealed partial class Layer;
            """,
        ["a sum of one"] = "[Block<TinyConfig>, Input(\"y\", \"b t d\")] [Sum(\"y\"), RmsNorm(\"norm\")] public sealed partial class Layer;",
        ["functions of classes in classes, with keywords and letters of any script"] = """
            [Block<TinyConfig>] [Linear("a", nameof(TinyConfig.Hidden)), Apply(nameof(Outer.Inner.Deep)), Apply(nameof(Outer.Plus)), Linear("b", 4)]
            public sealed partial class Layer;
            public static class Outer
            {
                [Pointwise] internal static double Plus(double @class) => @class + 1;
                public static class Inner { [Pointwise] internal static double Deep(in double größe) => 2 * größe; }
            }
            """,
        ["defaults and members that name things elsewhere"] = """
            public sealed partial record Own(
                [Key("h")] int H = Constants.Big, [Key("g")] int G = Constants.Big * 2, [Key("s")] string S = nameof(Own), [Key("m")] int M = int.MaxValue,
                [Key("p")] double P = double.NaN, [Key("d")] double D = default)
            {
                private const int Secret = 7;
                [Key("i")] public int I { get; init; } = Secret;
                [Key("act")] public Activation Act { get; init; } = Activation.Silu;
                public int Times => Secret * H;
                public int Twice => Two(H);
                public int Of(int layer) => Two(layer);
                private static int Two(int a) => 2 * a;
            }
            [Extend<Own>] public sealed partial record More([Key("y")] int Y = 3);
            [Extend<More>] public sealed partial record Most([Key("z")] int Z = 3);
            [Block<Own>] [Linear("a", nameof(Own.Times)), Linear("b", nameof(Own.Twice)), Linear("c", nameof(Own.Of))] public sealed partial class Layer;
            [Block<Most>] [Use<Layer>("layer"), Linear("d", nameof(Most.Twice))] public sealed partial class Last;
            internal static class Constants { internal const int Big = 64; }
            """,
        ["a member of the base declared anew as a derived one"] = """
            [Extend<TinyConfig>] public sealed partial record Own([Key("width")] int Hidden) { public int Heads => 4; }
            [Block<Own>] [Linear("a", nameof(Own.Vocab)), Use<Layer>("l")] public sealed partial class Last;
            [Block<TinyConfig>] [Linear("a", nameof(TinyConfig.Hidden))] public sealed partial class Layer;
            """,
    };

    /// <summary>What gets one diagnostic, where the marks stand.</summary>
    private static readonly Dictionary<string, string> Wrong = new()
    {
        ["DSL053 generic"] = $"[Block<TinyConfig>] {Linear} public sealed partial class [|Layer|]<T>;",
        ["DSL053 static"] = $"[Block<TinyConfig>] {Linear} public static partial class [|Layer|];",
        ["DSL053 a record"] = $"[Block<TinyConfig>] {Linear} public sealed partial record [|Layer|];",
        ["DSL053 of its file"] = $"[Block<TinyConfig>] {Linear} file sealed partial class [|Layer|];",
        ["DSL053 with a base"] = $"public class Base; [Block<TinyConfig>] {Linear} public sealed partial class [|Layer|] : Base;",
        ["DSL053 both"] = "[Block<TinyConfig>, Model<TinyConfig>(\"Q\")] [Linear(\"a\", 3)] public sealed partial class [|Layer|];",
        ["DSL053 in a class that is not partial"] = $"public class Outer {{ [Block<TinyConfig>] {Linear} public sealed partial class [|Layer|]; }}",
        ["DSL054 less visible"] = "internal sealed record Own([Key(\"h\")] int H); "
            + "[Block<[|Own|]>] [Linear(\"a\", nameof(Own.H))] public sealed partial class Layer;",
        ["DSL054 abstract"] = "public abstract record Own([Key(\"h\")] int H); "
            + "[Block<[|Own|]>] [Linear(\"a\", nameof(Own.H))] public sealed partial class Layer;",
        ["DSL054 derived in C#"] = "public record Base([Key(\"h\")] int H); public sealed record Own(int H, [Key(\"g\")] int G) : Base(H);\n"
            + "[Block<[|Own|]>] [Linear(\"a\", nameof(Own.G))] public sealed partial class Layer;",
        ["DSL054 generic"] = "public record Own<T>([Key(\"h\")] int H); [Block<[|Own<string>|]>] [Linear(\"a\", 3)] public sealed partial class Layer;",
        ["DSL054 extends itself"] = "[Extend<Own>] public sealed partial record Own([Key(\"h\")] int H); "
            + "[Block<[|Own|]>] [Linear(\"a\", 3)] public sealed partial class Layer;",
        ["DSL054 extends a class"] = "[Extend<string>] public sealed partial record Own([Key(\"h\")] int H); "
            + "[Block<[|Own|]>] [Linear(\"a\", 3)] public sealed partial class Layer;",
        ["DSL054 get alone"] = "public sealed record Own([Key(\"h\")] int H) { [Key(\"m\")] public int [|M|] { get; } }\n"
            + "[Block<Own>] [Linear(\"a\", 3)] public "
            + "sealed partial class Layer;",
        ["DSL054 a keyword"] = "public sealed record Own([Key(\"h\")] int [|@class|]); [Block<Own>] [Linear(\"a\", 3)] public sealed partial class Layer;",
        ["DSL054 a float"] = "public sealed record Own([Key(\"h\")] float [|H|]); [Block<Own>] [Linear(\"a\", 3)] public sealed partial class Layer;",
        ["DSL054 a list of truths"] = "public sealed record Own([Key(\"h\")] bool[] [|H|]); [Block<Own>] [Linear(\"a\", 3)] public sealed partial class Layer;",
        ["DSL054 a range of a text"] = "public sealed record Own([Key(\"h\"), Range(1)] string [|H|]); "
            + "[Block<Own>] [Linear(\"a\", 3)] public sealed partial class Layer;",
        ["DSL054 a range of nothing"] = "public sealed record Own([Key(\"h\"), Range(2, 1)] int [|H|]); "
            + "[Block<Own>] [Linear(\"a\", 3)] public sealed partial class Layer;",
        ["DSL054 another type"] = "[Extend<TinyConfig>] public sealed partial record Own([Key(\"eps\")] int [|Eps|]); "
            + "[Block<Own>] [Linear(\"a\", 3)] public sealed partial class Layer;",
        ["DSL055 a type"] = $"[Block<TinyConfig>] {Linear} public sealed partial class Layer {{ public class [|State|]; }}",
        ["DSL055 a field"] = $"[Block<TinyConfig>] {Linear} public sealed partial class Layer {{ internal int [|config|] = 3; }}",
        ["DSL007 a size that may be null"] = "public sealed record Own([Key(\"h\")] int? H); "
            + "[Block<Own>] [Linear(\"a\", [|nameof(Own.H)|])] public sealed partial class Layer;",
        ["DSL033 outputs"] = "[Model<TinyConfig>(\"M\")] "
            + "[Embedding(\"e\", nameof(TinyConfig.Vocab), nameof(TinyConfig.Hidden)), Output(\"my_out\"), Linear(\"l\", 4), "
            + "Output([|\"myOut\"|])] public sealed partial class Whole;",
        ["DSL043 two that step"] = "[Model<TinyConfig>(\"M\"), Input(\"a\", \"b t\", Steps = true), Input(\"b\", \"b t\", Steps = [|true|])]\n"
            + "[From(\"a\"), Embedding(\"e\", nameof(TinyConfig.Vocab), nameof(TinyConfig.Hidden)), Output(\"o\")] public sealed partial class Whole;",
        ["DSL043 nothing but optional"] = "[Model<TinyConfig>(\"M\"), Input(\"a\", \"b t\", Optional = [|true|])]\n"
            + "[Embedding(\"e\", nameof(TinyConfig.Vocab), nameof(TinyConfig.Hidden)), Output(\"o\")] public sealed partial class Whole;",
        ["DSL022 a value for a layer written by hand"] = "[Layer<TinyConfig>] public sealed class Twice : IOwnLayer<Twice, TinyConfig>\n"
            + "{ public static Twice Create(TinyConfig config, Weights weights, long width) => new(); "
            + "public TorchSharp.torch.Tensor Forward(TorchSharp.torch.Tensor x, Pass pass) => x * 2; }\n"
            + "[Block<TinyConfig>] [As(\"a\"), Use<Twice>(\"t\", With = [|\"memory=a\"|])] public sealed partial class Layer;",
        ["DSL013 an activation of ids"] = Drawn + "Sample, [|Activate(Activation.Silu)|], Output(\"o\")] public sealed partial class Whole;",
        ["DSL013 channels of ids"] = Drawn + "Sample, [|Rearrange(\"b t -> b t 1\")|], Output(\"o\")] public sealed partial class Whole;",
        ["DSL013 a sum of ids"] = Drawn + "Sample, As(\"i\"), Sum([|\"i\"|], \"i\"), Output(\"o\")] public sealed partial class Whole;",
        ["DSL013 a draw of heads"] = Drawn + "Rearrange(\"b t (h d) -> b t h d\", \"h\", 1), [|Sample|], Output(\"o\")] public sealed partial class Whole;",
        ["DSL013 a table of numbers"] = Drawn + "Linear(\"l\", 1), Rearrange(\"b t 1 -> b t\"), [|Embedding(\"f\", 3, 3)|], Output(\"o\")] public "
            + "sealed partial class Whole;",
        ["DSL013 dropped ids"] = "[Model<TinyConfig>(\"M\")] [[|Dropout(0.5)|], Embedding(\"e\", nameof(TinyConfig.Vocab), 4), Output(\"o\")] "
            + "public sealed partial class Whole;",
        ["DSL013 ids where a block reads numbers"] = $"[Block<TinyConfig>] {Linear} public sealed partial class Layer;\n"
            + "[Model<TinyConfig>(\"M\")] [[|Use<Layer>(\"l\")|], Output(\"o\")] public sealed partial class Whole;",
        ["DSL043 an output under a condition"] = "public sealed record Own([Key(\"h\")] int H, [Key(\"f\")] bool F); [Block<Own>] [When(nameof(Own.F)), "
            + "Linear(\"l\", nameof(Own.H)), [|Output(\"o\")|]] [Linear(\"m\", nameof(Own.H))] public sealed partial class Layer;",
        ["DSL043 an output of layers"] = "[Block<TinyConfig>] [Linear(\"l\", 4), Output(\"o\"), Linear(\"m\")] public sealed partial class Layer;\n"
            + "[Block<TinyConfig>] [[|Repeat<Layer>(\"l\", 2)|]] public sealed partial class Layers;",
        ["DSL005 an output twice"] = "[Block<TinyConfig>] [Linear(\"l\", 4), Output(\"o\"), Linear(\"m\")] public sealed partial class Layer;\n"
            + "[Block<TinyConfig>] [Use<Layer>(\"l\"), [|Use<Layer>(\"m\")|], Linear(\"e\", 3)] public sealed partial class Layers;",
        ["DSL066 no interface"] = "[Layer<TinyConfig>] public sealed class Own; "
            + "[Block<TinyConfig>] [[|Use<Own>(\"t\")|]] public sealed partial class Layer;",
        ["DSL066 an input under another name"] = Own("Input(\"gate\", \"b t d\")", "TorchSharp.torch.Tensor door, ", "IBuiltLayer")
            + "[Block<TinyConfig>] [As(\"gate\"), [|Use<Own>(\"t\")|]] public sealed partial class Layer;",
        ["DSL066 a result along nothing"] = Own("Axis(\"d\", 3)", "", "IOwnLayer", "(Gives = \"b s d\")")
            + "[Block<TinyConfig>] [[|Use<Own>(\"t\")|]] public sealed partial class Layer;",
        ["DSL066 a word of a model"] = Own("Input(\"gate\", \"b t d\", Steps = true)", "TorchSharp.torch.Tensor gate, ", "IBuiltLayer")
            + "[Block<TinyConfig>] [As(\"gate\"), [|Use<Own>(\"t\")|]] public sealed partial class Layer;",
        ["DSL045 a value that a layer written by hand reads"] = Own("Input(\"gate\", \"b t d\")", "TorchSharp.torch.Tensor gate, ", "IBuiltLayer")
            + "[Block<TinyConfig>] [[|Use<Own>(\"t\")|]] public sealed partial class Layer;",
        ["DSL009 a width that a layer written by hand has otherwise"] = Own("Input(\"x\", \"b t d\"), Axis(\"d\", 3)", "", "IOwnLayer")
            + "[Block<TinyConfig>] [Linear(\"l\", 4), [|Use<Own>(\"t\")|]] public sealed partial class Layer;",
        ["DSL005 its own mask"] = "[Model<TinyConfig>(\"M\"), Input(\"a\", \"b t\", Mask = [|\"a\"|])]\n"
            + "[Embedding(\"e\", nameof(TinyConfig.Vocab), nameof(TinyConfig.Hidden)), Output(\"o\")] public sealed partial class Whole;",
    };

    public static TheoryData<string> Rights => [.. Right.Keys];

    public static TheoryData<string> Wrongs => [.. Wrong.Keys];

    [Theory]
    [MemberData(nameof(Rights))]
    public async Task Compiles(string name)
    {
        var run = Compiling.Start(Compiling.Create([Declared.In("User", Declared.Config, Right[name])]));
        run.AssertCompiles();
        Assert.Empty(await Analysing.Of(run.Compilation));
        Assert.Equal(
            Right[name].Split(["[Block<", "[Model<"], StringSplitOptions.None).Length - 1,
            run.Texts.Keys.Count(k => !k.EndsWith("Json.g.cs", StringComparison.Ordinal) && k != "DslModels.g.cs"));
    }

    [Theory]
    [MemberData(nameof(Wrongs))]
    public async Task Is_told_at_the_token(string name)
    {
        var file = Declared.In("User", Declared.Config, Wrong[name]);
        var (source, marks) = Analysing.Read(file.Text);
        var run = Compiling.Start(Compiling.Create([file with { Text = source }]));
        var found = Assert.Single(await Analysing.Of(run.Compilation));
        Assert.Equal(name[..6], found.Id);
        Assert.Equal(marks.Single(), found.Location.SourceSpan);
        AssertNoneInGenerated(run);
    }

    [Fact]
    public void Keywords_as_names_of_namespaces_and_classes()
    {
        string Named(string text) =>
            text.Replace("TinyBlock", "@struct", StringComparison.Ordinal).Replace("class Tiny", "class @event", StringComparison.Ordinal);
        var run = Compiling.Start(Compiling.Create(
            [Declared.In("User.@namespace.@if", Declared.Config, Named(Declared.Block), Named(Declared.Model)), Declared.All("Ümläut.模型")]));
        run.AssertCompiles();
        Assert.Contains("User.namespace.if.struct.g.cs", run.Texts.Keys);
    }

    [Fact]
    public void A_project_without_nullable()
    {
        var config = Declared.Config.Replace(
            "[Key(\"eps\")]", "[Key(\"s\")] string S = null, [Key(\"l\")] int[] L = null, [Key(\"eps\")]", StringComparison.Ordinal);
        var strict = Compiling.Create([Declared.In("User", config, Declared.Block, Declared.Model)]);
        var run = Compiling.Start(strict.WithOptions(strict.Options.WithNullableContextOptions(NullableContextOptions.Disable)));
        run.AssertCompiles();
        Assert.Contains("reader.OptionalString([\"s\"])", run.Text("TinyConfigJson.g.cs"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_project_of_an_older_language()
    {
        var file = Declared.In("User", Declared.Config, Declared.Lonely.Replace("class Lonely;", "class Lonely { }", StringComparison.Ordinal));
        var older = Compiling.Parsing.WithLanguageVersion(LanguageVersion.CSharp11);
        var run = GeneratedRun.Of(
            CSharpGeneratorDriver.Create(
                [new ModelGenerator().AsSourceGenerator()],
                parseOptions: older,
                driverOptions: new GeneratorDriverOptions(IncrementalGeneratorOutputKind.None, trackIncrementalGeneratorSteps: true)),
            CSharpCompilation.Create("User", [CSharpSyntaxTree.ParseText(file.Text, older, file.Path)], Compiling.References, Compiling.Strict));
        var found = Assert.Single(await Analysing.Of(run.Compilation));
        Assert.Equal("The code of 'Lonely' cannot be written: it is written in C# 12.0, and the project says 11.0", found.GetMessage(null));
        Assert.Empty(run.Texts);
    }

    [Fact]
    public async Task A_config_of_an_assembly_without_declarations()
    {
        var library = Compiling.Start(Compiling.Create([Declared.In("Library", Declared.Config)], name: "Library"));
        var run = Compiling.Start(Compiling.Create(
            [Declared.In("User", "[Block<Library.TinyConfig>] [Linear(\"a\", 3)] public sealed partial class Layer;")],
            [MetadataReference.CreateFromImage(library.Emit())]));
        var found = Assert.Single(await Analysing.Of(run.Compilation));
        Assert.Equal(("DSL054", "Library.TinyConfig"), (found.Id, found.Location.SourceTree!.GetText().ToString(found.Location.SourceSpan)));
        AssertNoneInGenerated(run);
    }

    private static void AssertNoneInGenerated(GeneratedRun run) =>
        Assert.DoesNotContain(run.Errors(), e => e.Location.SourceTree?.FilePath.EndsWith(".g.cs", StringComparison.Ordinal) == true);
}
