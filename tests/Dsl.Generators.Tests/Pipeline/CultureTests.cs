using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using Dsl.Generators.Tests.Diagnostics;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Xunit;

namespace Dsl.Generators.Tests.Pipeline;

/// <summary>What is written is the same wherever the compiler runs.</summary>
public sealed class CultureTests
{
    private const string Numbers = Analysing.Prelude + """
        public sealed partial record Own([Key("d")] int D, [Key("eps")] double Eps = 1e-7, [Key("id")] int Id = -1)
        {
            public int Half => D / 2 - 1;

            [Preset("small")] public static Own Small => new(8) { Id = -3 };
        }

        [Block<Own>, Defaults(Eps = nameof(Own.Eps))]
        [LayerNorm("norm"), Linear("map", nameof(Own.D)), Apply(nameof(Shifted)), Slice(-2, 1)]
        public sealed partial class OfOwn { [Pointwise] static double Shifted(double x) => -1.5 * x + (-3); }

        [Block<C>]
        [From("x"), LayerNorm("norm", Eps = 0.25), Attention("{q,k,v,o}", Mask = nameof(Near), Score = nameof(Bent)), Apply(nameof(Kept))]
        public sealed partial class Layer
        {
            [Mask] static bool Near(int query, int key) => query - key < 100000 && key - query > -7;

            [Score] static double Bent(double score, int query, int key) => score - 0.125 * Math.Abs(query - key) + -1e-9;

            [Recurrence("b t d", State = "b d")]
            static double Kept(ref double s, double x) => s = -0.5 * s + 1.25e10 * x;
        }

        [Model<C>("Iris"), Defaults(Deviation = 0.0625)]
        [Embedding("I", nameof(C.Vocab), nameof(C.Hidden)), Repeat<Layer>("layers.{layer}", 12), Head("i", TiedTo = "I"), Output("logits_I")]
        public sealed partial class Iris;
        """;

    public static IEnumerable<object[]> Cultures => [["sv-SE"], ["nb-NO"], ["fi-FI"], ["sl-SI"], ["fa-IR"], ["ar-SA"], ["tr-TR"], ["de-DE"], ["hi-IN"]];

    [Theory]
    [MemberData(nameof(Cultures))]
    public void The_same_is_written_under(string name)
    {
        var usual = Written();
        var before = CultureInfo.CurrentCulture;
        try
        {
            CultureInfo.CurrentCulture = Like(name);
            Assert.Equal(usual, Written());
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }

        SortedDictionary<string, string> Written()
        {
            var run = Compiling.Start(Compiling.Create([Numbers]));
            Assert.Contains("User.Iris.g.cs", run.Texts.Keys);
            Assert.Contains("User.OwnJson.g.cs", run.Texts.Keys);
            var problems = string.Join("\n", Analysing.Of(Numbers).GetAwaiter().GetResult());
            return new(run.Texts) { ["problems"] = problems };
        }
    }

    /// <summary>
    /// Everything runs under <see cref="Invariant.Run"/>. That no number with a point needs it to is held here, and of calls by the banned symbols; whole
    /// numbers in texts are indices, which no culture writes otherwise.
    /// </summary>
    [Fact]
    public void No_text_of_the_compiler_takes_a_number_with_a_point()
    {
        var folder = Path.Combine(Compiling.Repository, "src", "Dsl.Generators");
        var files = Directory.GetFiles(folder, "*.cs", SearchOption.AllDirectories)
            .Where(f => !Path.GetRelativePath(folder, f).Split(Path.DirectorySeparatorChar).Any(p => p is "obj" or "bin"))
            .Select(f => CSharpSyntaxTree.ParseText(File.ReadAllText(f), new CSharpParseOptions(LanguageVersion.Preview), f));
        var roslyn = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Where(p => Path.GetFileName(p).StartsWith("Microsoft.CodeAnalysis", StringComparison.Ordinal)).Select(p => MetadataReference.CreateFromFile(p));
        var compiler = CSharpCompilation.Create("Compiler", files, Compiling.References.Concat(roslyn), Compiling.Strict);
        var wrong =
            from tree in compiler.SyntaxTrees
            let model = compiler.GetSemanticModel(tree)
            from part in tree.GetRoot().DescendantNodes()
            let number = part switch
            {
                InterpolationSyntax hole => hole.Expression,
                BinaryExpressionSyntax plus when plus.IsKind(SyntaxKind.AddExpression)
                    && model.GetTypeInfo(plus).Type?.SpecialType == SpecialType.System_String => IsNumber(model, plus.Left) ? plus.Left : plus.Right,
                _ => null,
            }
            where number is not null && IsNumber(model, number)
            select $"{Path.GetFileName(tree.FilePath)}({tree.GetLineSpan(part.Span).StartLinePosition.Line + 1}): {part}";
        var all = wrong.ToList();
        Assert.True(all.Count == 0, string.Join("\n", all));
    }

    private static bool IsNumber(SemanticModel model, ExpressionSyntax expression) =>
        model.GetConstantValue(expression) is { HasValue: false } && model.GetTypeInfo(expression).Type is { } type
        && (type.OriginalDefinition.SpecialType == SpecialType.System_Nullable_T ? ((INamedTypeSymbol)type).TypeArguments[0] : type).SpecialType
            is SpecialType.System_Single or SpecialType.System_Double or SpecialType.System_Decimal;

    /// <summary>The culture as the machine knows it; where it knows none, its signs: tests may run without data of cultures.</summary>
    private static CultureInfo Like(string name)
    {
        if (!AppContext.TryGetSwitch("System.Globalization.Invariant", out var invariant) || !invariant)
        {
            return CultureInfo.GetCultureInfo(name);
        }

        var culture = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        (culture.NumberFormat.NegativeSign, culture.NumberFormat.NumberDecimalSeparator) = name switch
        {
            "sv-SE" or "nb-NO" or "fi-FI" or "sl-SI" => ("\u2212", ","),
            "fa-IR" => ("\u200e\u2212", "\u066b"),
            "ar-SA" => ("\u061c-", "\u066b"),
            _ => ("-", ","),
        };
        return culture;
    }
}
