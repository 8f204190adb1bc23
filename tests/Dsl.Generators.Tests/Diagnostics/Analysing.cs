using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Dsl.CodeFixes;
using Dsl.Generators.Diagnostics;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeActions;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Text;
using Xunit;

namespace Dsl.Generators.Tests.Diagnostics;

/// <summary>Runs the analyzer over a user's source and the code fixes over what it finds.</summary>
internal static class Analysing
{
    /// <summary>What stands above every example: the config that <c>C</c> means.</summary>
    public const string Prelude = """
        using System;
        using System.Numerics;
        using Dsl;
        using Dsl.Runtime;
        using C = User.Config;

        namespace User;

        public sealed record Config(
            [Key("vocab_size")] int Vocab,
            [Key("hidden_size")] int Hidden,
            [Key("intermediate_size")] int FeedForward,
            [Key("num_hidden_layers")] int Layers,
            [Key("num_attention_heads")] int Heads,
            [Key("head_dim")] int HeadDim,
            [Key("hidden_act")] Activation Act,
            [Key("layer_norm_eps")] double Eps = 1e-5,
            [Key("window_size")] int Window = 256);


        """;

    /// <summary>Diagnostics of the analyzer alone, in the order of the source. That it threw is one, too.</summary>
    public static async Task<ImmutableArray<Diagnostic>> Of(Compilation compilation, CancellationToken cancel = default)
    {
        var options = new CompilationWithAnalyzersOptions(
            new AnalyzerOptions([]), onAnalyzerException: null, concurrentAnalysis: false, logAnalyzerExecutionTime: false);
        var diagnostics = await new CompilationWithAnalyzers(compilation, [new DeclarationAnalyzer()], options).GetAnalyzerDiagnosticsAsync(cancel);
        return [.. diagnostics
            .Distinct()
            .OrderBy(d => d.Location.SourceTree?.FilePath, StringComparer.Ordinal)
            .ThenBy(d => d.Location.SourceSpan.Start)
            .ThenBy(d => d.Id, StringComparer.Ordinal)];
    }

    public static Task<ImmutableArray<Diagnostic>> Of(string source) => Of(Compiling.Create([source]));

    /// <summary>A source with its <c>[|marks|]</c> taken out, and what they mark.</summary>
    public static (string Source, TextSpan[] Marks) Read(string marked)
    {
        var marks = new List<TextSpan>();
        for (var start = marked.IndexOf("[|", StringComparison.Ordinal); start >= 0; start = marked.IndexOf("[|", StringComparison.Ordinal))
        {
            marked = marked.Remove(start, 2);
            var end = marked.IndexOf("|]", StringComparison.Ordinal);
            marked = marked.Remove(end, 2);
            marks.Add(TextSpan.FromBounds(start, end));
        }

        return (marked, [.. marks]);
    }

    /// <summary>The source after every fix of the first kind offered, once (<paramref name="all"/>: by Fix All).</summary>
    public static async Task<string> Fix(string source, bool all = false)
    {
        using var workspace = new AdhocWorkspace();
        var project = workspace.AddProject(ProjectInfo.Create(
            ProjectId.CreateNewId(), VersionStamp.Default, "User", "User", LanguageNames.CSharp, compilationOptions: Compiling.Strict, parseOptions: Compiling.Parsing,
            metadataReferences: Compiling.References));
        var document = workspace.AddDocument(project.Id, "User.cs", SourceText.From(source));
        var diagnostics = await Of((await document.Project.GetCompilationAsync())!);
        var first = diagnostics.First(d => Provider(d) is not null);
        var provider = Provider(first)!;
        var actions = new List<CodeAction>();
        await provider.RegisterCodeFixesAsync(new CodeFixContext(document, first, (action, _) => actions.Add(action), default));
        var action = Assert.Single(actions);
        if (all)
        {
            var context = new FixAllContext(
                document, provider, FixAllScope.Document, action.EquivalenceKey!, provider.FixableDiagnosticIds, new Known(diagnostics), default);
            action = (await provider.GetFixAllProvider()!.GetFixAsync(context))!;
        }

        var operations = await action.GetOperationsAsync(default);
        var changed = operations.OfType<ApplyChangesOperation>().Single().ChangedSolution.GetDocument(document.Id)!;
        return (await changed.GetTextAsync()).ToString();
    }

    /// <summary>How many fixes are offered for the source's diagnostics.</summary>
    public static async Task<int> Offers(string source)
    {
        using var workspace = new AdhocWorkspace();
        var document = workspace.AddProject("User", LanguageNames.CSharp).AddDocument("User.cs", source);
        var actions = new List<CodeAction>();
        foreach (var diagnostic in await Of(source))
        {
            if (Provider(diagnostic) is { } provider)
            {
                await provider.RegisterCodeFixesAsync(new CodeFixContext(document, diagnostic, (action, _) => actions.Add(action), default));
            }
        }

        return actions.Count;
    }

    private static CodeFixProvider? Provider(Diagnostic diagnostic) =>
        new CodeFixProvider[] { new PartialFix(), new NearestNameFix() }.FirstOrDefault(p => p.FixableDiagnosticIds.Contains(diagnostic.Id));

    private sealed class Known(ImmutableArray<Diagnostic> diagnostics) : FixAllContext.DiagnosticProvider
    {
        public override Task<IEnumerable<Diagnostic>> GetAllDiagnosticsAsync(Project project, CancellationToken cancel) =>
            Task.FromResult<IEnumerable<Diagnostic>>(diagnostics);

        public override Task<IEnumerable<Diagnostic>> GetDocumentDiagnosticsAsync(Document document, CancellationToken cancel) =>
            Task.FromResult<IEnumerable<Diagnostic>>(diagnostics);

        public override Task<IEnumerable<Diagnostic>> GetProjectDiagnosticsAsync(Project project, CancellationToken cancel) =>
            Task.FromResult(Enumerable.Empty<Diagnostic>());
    }
}
