using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.IO;
using System.Linq;
using System.Reflection;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Text;

namespace Benchmarks;

/// <summary>What a letter typed in an editor costs: the generator's driver over the whole zoo, which runs again after each edit.</summary>
internal sealed class Keystroke : IBenchmark
{
    public string Name => "generator";

    public string Help => "generator time after a letter typed in a method body, with the whole zoo in the compilation";

    public IReadOnlyList<Result> Run(Machine machine, Effort effort)
    {
        var options = new CSharpParseOptions(LanguageVersion.Preview);
        var trees = Sources().Select(path => CSharpSyntaxTree.ParseText(SourceText.From(File.ReadAllText(path)), options, path)).ToArray();
        var compilation = CSharpCompilation.Create(
            "Zoo",
            trees,
            References(),
            new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, nullableContextOptions: NullableContextOptions.Enable));
        GeneratorDriver fresh = CSharpGeneratorDriver.Create([.. Generators().Select(g => g.AsSourceGenerator())], parseOptions: options);
        var warm = fresh.RunGenerators(compilation);
        int generated = warm.GetRunResult().GeneratedTrees.Length;
        if (generated == 0)
        {
            throw new InvalidOperationException("The generator made nothing of the zoo's sources: there is nothing to measure.");
        }

        var declares = trees.Where(IsDeclaration).ToArray();
        return
        [
            Measure($"letter in a method, {generated} generated files", trees.Except(declares)),
            Measure("letter in a method beside a declaration", declares),
        ];

        // Each run starts from the same warm driver and meets a compilation it has not seen; the baseline generates everything anew.
        Result Measure(string name, IEnumerable<SyntaxTree> among)
        {
            var tree = among.First(t => BodyOf(t) is not null);
            int typed = 0;
            CSharpCompilation edited = compilation;
            void Type() => edited = compilation.ReplaceSyntaxTree(tree, WithLetter(tree, 'a', ++typed));
            double[] ms = Timing.Interleaved(effort.Medium, (Type, () => warm.RunGenerators(edited)), (Type, () => fresh.RunGenerators(edited)));
            return new Result(name, ms[0], ms[1]);
        }
    }

    public double PeakOf(string @case, bool ours) => throw new NotSupportedException("The generator's memory is not measured.");

    private static bool IsDeclaration(SyntaxTree tree) =>
        tree.GetRoot().DescendantNodes().OfType<AttributeSyntax>().Any(a => a.Name is GenericNameSyntax { Identifier.ValueText: "Model" or "Block" });

    private static BlockSyntax? BodyOf(SyntaxTree tree) =>
        tree.GetRoot()
            .DescendantNodes()
            .OfType<MethodDeclarationSyntax>()
            .Select(m => m.Body)
            .FirstOrDefault(b => b?.DescendantTokens().Any(t => t.IsKind(SyntaxKind.IdentifierToken)) == true);

    /// <summary>A word in the first method's body, so many letters longer.</summary>
    private static SyntaxTree WithLetter(SyntaxTree tree, char letter, int times)
    {
        var word = BodyOf(tree)!.DescendantTokens().First(t => t.IsKind(SyntaxKind.IdentifierToken));
        return tree.WithChangedText(tree.GetText().WithChanges(new TextChange(new TextSpan(word.Span.End, 0), new string(letter, times))));
    }

    private static IEnumerable<IIncrementalGenerator> Generators() =>
        Assembly.Load("Dsl.Generators").GetTypes()
            .Where(t => t.GetCustomAttributes(typeof(GeneratorAttribute), false).Length > 0)
            .Select(t => (IIncrementalGenerator)Activator.CreateInstance(t)!);

    /// <summary>What this program was compiled against, except the zoo itself.</summary>
    private static ImmutableArray<MetadataReference> References() =>
        [
            .. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
                .Where(p => Path.GetFileNameWithoutExtension(p) is not ("Zoo" or "benchmarks"))
                .Select(p => MetadataReference.CreateFromFile(p)),
        ];

    private static IEnumerable<string> Sources()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Dsl.sln")))
            {
                string zoo = Path.Combine(folder.FullName, "src", "Zoo");
                string[] built = [Path.Combine(zoo, "obj"), Path.Combine(zoo, "bin")];
                return Directory.EnumerateFiles(zoo, "*.cs", SearchOption.AllDirectories)
                    .Where(f => !built.Any(b => f.StartsWith(b, StringComparison.Ordinal)))
                    .Order(StringComparer.Ordinal);
            }
        }

        throw new DirectoryNotFoundException("The zoo's sources are not above this program: run it from a clone.");
    }
}
