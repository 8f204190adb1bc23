using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Runtime.Loader;
using System.Text;
using Dsl.Generators;
using Dsl.Generators.Diagnostics;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Emit;
using Microsoft.CodeAnalysis.Text;

namespace Dsl.Reference.Compiling;

/// <summary>From a user's sources to a loaded assembly.</summary>
internal static class UserCompilation
{
    private static readonly CSharpParseOptions Parsing = new(LanguageVersion.CSharp12);

    /// <summary>Documentation is checked, too.</summary>
    private static readonly CSharpParseOptions Documented = Parsing.WithDocumentationMode(DocumentationMode.Diagnose);

    private static readonly Lazy<ImmutableArray<MetadataReference>> References = new(() =>
    [
        .. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Where(p => !Path.GetFileName(p).StartsWith("Dsl.", StringComparison.Ordinal) || Path.GetFileName(p) is "Dsl.Runtime.dll" or "Dsl.Reference.dll")
            .Where(p => Path.GetFileName(p) != "Zoo.dll")
            .Select(p => (MetadataReference)MetadataReference.CreateFromFile(p)),
    ]);

    /// <summary>As a strict project compiles: nullable, checked arithmetic, all warnings.</summary>
    private static readonly CSharpCompilationOptions Strict = new(
        OutputKind.DynamicallyLinkedLibrary,
        optimizationLevel: OptimizationLevel.Release,
        checkOverflow: true,
        nullableContextOptions: NullableContextOptions.Enable,
        specificDiagnosticOptions: [new("CS1701", ReportDiagnostic.Suppress), new("CS1702", ReportDiagnostic.Suppress)],
        warningLevel: 9999);

    private static int count;

    internal static CSharpCompilation Create(IEnumerable<(string Path, string Text)> files, bool documented = false) => CSharpCompilation.Create(
        FormattableString.Invariant($"User{System.Threading.Interlocked.Increment(ref count)}"),
        files.Select(file => CSharpSyntaxTree.ParseText(SourceText.From(file.Text, Encoding.UTF8), documented ? Documented : Parsing, file.Path)),
        References.Value,
        Strict);

    /// <summary>The user's sources with what the generator adds to them. What it writes is routed through <see cref="Routed"/>.</summary>
    internal static (CSharpCompilation Whole, ImmutableArray<Diagnostic> Diagnostics, GeneratorRunResult Run) Generate(
        CSharpCompilation compilation, Pipeline pipeline)
    {
        var parsing = (CSharpParseOptions?)compilation.SyntaxTrees.FirstOrDefault()?.Options ?? Parsing;
        GeneratorDriver driver = CSharpGeneratorDriver.Create([new ModelGenerator(pipeline).AsSourceGenerator()], parseOptions: parsing)
            .RunGeneratorsAndUpdateCompilation(compilation, out Compilation whole, out ImmutableArray<Diagnostic> diagnostics);
        foreach (SyntaxTree tree in driver.GetRunResult().GeneratedTrees)
        {
            string text = tree.ToString(), routed = Routed.Rewrite(text, pipeline.Fuses);
            if (text != routed)
            {
                whole = whole.ReplaceSyntaxTree(tree, CSharpSyntaxTree.ParseText(SourceText.From(routed, Encoding.UTF8), parsing, tree.FilePath));
            }
        }

        return ((CSharpCompilation)whole, diagnostics, driver.GetRunResult().Results.Single());
    }

    internal static ImmutableArray<Diagnostic> Analyse(CSharpCompilation compilation, Pipeline pipeline)
    {
        var options = new CompilationWithAnalyzersOptions(
            new AnalyzerOptions([]), onAnalyzerException: null, concurrentAnalysis: false, logAnalyzerExecutionTime: false);
        return new CompilationWithAnalyzers(compilation, [new DeclarationAnalyzer(pipeline)], options).GetAnalyzerDiagnosticsAsync().GetAwaiter().GetResult();
    }

    internal static IEnumerable<Diagnostic> Check(CSharpCompilation whole) =>
        whole.GetDiagnostics().Where(d => d.Severity >= DiagnosticSeverity.Warning && !d.IsSuppressed);

    /// <exception cref="InvalidOperationException">There are errors: they are named.</exception>
    internal static Assembly Load(CSharpCompilation whole, AssemblyLoadContext context) => TryLoad(whole, context) is var (assembly, found) && assembly is not null
        ? assembly : throw new InvalidOperationException(string.Join(Environment.NewLine, found));

    /// <summary>The assembly, null where there are errors; and all that is to be said of it.</summary>
    internal static (Assembly? Assembly, ImmutableArray<Diagnostic> Diagnostics) TryLoad(CSharpCompilation whole, AssemblyLoadContext context)
    {
        using var image = new MemoryStream();
        EmitResult emitted = whole.Emit(image);
        if (!emitted.Success)
        {
            return (null, emitted.Diagnostics);
        }

        image.Position = 0;
        return (context.LoadFromStream(image), emitted.Diagnostics);
    }
}
