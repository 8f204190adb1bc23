using System;
using System.Collections;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Threading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Text;
using Xunit;

namespace Dsl.Generators.Tests;

/// <summary>One file of a user's project.</summary>
internal sealed record SourceFile(string Path, string Text)
{
    public static implicit operator SourceFile(string text) => new("User.cs", text);
}

/// <summary>A user's project, compiled in memory with the runtime and TorchSharp as references and the generator run over it.</summary>
internal static class Compiling
{
    private static readonly Lazy<ImmutableArray<MetadataReference>> Platform = new(() =>
    [
        .. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Where(p => Path.GetFileName(p) is not ("Dsl.Generators.dll" or "Dsl.CodeFixes.dll")
                && !Path.GetFileName(p).StartsWith("Dsl.Generators.Tests", StringComparison.Ordinal))
            .Select(p => (MetadataReference)MetadataReference.CreateFromFile(p)),
    ]);

    /// <summary>The platform, Dsl.Runtime and TorchSharp.</summary>
    public static ImmutableArray<MetadataReference> References => Platform.Value;

    public static CSharpParseOptions Parsing { get; } = new(LanguageVersion.CSharp12, DocumentationMode.Diagnose);

    /// <summary>Options of a strict project: nullable, checked arithmetic, every warning an error.</summary>
    public static CSharpCompilationOptions Strict { get; } = new(
        OutputKind.DynamicallyLinkedLibrary,
        optimizationLevel: OptimizationLevel.Release,
        checkOverflow: true,
        nullableContextOptions: NullableContextOptions.Enable,
        generalDiagnosticOption: ReportDiagnostic.Error,

        // What the SDK leaves out in every project: TorchSharp was compiled against an older base library.
        specificDiagnosticOptions: [new("CS1701", ReportDiagnostic.Suppress), new("CS1702", ReportDiagnostic.Suppress)],
        warningLevel: 9999);

    /// <summary>The folder that holds Dsl.sln.</summary>
    public static string Repository => Dsl.Tests.Repository.Root;

    /// <summary>The zoo's folders of families as they stand: declarations, configs, presets, and what these call.</summary>
    public static SourceFile[] Zoo() =>
    [
        .. Directory.GetDirectories(Path.Combine(Repository, "src", "Zoo")).Select(
            d => Directory.GetFiles(d, "*.cs").Select(f => (Path: f, Text: File.ReadAllText(f))).ToArray())
            .Where(files => files.Any(f => f.Text.Contains("\n[Block<", StringComparison.Ordinal) || f.Text.Contains("\n[Model<", StringComparison.Ordinal)))
            .SelectMany(files => files).OrderBy(f => f.Path, StringComparer.Ordinal)
            .Select(f => new SourceFile(System.IO.Path.GetRelativePath(Repository, f.Path).Replace('\\', '/'), f.Text)),
    ];

    public static CSharpCompilation Create(IEnumerable<SourceFile> files, IEnumerable<MetadataReference>? references = null, string name = "User") =>
        CSharpCompilation.Create(name, files.Select(Parse), [.. References, .. references ?? []], Strict);

    public static SyntaxTree Parse(SourceFile file) => CSharpSyntaxTree.ParseText(SourceText.From(file.Text, System.Text.Encoding.UTF8), Parsing, file.Path);

    /// <summary>
    /// Runs the generator, then again after edits that concern no declaration, and demands that the second run does nothing and that nothing of Roslyn is
    /// kept between runs.
    /// </summary>
    public static GeneratedRun Generate(params SourceFile[] files) => Generate(Create(files));

    public static GeneratedRun Generate(CSharpCompilation compilation)
    {
        var first = Start(compilation);
        foreach (var (edit, edited) in UnrelatedEdits(compilation))
        {
            var second = first.Again(edited);
            second.AssertNothingDone(edit);
            Assert.Equal(first.Texts, second.Texts);
        }

        AssertNothingOfRoslyn(first);
        return first;
    }

