using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Linq;
using System.Runtime.CompilerServices;
using Dsl.Generators.Model;
using Microsoft.CodeAnalysis;

namespace Dsl.Generators.Reading;

/// <summary>
/// Generated code names the runtime's types without their namespace. Where the user's own types, namespaces or members hide one of them, it is written in
/// full there, and only there.
/// </summary>
internal sealed class HiddenNames(Compilation compilation)
{
    private static readonly ConditionalWeakTable<IAssemblySymbol, Dictionary<string, string>> KnownOfRuntime = new();

    private readonly ConcurrentDictionary<string, string[]> ofNamespace = new();
    private readonly Dictionary<string, string> known =
        compilation.GetTypeByMetadataName("Dsl.Runtime.GeneratedModule") is { } runtime
            ? KnownOfRuntime.GetValue(runtime.ContainingAssembly, _ => Known(compilation, runtime))
            : new();

    /// <summary>What is hidden inside this type, or beside it.</summary>
    public EquatableArray<HiddenName> In(INamedTypeSymbol type, bool beside)
    {
        var found = new SortedSet<string>(System.StringComparer.Ordinal);
        for (var container = beside ? type.ContainingType : type; container is not null; container = container.ContainingType)
        {
            found.UnionWith(container.MemberNames.Concat(container.TypeParameters.Select(p => p.Name)).Where(known.ContainsKey));
        }

        for (var space = type.ContainingNamespace; space is not null; space = space.ContainingNamespace)
        {
            found.UnionWith(ofNamespace.GetOrAdd(space.ToDisplayString(), _ => MembersOf(space).Where(known.ContainsKey).ToArray()));
        }

        return found.Select(name => new HiddenName(name, known[name])).ToEquatable();
    }

    /// <summary>At the root stand System, Dsl and TorchSharp themselves; of the rest only source can hide anything from it.</summary>
    private IEnumerable<string> MembersOf(INamespaceSymbol space) =>
        space.IsGlobalNamespace
            ? compilation.Assembly.GlobalNamespace.GetTypeMembers().Select(t => t.Name)
            : (compilation.GetCompilationNamespace(space) ?? space).GetMembers().Select(m => m.Name);

    private static Dictionary<string, string> Known(Compilation compilation, INamedTypeSymbol runtime)
    {
        var known = new Dictionary<string, string>();
        foreach (var name in new[] { "Array", "ArgumentException", "Func", "IDisposable", "InvalidOperationException", "Math", "NotSupportedException" })
        {
            known[name] = "global::System." + name;
        }

        known["Path"] = "global::System.IO.Path";
        foreach (var nested in compilation.GetTypeByMetadataName("TorchSharp.torch")?.GetTypeMembers().Where(
            t => t.DeclaredAccessibility == Accessibility.Public) ?? [])
        {
            known[nested.Name] = "global::TorchSharp.torch." + nested.Name;
        }

        known["torch"] = "global::TorchSharp.torch";
        foreach (var space in new[] { runtime.ContainingNamespace.ContainingNamespace, runtime.ContainingNamespace })
        {
            foreach (var type in space.GetTypeMembers().Where(t => t.DeclaredAccessibility == Accessibility.Public))
            {
                known[type.Name] = $"global::{space.ToDisplayString()}.{type.Name}";
            }
        }

        foreach (var name in new[] { "System", "Dsl", "TorchSharp" })
        {
            known[name] = "global::" + name;
        }

        return known;
    }
}
