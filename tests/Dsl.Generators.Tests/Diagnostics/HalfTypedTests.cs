using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Text.RegularExpressions;
using System.Threading.Tasks;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Text;
using Xunit;

namespace Dsl.Generators.Tests.Diagnostics;

/// <summary>
/// Declarations as they look while someone types: the zoo's own, with a token deleted, doubled or cut, or the rest of the file missing. Generator and analyzer
/// never throw, end soon, and what is written anew without a complaint compiles.
/// </summary>
public class HalfTypedTests
{
    private const int Mutations = 500;

    /// <summary>Generous: the test may share its machine, and the first ones pay for the compiler's own start.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task Mutations_never_throw()
    {
        var families = Families(Compiling.Zoo().Where(f => f.Path.StartsWith("src/Zoo/Decoders/", StringComparison.Ordinal)))
            .Select(f => Compiling.Create(f).WithReferences(Needed()))
            .ToArray();
        var wholes = families
            .Select(f => GeneratedRun.Of(CSharpGeneratorDriver.Create([new ModelGenerator().AsSourceGenerator()], parseOptions: Compiling.Parsing), f))
            .ToArray();
        var compiling = wholes.Select(w => !w.Compilation.GetDiagnostics().Any(IsError)).ToArray();
        foreach (var family in families)
        {
            Assert.Empty(await Analysing.Of(family));
        }

        var faults = new ConcurrentBag<string>();
        var complaints = new ConcurrentDictionary<string, int>();

        await Parallel.ForEachAsync(Enumerable.Range(0, Mutations), async (seed, cancel) =>
        {
            var (compilation, whole) = (families[seed % families.Length], wholes[seed % families.Length]);
            var (tree, mutant) = Mutate(compilation, seed);
            var watch = Stopwatch.StartNew();
            try
            {
                var edited = compilation.ReplaceSyntaxTree(tree, mutant);
                var run = whole.Again(edited);
                var found = await Analysing.Of(edited, cancel);
                var slow = watch.Elapsed > Longest;
                foreach (var diagnostic in found)
                {
                    complaints.AddOrUpdate(diagnostic.Id, 1, (_, n) => n + 1);
                }

                if (slow || found.Any(d => !d.Id.StartsWith("DSL", StringComparison.Ordinal)) || run.Diagnostics.Any())
                {
                    faults.Add($"seed {seed} after {watch.Elapsed}: {found.Concat(run.Diagnostics).FirstOrDefault(d => !d.Id.StartsWith("DSL", StringComparison.Ordinal))}\n{Difference(tree, mutant)}");
                }
                else if (found.IsEmpty && compiling[seed % families.Length] && !run.Texts.SequenceEqual(whole.Texts) && !HasErrors(run.Compilation, mutant)
                    && run.Compilation.GetDiagnostics(cancel).Where(IsError).ToList() is [var error, ..] errors && errors.All(IsGenerated))
                {
                    faults.Add($"seed {seed}: {error}\n{Difference(tree, mutant)}");
                }
            }
            catch (Exception thrown) when (thrown is not OperationCanceledException)
            {
                faults.Add($"seed {seed}: {thrown}\n{Difference(tree, mutant)}");
            }
        });

        Assert.True(faults.IsEmpty, $"{faults.Count} faults\n" + string.Join("\n\n", faults.Order(StringComparer.Ordinal).Take(8)));
        Assert.All(compiling, Assert.True);
        Assert.True(complaints.Count >= 15, "few kinds of problems were met: " + string.Join(", ", complaints.Keys.Order(StringComparer.Ordinal)));
    }

    /// <summary>Files that name each other's types, so that an edit costs no more than it does to whoever types in one of them.</summary>
    private static List<List<SourceFile>> Families(IEnumerable<SourceFile> files)
    {
        var families = new List<List<SourceFile>>();
        foreach (var file in files)
        {
            var joined = families.Where(f => f.Any(other => Names(file, other) || Names(other, file))).ToList();
            families.RemoveAll(joined.Contains);
            families.Add([.. joined.SelectMany(f => f), file]);
        }

        return families;
    }

    /// <summary>What Dsl.Runtime itself references: a compilation's start grows with the number of assemblies.</summary>
    private static IEnumerable<MetadataReference> Needed()
    {
        var runtime = typeof(LinearAttribute).Assembly;
        HashSet<string?> names = [.. runtime.GetReferencedAssemblies().Select(a => a.Name), runtime.GetName().Name, "System.Runtime", "System.Private.CoreLib"];
        return Compiling.References.Where(r => names.Contains(Path.GetFileNameWithoutExtension(r.Display)));
    }

    private static bool Names(SourceFile file, SourceFile other) =>
        CSharpSyntaxTree.ParseText(other.Text)
            .GetRoot()
            .DescendantNodes()
            .OfType<TypeDeclarationSyntax>()
            .Any(t => Regex.IsMatch(file.Text, $@"\b{t.Identifier.Text}\b"));

    private static bool IsError(Diagnostic diagnostic) => diagnostic.DefaultSeverity == DiagnosticSeverity.Error;

    private static bool IsGenerated(Diagnostic diagnostic) => diagnostic.Location.SourceTree?.FilePath.EndsWith(".g.cs", StringComparison.Ordinal) == true;

    private static bool HasErrors(Compilation compilation, SyntaxTree tree) =>
        tree.GetDiagnostics().Any(IsError) || compilation.GetSemanticModel(tree).GetDiagnostics().Any(IsError);

    private static (SyntaxTree Tree, SyntaxTree Mutant) Mutate(CSharpCompilation compilation, int seed)
    {
        var random = new Random(seed);
        var tree = compilation.SyntaxTrees[random.Next(compilation.SyntaxTrees.Length)];
        var text = tree.ToString();
        for (var edits = random.Next(1, 4); edits > 0; edits--)
        {
            var tokens = CSharpSyntaxTree.ParseText(text, Compiling.Parsing).GetRoot().DescendantTokens().Where(t => t.Span.Length > 0).ToList();
            if (tokens.Count == 0)
            {
                break;
            }

            var token = tokens[random.Next(tokens.Count)];
            text = random.Next(20) switch
            {
                0 => text[..token.SpanStart],
                < 5 => text[..(token.SpanStart + (token.Span.Length / 2))] + text[token.Span.End..],
                < 11 => text[..token.FullSpan.End] + token.Text + " " + text[token.FullSpan.End..],
                _ => text[..token.SpanStart] + text[token.Span.End..],
            };
        }

        return (tree, CSharpSyntaxTree.ParseText(SourceText.From(text, System.Text.Encoding.UTF8), Compiling.Parsing, tree.FilePath));
    }

    private static string Difference(SyntaxTree before, SyntaxTree after)
    {
        var changes = after.GetText().GetTextChanges(before.GetText());
        var lines = after.GetText().ToString().Split('\n').Except(before.GetText().ToString().Split('\n'));
        return $"{before.FilePath}, {changes.Count} changes\n" + string.Join("\n", lines.Take(4));
    }
}