    /// <summary>One run, without the second one.</summary>
    public static GeneratedRun Start(CSharpCompilation compilation)
    {
        var driver = CSharpGeneratorDriver.Create(
            [new ModelGenerator().AsSourceGenerator()],
            parseOptions: Parsing,
            driverOptions: new GeneratorDriverOptions(IncrementalGeneratorOutputKind.None, trackIncrementalGeneratorSteps: true));
        return GeneratedRun.Of(driver, compilation);
    }

    /// <summary>Edits that change no declaration: each is a compilation that must make the generator do nothing.</summary>
    public static IEnumerable<(string Name, CSharpCompilation Edited)> UnrelatedEdits(CSharpCompilation compilation)
    {
        var other = Parse(new SourceFile("Other.cs", "namespace Elsewhere; internal static class Other { internal static int M() { return 1; } }"));
        var with = compilation.AddSyntaxTrees(other);
        yield return ("a file added", with);
        yield return ("a letter in a method body of another file", with.ReplaceSyntaxTree(
            other, Parse(new SourceFile("Other.cs", other.ToString().Replace("return 1", "return 12", StringComparison.Ordinal)))));
        yield return ("a line and a comment above every declaration", EditEach(compilation, AboveDeclarations));
    }

    private static CSharpCompilation EditEach(CSharpCompilation compilation, Func<SyntaxTree, string> edit) =>
        compilation.SyntaxTrees.Aggregate(compilation, (c, tree) => c.ReplaceSyntaxTree(tree, Parse(new SourceFile(tree.FilePath, edit(tree)))));

    private static string AboveDeclarations(SyntaxTree tree)
    {
        var text = tree + "\n// A comment.\n";
        foreach (var type in tree
            .GetRoot()
            .DescendantNodes()
            .OfType<TypeDeclarationSyntax>()
            .Where(t => t.Parent is not TypeDeclarationSyntax)
            .OrderByDescending(t => t.SpanStart))
        {
            text = text.Insert(type.SpanStart, "\n// A comment.\n");
        }

        return text;
    }

    /// <summary>Walks everything that the generator keeps between runs.</summary>
    private static void AssertNothingOfRoslyn(GeneratedRun run)
    {
        var seen = new HashSet<object>(ReferenceEqualityComparer.Instance);
        foreach (var (name, steps) in run.Steps.Where(s => GeneratedRun.Names.Contains(s.Key)))
        {
            foreach (var (value, _) in steps.SelectMany(s => s.Outputs))
            {
                Walk(value, name, seen);
            }
        }
    }

