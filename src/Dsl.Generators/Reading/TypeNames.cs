using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Microsoft.CodeAnalysis;

namespace Dsl.Generators.Reading;

/// <summary>Types are named in specs as C# names them; a compilation finds them by metadata name.</summary>
internal static class TypeNames
{
    private static readonly ConditionalWeakTable<Compilation, ConcurrentDictionary<string, INamedTypeSymbol?>> Found = new();

    public static INamedTypeSymbol? Find(Compilation compilation, string fullName) =>
        Found.GetValue(compilation, _ => new()).GetOrAdd(fullName, name => Search(compilation, name));

    private static INamedTypeSymbol? Search(Compilation compilation, string fullName)
    {
        var name = (fullName.StartsWith("global::", System.StringComparison.Ordinal) ? fullName.Substring(8) : fullName).Replace("@", "");
        for (var dot = name.Length; dot > 0; dot = name.LastIndexOf('.', dot - 1))
        {
            // A nested type: dots from the last one on become pluses.
            var metadata = dot == name.Length ? name : name.Substring(0, dot) + "+" + name.Substring(dot + 1).Replace('.', '+');
            if (compilation.GetTypeByMetadataName(metadata) is { } found)
            {
                return found;
            }
        }

        return null;
    }
}
