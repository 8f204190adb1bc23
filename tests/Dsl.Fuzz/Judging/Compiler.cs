using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.IO;
using System.Linq;
using System.Text.RegularExpressions;
using Dsl.Fuzz.Tree;
using Dsl.Reference;
using Microsoft.CodeAnalysis;
using Program = Dsl.Fuzz.Tree.Program;

namespace Dsl.Fuzz.Judging;

/// <summary>Compiles programs together, as a strict project of a user, and says of each what came of it.</summary>
internal static partial class Compiler
{
    private const string Generated = ".g.cs";

    /// <summary>
    /// The programs compiled together, and a verdict for each namespace; what was accepted is <see cref="Outcome.Right"/>. What one program does wrong falls
    /// on no other one.
    /// </summary>
    /// <param name="programs">Of different namespaces.</param>
    /// <param name="compiled">The caller's to dispose; not loaded where C# cannot compile them all.</param>
    public static IReadOnlyDictionary<string, Verdict> Compile(IReadOnlyList<Program> programs, out CompiledDeclarations compiled)
    {
        compiled = CompiledDeclarations.Once(
            programs.Select(p => (p.Space + ".cs", Printer.Print(p))), out ImmutableArray<Diagnostic> told, out GeneratorRunResult result);
        var found = compiled.Diagnostics.Where(d => d.Severity >= DiagnosticSeverity.Warning && !d.IsSuppressed).ToList();

        // A warning (a result that nothing reads) refuses nothing: what else is computed is right.
        Diagnostic[] analysed = [.. told.Where(d => d.DefaultSeverity == DiagnosticSeverity.Error)];
        Diagnostic? homeless = found.Concat(analysed).FirstOrDefault(d => SpaceOf(d.Location.SourceTree) is null);
        if (result.Exception is not null || homeless is not null)
        {
            if (programs.Count > 1)
            {
                // Whose fault it is shows when each stands alone.
                return programs.ToDictionary(p => p.Space, Alone);
            }

            Verdict verdict = result.Exception is { } e
                ? Verdict.Failed($"the generator throws {e.GetType().Name}", e.ToString())
                : Verdict.Failed($"{homeless!.Id} outside of the program", homeless.ToString());
            return new Dictionary<string, Verdict> { [programs[0].Space] = verdict };
        }

        var bySpace = found.Where(d => d.Id is not ("CS1591" or "CS0162" or "CS0219" or "CS1718") || IsGenerated(d))
            .ToLookup(d => SpaceOf(d.Location.SourceTree)!);
        var toldBySpace = analysed.ToLookup(d => SpaceOf(d.Location.SourceTree)!);
        var written = result.GeneratedSources.Select(s => s.HintName).ToHashSet(StringComparer.Ordinal);
        return programs.ToDictionary(p => p.Space, p => Judge(p, [.. bySpace[p.Space]], [.. toldBySpace[p.Space]], written));
    }

    /// <summary>The verdict of one program.</summary>
    public static Verdict Alone(Program program)
    {
        Verdict verdict = Compile([program], out CompiledDeclarations compiled)[program.Space];
        compiled.Dispose();
        return verdict;
    }

    private static Verdict Judge(Program program, IReadOnlyList<Diagnostic> found, IReadOnlyList<Diagnostic> told, HashSet<string> written)
    {
        if (found.FirstOrDefault(IsGenerated) is { } wrong)
        {
            string line = wrong.Location.SourceTree!.GetText().Lines[wrong.Location.GetLineSpan().StartLinePosition.Line].ToString().Trim();
            string message = wrong.GetMessage(null);
            return wrong.Id == "CS1029"
                ? Verdict.Failed("#error " + Failure().Match(message).Groups[1].Value + " " + Frame().Match(message).Groups[1].Value, message)
                : Verdict.Failed($"{wrong.Id} in generated code", $"{wrong}\n{line}");
        }

        if (told.FirstOrDefault(d => !d.Id.StartsWith("DSL", StringComparison.Ordinal)) is { } failed)
        {
            return Verdict.Failed($"the analyzer fails with {failed.Id}", failed.ToString());
        }

        if (told.FirstOrDefault(d => d.Location.SourceSpan.Length == 0 || IsGenerated(d)) is { } placeless)
        {
            return Verdict.Failed($"{placeless.Id} stands at no token", placeless.ToString());
        }

        if (told.Count > 0)
        {
            string ids = string.Join(' ', told.Select(d => d.Id).Distinct().Order(StringComparer.Ordinal));
            string text = string.Join('\n',
                told.Select(d => $"{d.Id} at '{d.Location.SourceTree!.GetText().ToString(d.Location.SourceSpan)}': {d.GetMessage(null)}"));
            return program.Mutation is null && !told.All(LeavesACollectorUnread)
                ? Verdict.Failed("valid, but " + ids, text)
                : new Verdict(Outcome.Refused, ids, text);
        }

        if (found.Count > 0)
        {
            return program.Mutation is null
                ? Verdict.Failed($"{found[0].Id} in the declaration", found[0].ToString())
                : new Verdict(Outcome.NotCSharp, found[0].Id, found[0].ToString());
        }

        return program.Declarations.FirstOrDefault(d => !written.Contains($"{program.Space}.{d.Name}.g.cs")) is { } silent
            ? Verdict.Failed("no code and no diagnostic", silent.Name)
            : Verdict.Right;
    }

    /// <summary>What the writer does not keep track of: whether the result of a block that collects is read in the end.</summary>
    private static bool LeavesACollectorUnread(Diagnostic told) =>
        told.Id == "DSL043" && told.GetMessage(null).EndsWith("where its result is read as well", StringComparison.Ordinal);

    private static bool IsGenerated(Diagnostic diagnostic) => diagnostic.Location.SourceTree?.FilePath.EndsWith(Generated, StringComparison.Ordinal) == true;

    /// <summary>The namespace of the program that a file belongs to; generated files are named by it.</summary>
    private static string? SpaceOf(SyntaxTree? tree) =>
        tree is not null && Space().Match(Path.GetFileName(tree.FilePath)) is { Success: true } match ? match.Value : null;

    [GeneratedRegex(@"Fuzz\.S-?\d+N\d+")]
    private static partial Regex Space();

    [GeneratedRegex(@"failed on \w+: (\w+)")]
    private static partial Regex Failure();

    [GeneratedRegex(@"at (Dsl\.Generators\.[\w.]+)")]
    private static partial Regex Frame();
}
