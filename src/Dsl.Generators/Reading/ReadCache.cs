using System.Collections.Generic;
using System.Linq;
using System.Runtime.CompilerServices;
using System.Threading;
using Dsl.Generators.Model;
using Dsl.Generators.Scalar;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Dsl.Generators.Reading;

/// <summary>
/// What was read of a declaration stays read while nothing that it depends on has changed: the files it was read from are the same, and every other file
/// has changed inside method bodies at most. A keystroke in a method then binds nothing.
/// </summary>
internal static class ReadCache
{
    private static readonly ConditionalWeakTable<SyntaxNode, Entry> Entries = new();
    private static readonly ConditionalWeakTable<Compilation, object> Surfaces = new();
    private static readonly ConditionalWeakTable<FunctionSpec, string[]> Owners = new();
    private static readonly object Gate = new();
    private static readonly Dictionary<string, System.WeakReference<Compilation>> Last = new();

    private sealed class Entry(Vocabulary vocabulary, object surface, ClosedSpec? spec, SyntaxTree[] trees)
    {
        public Vocabulary Vocabulary => vocabulary;

        public object Surface => surface;

        public ClosedSpec? Spec => spec;

        public SyntaxTree[] Trees => trees;
    }

    /// <summary>The closed spec of a class declaration; null where it declares nothing, or where another part of the class says what it is.</summary>
    public static ClosedSpec? Read(TypeDeclarationSyntax declaration, SemanticModel semantics, Vocabulary vocabulary, CancellationToken cancel)
    {
        var compilation = semantics.Compilation;
        var surface = SurfaceOf(compilation);
        if (Entries.TryGetValue(declaration, out var known)
            && known.Vocabulary == vocabulary
            && known.Surface == surface
            && known.Trees.All(compilation.ContainsSyntaxTree))
        {
            return known.Spec;
        }

        var spec = semantics.GetDeclaredSymbol(declaration, cancel) is INamedTypeSymbol type && SpecReader.HeadOf(type, cancel)?.Declaration == declaration
            ? SpecReader.For(compilation, vocabulary).ReadClosed(type, cancel) : null;
        var entry = new Entry(vocabulary, surface, spec, TreesOf(declaration, spec, compilation).ToArray());
        Entries.Remove(declaration);
        Entries.Add(declaration, entry);
        return spec;
    }

    /// <summary>An object that two compilations share while all that differs between them is inside method bodies.</summary>
    private static object SurfaceOf(Compilation compilation)
    {
        lock (Gate)
        {
            if (Surfaces.TryGetValue(compilation, out var known))
            {
                return known;
            }

            var name = compilation.AssemblyName ?? "";
            var surface = Last.TryGetValue(name, out var reference)
                && reference.TryGetTarget(out var last)
                && Surfaces.TryGetValue(last, out var before)
                && SameSurface(last, compilation)
                ? before
                : new object();
            Surfaces.Add(compilation, surface);
            Last[name] = new System.WeakReference<Compilation>(compilation);
            return surface;
        }
    }

    private static bool SameSurface(Compilation before, Compilation now)
    {
        if (!ReferenceEquals(before.Options, now.Options) || !before.References.SequenceEqual(now.References))
        {
            return false;
        }

        var (old, current) = (before.SyntaxTrees.ToList(), now.SyntaxTrees.ToList());
        return old.Count == current.Count
            && old.Zip(
                current, (a, b) => ReferenceEquals(a, b) || (a.FilePath == b.FilePath && SyntaxFactory.AreEquivalent(a, b, topLevel: true))).All(same => same);
    }

    /// <summary>The files whose method bodies or expressions the spec holds: of the declarations, their configs, and every function called.</summary>
    private static IEnumerable<SyntaxTree> TreesOf(SyntaxNode declaration, ClosedSpec? spec, Compilation compilation)
    {
        var trees = new HashSet<SyntaxTree> { declaration.SyntaxTree };
        var names = new HashSet<string>();
        foreach (var each in spec is null ? [] : spec.Others.Append(spec.Main))
        {
            names.UnionWith([each.Name, each.Config.Name, .. each.Config.Ancestors]);
            foreach (var function in each.Functions)
            {
                names.UnionWith(Owners.GetValue(function, OwnersOf));
            }
        }

        foreach (var name in names.Where(n => n.Length > 0))
        {
            foreach (var place in TypeNames.Find(compilation, name)?.DeclaringSyntaxReferences.AsEnumerable() ?? [])
            {
                trees.Add(place.SyntaxTree);
            }
        }

        return trees;
    }

    private static string[] OwnersOf(FunctionSpec function) =>
        [function.Owner, .. function.Scalar.Length > 0 && ScalarText.Read(function.Scalar) is { } scalar ? scalar.Helpers.Select(h => h.Owner) : []];
}
