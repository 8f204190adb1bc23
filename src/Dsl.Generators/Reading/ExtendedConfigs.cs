using System.Collections.Concurrent;
using System.Linq;
using System.Runtime.CompilerServices;
using System.Text;
using System.Threading;
using Dsl.Generators.Model;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Dsl.Generators.Reading;

/// <summary>
/// Compilations in which a config record has the members that <c>Extend</c> gives it. The generator writes these, and sees nothing of what it writes; a
/// function that reads one would not bind.
/// </summary>
internal static class ExtendedConfigs
{
    private static readonly ConditionalWeakTable<Compilation, ConcurrentDictionary<string, Compilation>> Known = new();

    /// <summary>The compilation with the members of the extended configs that a method reads; null where it reads none.</summary>
    public static Compilation? For(IMethodSymbol method, SpecReader reader, CancellationToken cancel)
    {
        var config = method.Parameters.Select(p => p.Type).OfType<INamedTypeSymbol>()
            .Where(t => t.GetAttributes().Any(a => SpecReader.IsOurs(a) && SpecReader.WordOf(a) == "Extend"))
            .Select(t => reader.ReadConfig(t, cancel)).FirstOrDefault(c => c is { FromSource: true, Inherited: > 0 });
        return config is null ? null : Known.GetValue(reader.Compilation, _ => new()).GetOrAdd(config.Name, _ => With(reader.Compilation, config, cancel));
    }

    private static Compilation With(Compilation compilation, ConfigSpec config, CancellationToken cancel)
    {
        var text = new StringBuilder("#nullable enable\n");
        if (config.Namespace.Length > 0)
        {
            text.Append($"namespace {config.Namespace} {{\n");
        }

        foreach (var container in config.Containers)
        {
            text.Append(container).Append(" {\n");
        }

        text.Append($"partial record {config.SimpleName} {{\n");
        foreach (var member in config.Members.Take(config.Inherited))
        {
            text.Append(member.OfLayer
                ? $"public {member.Type} {member.Name}(int layer) => default!;\n"
                : $"public {member.Type} {member.Name} {{ get; init; }} = default!;\n");
        }

        text.Append('}', config.Containers.Count + (config.Namespace.Length > 0 ? 2 : 1));
        var options = compilation.SyntaxTrees.FirstOrDefault()?.Options as CSharpParseOptions;
        return compilation.AddSyntaxTrees(CSharpSyntaxTree.ParseText(text.ToString(), options, cancellationToken: cancel));
    }
}
