using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading.Tasks;
using Dsl.Generators.Checking;
using Dsl.Generators.Model;
using Dsl.Generators.Tests.Diagnostics;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Xunit;

namespace Dsl.Generators.Tests.Declarations;

/// <summary>Declarations without end, bound or sense: each is told of at its token, nothing else is lost with it, and the compiler does bounded work.</summary>
public sealed class StressTests
{
    private const string Fine = """

        [Block<C>]
        [Linear("map", nameof(C.Hidden))]
        public sealed partial class Fine;

        """;

    /// <summary>Declarations, what is told of them, and classes that get no code.</summary>
    public static IEnumerable<object[]> Refused()
    {
        yield return Case("two blocks in each other", "DSL029", "A B OfThem", """
            [Block<C>] [Linear("m", nameof(C.Hidden)), [|Use<B>("b")|]] public sealed partial class A;
            [Block<C>] [Linear("m", nameof(C.Hidden)), [|Use<A>("a")|]] public sealed partial class B;
            [Block<C>] [Use<A>("a")] public sealed partial class OfThem;
            """);
        yield return Case("blocks in a cycle through a choice, a repeat and a base", "DSL029", "A B D E OfThem", """
            [Block<C>] [[|Repeat<B>("b", 2)|], Use<Fine>("f")] public sealed partial class A;
            [Block<C>] [Residual, Linear("m", nameof(C.Hidden)), [|Use<D>("d")|]] public sealed partial class B;
            [Block<C>, [|Derive<E>|]] public sealed partial class D;
            [Block<C>] [Use<Fine>("f"), Use<A>("a")] public sealed partial class E;
            [Model<C>("M")] [Embedding("e", nameof(C.Vocab), nameof(C.Hidden)), Repeat<A>("a", 2), Output("h")] public sealed partial class OfThem;
            """);
        yield return Case("a cycle of 100", "DSL029", "B0 B50 B99", Lines(100, i =>
            $"[Block<C>] [Linear(\"m\", nameof(C.Hidden)), [|Use<B{(i + 1) % 100}>(\"b\")|]] public sealed partial class B{i};"));
        yield return Case("a chain of 70", "DSL061", "B0 B5 B6", Lines(70, i =>
            $"[Block<C>] [Linear(\"m\", nameof(C.Hidden)), {(i == 6 ? "[|" : "")}Use<B{i + 1}>(\"b\"){(i == 6 ? "|]" : "")}] public sealed partial class B{i};")
            + "[Block<C>] [Linear(\"m\", nameof(C.Hidden))] public sealed partial class B70;");
        yield return Case("derivations in a cycle", "DSL060", "A B D OfThem", """
            [Block<C>, [|Derive<A>|]] public sealed partial class A;
            [Block<C>, [|Derive<D>|]] public sealed partial class B;
            [Block<C>, [|Derive<B>|]] public sealed partial class D;
            [Block<C>, [|Derive<B>|]] public sealed partial class OfThem;
            """);
        yield return Case("derivations 40 deep", "DSL061", "B0 B6 B7", Lines(40, i =>
            $"[Block<C>, {(i < 8 ? "[|" : "")}Derive<B{i + 1}>{(i < 8 ? "|]" : "")}] [Linear(\"m{i}\", nameof(C.Hidden))] public sealed partial class B{i};")
            + "[Block<C>] [Linear(\"m\", nameof(C.Hidden))] public sealed partial class B40;");
        yield return Case("brackets without bound", "DSL061", "A",
            $"[Block<C>]\n{Lines(1030, i => i == 1024 ? "[[|Linear(\"m\", 8)|]]" : $"[Linear(\"m{i}\", 8)]")}public sealed partial class A;");
        yield return Case("a block called as the reader of its config", "DSL054", "CfgJson", """
            public sealed partial record Cfg([Key("d")] int D);
            [Block<[|Cfg|]>] [Linear("m", nameof(Cfg.D))] public sealed partial class CfgJson;
            """);
        yield return Case("a type called as the reader of a config", "DSL054", "A", """
            public sealed partial record Cfg([Key("d")] int D);
            public static class CfgJson;
            [Block<[|Cfg|]>] [Linear("m", nameof(Cfg.D))] public sealed partial class A;
            """);
        yield return Case("a config member that nothing can read", "DSL054", "A", """
            public sealed partial record Cfg([Key("d")] int D) { [Obsolete("use D", true), Key("old")] public int [|Old|] { get; init; } = 1; }
            [Block<Cfg>] [Linear("m", nameof(Cfg.D))] public sealed partial class A;
            """);
        yield return Case("a primary constructor", "DSL053", "A", """
            [Block<C>] [Linear("m", nameof(C.Hidden))] public sealed partial class [|A|](int x) { public int X => x; }
            """);
        yield return Case("the constructors that are written", "DSL055", "A M", """
            [Block<C>] [Linear("m", nameof(C.Hidden))]
            public sealed partial class A { public [|A|](C config, Weights weights, long width) : base("", weights) { } }
            [Model<C>("M")] [Embedding("e", nameof(C.Vocab), nameof(C.Hidden)), Output("h")]
            public sealed partial class M { public [|M|](C config, Weights weights) : base("M", weights) { } }
            """);
        yield return Case("a preset's sizes beyond an int", "DSL061", "A", """
            public sealed partial record Cfg([Key("h")] int Hidden)
            {
                public int Wide => Hidden * 65536;
                [Preset("p")] public static Cfg [|P|] => new(65536);
            }
            [Block<Cfg>] [Linear("m", nameof(Cfg.Wide)), Linear("n", nameof(Cfg.Hidden))] public sealed partial class A;
            """);
        yield return Case("sizes beyond an int", "DSL036", "A B D", """
            [Block<C>, Input("y", "b t c d"), Axis("c", 100000), Axis("d", 100000)] [From("y"), [|Merge|], Linear("m", 4)] public sealed partial class A;
            [Block<C>]
            [From("x"), Linear("p", 2147483647), As("p")]
            [From("x"), Linear("q", 2147483647), As("q")]
            [[|Concat("p", "q")|], Linear("m", 4)]
            public sealed partial class B;
            [Block<C>] [Linear("m", [|3000000000|])] public sealed partial class D;
            """);
        foreach (var (name, head, body, use) in Forms)
        {
            foreach (var terms in name == "Pointwise" ? new[] { 500, 5000 } : [500])
            {
                var sum = string.Join(" + ", Enumerable.Range(1, terms).Select(i => $"x * {i}.5"));
                var whole = name == "Mask" ? body.Replace("@ > key", $"[|{sum} > key|]", StringComparison.Ordinal) : body.Replace("@", $"[|{sum}|]", StringComparison.Ordinal);
                yield return Case($"{name}: a sum of {terms} terms", "DSL039", name == "Mask" ? "" : "A", Declared(use, $"{head} {{ {whole} }}"));
            }

            yield return Case($"{name}: twenty helpers that double", "DSL039", name == "Mask" ? "" : "A", Declared(use,
                $"{head} {{ {body.Replace("@", "H20(x)", StringComparison.Ordinal)} }}\nstatic double H0(double x) => x * 1.5;\n"
                + Lines(20, i => $"static double H{i + 1}(double x) => {(i == 8 ? "[|" : "")}H{i}(x + 1){(i == 8 ? "|]" : "")} * H{i}(x - 1);")));
            yield return Case($"{name}: returns that double", "DSL039", name == "Mask" ? "" : "A", Declared(use,
                $"{head} {{ {body.Replace("@", "H(x)", StringComparison.Ordinal)} }}\nstatic double [|H|](double x) {{ "
                + Lines(40, i => $"if (x > {i}) {{ if (x > {i}.5) return {i}; }}") + " return x; }"));
        }

        yield return Case("helpers that nest", "DSL039", "A", Declared("Apply(nameof(F))", "[Pointwise] static double F(double x) => H40(x);\n"
            + "static double H0(double x) => x;\n" + Lines(40, i =>
                $"static double H{i + 1}(double x) => {new string('(', 30)}{(i == 12 ? "[|" : "")}H{i}(x){(i == 12 ? "|]" : "")}{string.Concat(Enumerable.Repeat(" + 1)", 30))};")));
        yield return Case("blocks of statements that nest", "DSL039", "A", Declared("Apply(nameof(F))",
            "[Pointwise] static double F(double x) { double y = 0; " + Lines(400, i => $"if (x > {i}) {(i == 59 ? "[|" : "")}y = {i};{(i == 59 ? "|]" : "")} else")
            + " y = x; return y; }"));
    }

    private static readonly (string Name, string Head, string Body, string Use)[] Forms =
    [
        ("Pointwise", "[Pointwise] static double F(double x)", "return @;", "Apply(nameof(F))"),
        ("Recurrence", "[Recurrence(\"b t d\", State = \"b d\")] static double F(ref double s, double x)", "s = x; return @;", "Apply(nameof(F))"),
        ("Score", "[Score] static double F(double score, int query, int key)", "double x = score; return @;", "Attention(\"{q,k,v,o}\", Score = nameof(F))"),
        ("Mask", "[Mask] static bool F(int query, int key)", "double x = query; return @ > key;", "Attention(\"{q,k,v,o}\", Mask = nameof(F))"),
    ];

    [Theory]
    [MemberData(nameof(Refused))]
    public async Task Is_told_at_its_token_and_costs_nothing_else(string what, string id, string without, string marked)
    {
        Assert.NotEmpty(what);
        var (source, marks) = Analysing.Read(Analysing.Prelude + marked + Fine);
        var compilation = Compiling.Create([source]);
        var found = (await Analysing.Of(compilation)).Where(d => d.Id.StartsWith("DSL", StringComparison.Ordinal)).ToList();
        Assert.All(found, d => Assert.Equal(id, d.Id));
        Assert.Equal(marks.OrderBy(m => m.Start), found.Select(d => d.Location.SourceSpan).Distinct().OrderBy(m => m.Start));
        var run = Compiling.Start(compilation);
        Assert.Contains("User.Fine.g.cs", run.Texts.Keys);
        Assert.All(without.Split(' ', StringSplitOptions.RemoveEmptyEntries), name => Assert.DoesNotContain($"User.{name}.g.cs", run.Texts.Keys));
        Assert.Empty(run.Errors().Where(e => e.Location.SourceTree!.FilePath.EndsWith(".g.cs", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("[Mask] static bool F(ref int query, int key) => query > key;")]
    [InlineData("[Mask] static bool F(ref readonly int query, int key) => query > key;")]
    [InlineData("[Mask] static bool F(int query, out int key) { key = 0; return query > key; }")]
    [InlineData("[Mask] static bool F(int query, int key, ref double x) => query > key;")]
    [InlineData("[Mask] static bool F(int query, double key) => query > key;")]
    [InlineData("[Mask] static bool F(int query, int key, System.ReadOnlySpan<double> all) => query > key;")]
    public async Task A_mask_has_plain_arguments(string mask)
    {
        var (source, marks) = Analysing.Read(Analysing.Prelude + Declared("Attention(\"{q,k,v,o}\", Mask = [|nameof(F)|])", mask));
        var found = await Analysing.Of(source);
        Assert.Contains(found, d => d.Id == "DSL019" && d.Location.SourceSpan == marks.Single());
        Assert.DoesNotContain("User.A.g.cs", Compiling.Start(Compiling.Create([source])).Texts.Keys);
    }

    [Fact]
    public void A_block_on_two_parts_of_a_class_is_written_once()
    {
        var run = Compiling.Start(Compiling.Create([Analysing.Prelude + """
            [Block<C>] [Linear("m", nameof(C.Hidden))] public sealed partial class A;
            [Block<C>] public sealed partial class A { }
            """ + Fine]));
        Assert.Contains("User.A.g.cs", run.Texts.Keys);
        Assert.Contains("User.Fine.g.cs", run.Texts.Keys);
        Assert.All(run.Errors(), e => Assert.Equal("CS0579", e.Id));
    }

    [Theory]
    [InlineData("using Piece = Dsl.BlockAttribute<User.Config>;", "", "[Piece]")]
    [InlineData("using PieceAttribute = Dsl.BlockAttribute<User.Config>;", "", "[Piece]")]
    [InlineData("", "global using Piece = Dsl.BlockAttribute<User.Config>;", "[Piece]")]
    [InlineData("", "", "[global::Dsl.BlockAttribute<C>]")]
    [InlineData("using Ours = Dsl;", "", "[Ours::Block<C>]")]
    public void A_declaration_is_known_by_its_attribute_however_that_is_spelt(string use, string global, string head)
    {
        var file = Analysing.Prelude.Replace("using C = ", use + "\nusing M = Dsl.LinearAttribute;\nusing C = ", StringComparison.Ordinal) + head + """

            [M("map", nameof(C.Hidden))]
            public sealed partial class Spelt;

            internal static class User_ { internal static object Make(C c, Weights w) => new Spelt(c, w, 4L); }
            """;
        var run = Compiling.Generate(Compiling.Create([file, new SourceFile("Global.cs", global)]));
        Assert.Contains("User.Spelt.g.cs", run.Texts.Keys);
        run.AssertCompiles();
    }

    [Fact]
    public void What_users_silence_is_silent_in_generated_code() =>
        Compiling.Start(Compiling.Create([Analysing.Prelude + """
            #pragma warning disable CS0612, CS0618, CS8981, OWN1, OWN2, OWN3
            public sealed partial record small([Key("v")] int V)
            {
                [Obsolete("use V"), Key("old")] public int Old { get; init; } = 8;

                [Obsolete, Key("older")] public int Older { get; init; } = 8;

                [Obsolete("use V", DiagnosticId = "OWN1"), Key("oldest")] public int Oldest { get; init; } = 8;
            }

            [Obsolete("gone soon"), Block<small>]
            [Linear("a", nameof(small.Old)), Linear("b", nameof(small.Older)), Linear("c", nameof(small.Oldest))]
            public sealed partial class lower;

            [System.Diagnostics.CodeAnalysis.Experimental("OWN2"), Block<small>]
            [Use<lower>("a"), Apply(nameof(Old))]
            public sealed partial class Tried { [Obsolete("", DiagnosticId = "OWN3"), Pointwise] static double Old(double x) => x + 1; }

            [Obsolete("gone soon", DiagnosticId = "OWN1"), Model<small>("M")]
            [Embedding("e", nameof(small.V), nameof(small.V)), Use<Tried>("t"), Output("h")]
            public sealed partial class Gone;
            """])).AssertCompiles();

    [Fact]
    public async Task A_defect_of_the_compiler_costs_one_declaration()
    {
        var source = Analysing.Prelude + """
            [Block<C>] [Fails] public sealed partial class A;
            [Block<C>] [Use<A>("a")] public sealed partial class OfIt;
            """ + Fine + "}\nnamespace Dsl { [AttributeUsage(AttributeTargets.Class)] public sealed class FailsAttribute : Attribute; }";
        source = source.Replace("namespace User;", "namespace User {", StringComparison.Ordinal);
        var compilation = Compiling.Create([source]);
        var pipeline = new Generators.Pipeline(Parts.Core.Language.With(new FailingPart()));
        var driver = CSharpGeneratorDriver.Create([new ModelGenerator(pipeline).AsSourceGenerator()], parseOptions: Compiling.Parsing);
        var result = driver.RunGenerators(compilation).GetRunResult().Results.Single();
        Assert.Null(result.Exception);
        Assert.Equal(
            ["DslModels.g.cs", "User.ConfigJson.g.cs", "User.Fine.g.cs"],
            result.GeneratedSources.Select(s => s.HintName).Order(StringComparer.Ordinal));
        Assert.Equal(2, result.Diagnostics.Count(d => d.Id == "DSL999"));
        Assert.All(result.Diagnostics, d => Assert.Contains("out of order", d.GetMessage(null), StringComparison.Ordinal));

        var analysis = new Microsoft.CodeAnalysis.Diagnostics.CompilationWithAnalyzersOptions(
            new Microsoft.CodeAnalysis.Diagnostics.AnalyzerOptions([]), onAnalyzerException: null, concurrentAnalysis: false, logAnalyzerExecutionTime: false);
        var found = await new Microsoft.CodeAnalysis.Diagnostics.CompilationWithAnalyzers(
            compilation, [new Generators.Diagnostics.DeclarationAnalyzer(pipeline)], analysis).GetAnalyzerDiagnosticsAsync();
        Assert.Equal(["A", "OfIt"], found.Select(d => source.Substring(d.Location.SourceSpan.Start, d.Location.SourceSpan.Length)).Order(StringComparer.Ordinal));
        Assert.All(found, d => Assert.Equal("DSL999", d.Id));
    }

    [Fact]
    public void Files_of_one_name_are_told_apart()
    {
        var names = HintNames.Of(["global::A.CfgJson", "global::a.cfgjson", "global::DslModels"], ["global::A.Cfg", "global::B.Cfg"]);
        string[] files =
        [
            HintNames.Registry, names.Declaration("global::A.CfgJson"), names.Declaration("global::a.cfgjson"), names.Declaration("global::DslModels"),
            names.Config("global::A.Cfg"), names.Config("global::B.Cfg"),
        ];
        Assert.Equal(files.Length, files.Distinct(StringComparer.OrdinalIgnoreCase).Count());
        Assert.Equal("A.CfgJson.g.cs", names.Declaration("global::A.CfgJson"));
        Assert.Equal("B.CfgJson.g.cs", names.Config("global::B.Cfg"));
    }

    /// <summary>At the bound itself there is code, and it compiles.</summary>
    [Fact]
    public void What_is_just_within_bounds_compiles()
    {
        var locals = string.Concat(Enumerable.Range(1, 250).Select(i => $"double a{i} = a{i - 1} * 1.5 + x; "));
        var sum = string.Join(" + ", Enumerable.Range(1, 120).Select(i => $"x * {i}.5"));
        Compiling.Start(Compiling.Create([Analysing.Prelude
            + Lines(63, i => $"[Block<C>] [Linear(\"m\", nameof(C.Hidden)), Use<B{i + 1}>(\"b\")] public sealed partial class B{i};")
            + "[Block<C>] [Linear(\"m\", nameof(C.Hidden))] public sealed partial class B63;"
            + Declared("Apply(nameof(F)), Apply(nameof(G)), Apply(nameof(H))", $$"""
                [Pointwise] static double F(double x) { double a0 = x; {{locals}} return a250; }
                [Recurrence("b t d", State = "b d")] static double G(ref double s, double x) { double a0 = s; {{locals}} s = a250; return s; }
                [Recurrence("b t d", State = "b d")] static double H(ref double s, double x) { s = 0.5 * s + {{sum}}; return s; }
                """)])).AssertCompiles();
    }

    private static string Declared(string use, string members) =>
        $"[Block<C>]\n[Linear(\"map\", nameof(C.Hidden)), {use}]\npublic sealed partial class A\n{{\n{members}\n}}\n";

    private static object[] Case(string what, string id, string without, string marked) => [what, id, without, marked];

    private static string Lines(int count, Func<int, string> line) => string.Concat(Enumerable.Range(0, count).Select(i => line(i) + "\n"));

    /// <summary>A part with a defect.</summary>
    private sealed class FailingPart : Part
    {
        public override IReadOnlyList<Word> Words { get; } = [new("Fails")];

        public override void Check(PartSpec part, Elaborator at) => throw new InvalidOperationException("out of order");
    }
}