    private static void Walk(object? value, string path, HashSet<object> seen)
    {
        if (value is null or string || value.GetType().IsPrimitive || value.GetType().IsEnum || (!value.GetType().IsValueType && !seen.Add(value)))
        {
            return;
        }

        Assert.False(
            value.GetType().Assembly.GetName().Name!.StartsWith("Microsoft.CodeAnalysis", StringComparison.Ordinal),
            $"{path} keeps a {value.GetType().Name} alive");
        if (value is IEnumerable items && value.GetType().GetProperty("IsDefault")?.GetValue(value) is not true)
        {
            var index = 0;
            foreach (var item in items)
            {
                Walk(item, $"{path}[{index++}]", seen);
            }
        }

        for (var type = value.GetType(); type is not null && type != typeof(object); type = type.BaseType)
        {
            foreach (var field in type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
            {
                Walk(field.GetValue(value), path + "." + field.Name, seen);
            }
        }
    }
}

/// <summary>What one run of the generator gave.</summary>
/// <param name="Driver">Goes on from here.</param>
/// <param name="Compilation">The user's compilation with the generated files in it.</param>
/// <param name="Texts">Generated text by hint name.</param>
/// <param name="Diagnostics">Of the generator.</param>
/// <param name="Steps">Tracked steps of the pipeline by name.</param>
/// <param name="Outputs">Steps that write files.</param>
internal sealed record GeneratedRun(
    GeneratorDriver Driver,
    CSharpCompilation Compilation,
    SortedDictionary<string, string> Texts,
    ImmutableArray<Diagnostic> Diagnostics,
    ImmutableDictionary<string, ImmutableArray<IncrementalGeneratorRunStep>> Steps,
    ImmutableDictionary<string, ImmutableArray<IncrementalGeneratorRunStep>> Outputs)
{
    /// <summary>The steps that the generator names.</summary>
    public static readonly string[] Names = [ModelGenerator.Declarations, ModelGenerator.Configs, ModelGenerator.Sources, ModelGenerator.Registry];

    public static GeneratedRun Of(GeneratorDriver driver, CSharpCompilation compilation)
    {
        driver = driver.RunGeneratorsAndUpdateCompilation(compilation, out var after, out var diagnostics);
        var result = driver.GetRunResult().Results.Single();
        Assert.Null(result.Exception);
        return new GeneratedRun(
            driver,
            (CSharpCompilation)after,
            new SortedDictionary<string, string>(result.GeneratedSources.ToDictionary(s => s.HintName, s => s.SourceText.ToString()), StringComparer.Ordinal),
            diagnostics,
            result.TrackedSteps,
            result.TrackedOutputSteps);
    }

    /// <summary>The next run of the same driver, over an edited compilation.</summary>
    public GeneratedRun Again(CSharpCompilation edited) => Of(Driver, edited);

    /// <summary>The text whose hint name ends with this (<c>"Llama.g.cs"</c> after a dot).</summary>
    public string Text(string ending) => Assert.Single(Texts, t => t.Key == ending || t.Key.EndsWith("." + ending, StringComparison.Ordinal)).Value;

    public void AssertNothingDone(string edit)
    {
        foreach (var (name, steps) in Steps.Where(s => Names.Contains(s.Key)).Concat(Outputs))
        {
            Assert.All(
                steps.SelectMany(s => s.Outputs),
                o => Assert.True(
                    o.Reason is IncrementalStepRunReason.Cached or IncrementalStepRunReason.Unchanged, $"after {edit}, step {name} was {o.Reason}: {o.Value}"));
        }
    }

    /// <summary>Hint names of the files that this run wrote anew; no step may have written one whose text stayed.</summary>
    public string[] Rewritten(GeneratedRun before)
    {
        string[] changed = [.. Texts.Keys
            .Union(before.Texts.Keys)
            .Where(k => Texts.GetValueOrDefault(k) != before.Texts.GetValueOrDefault(k))
            .Order(StringComparer.Ordinal)];
        var steps = Outputs.Values
            .SelectMany(o => o)
            .SelectMany(o => o.Outputs)
            .Count(o => o.Reason is not (IncrementalStepRunReason.Cached or IncrementalStepRunReason.Unchanged));
        Assert.Equal(changed.Length, steps);
        return changed;
    }

    /// <summary>Errors and warnings of the user's compilation with the generated files in it; that users write no comments is their business.</summary>
    public ImmutableArray<Diagnostic> Errors(CancellationToken cancel = default) =>
        [.. Compilation.GetDiagnostics(cancel)
            .Where(d =>
                d.Severity >= DiagnosticSeverity.Warning && (d.Id != "CS1591" || d.Location.SourceTree!.FilePath.EndsWith(".g.cs", StringComparison.Ordinal)))];

    public void AssertCompiles()
    {
        var errors = Errors();
        Assert.True(
            errors.IsEmpty,
            string.Join(
                "\n", errors.Take(12).Select(e => $"{e}\n    {e.Location.SourceTree?.GetText().Lines[e.Location.GetLineSpan().StartLinePosition.Line]}")));
    }

    /// <summary>The compiled assembly.</summary>
    public byte[] Emit()
    {
        using var stream = new MemoryStream();
        var result = Compilation.WithOptions(Compilation.Options.WithGeneralDiagnosticOption(ReportDiagnostic.Default)).Emit(stream);
        Assert.True(result.Success, string.Join("\n", result.Diagnostics.Where(d => d.Severity >= DiagnosticSeverity.Warning).Take(12)));
        return stream.ToArray();
    }
}
