using System.Collections.Generic;
using System.Linq;
using Microsoft.CodeAnalysis;

namespace Dsl.Generators.Reading;

/// <summary>Warnings that a user gave an id of their own, and that whoever names the symbol gets: generated code does, and cannot be asked to stop.</summary>
internal static class WarningIds
{
    public static IEnumerable<string> Of(IEnumerable<ISymbol> symbols) =>
        symbols.SelectMany(WithContainers).Distinct(SymbolEqualityComparer.Default).SelectMany(s => s!.GetAttributes()).Select(IdOf).OfType<string>()
            .Where(id => id.Length > 0 && id.All(c => char.IsLetterOrDigit(c) || c == '_')).Distinct().OrderBy(id => id, System.StringComparer.Ordinal);

    private static IEnumerable<ISymbol> WithContainers(ISymbol symbol)
    {
        for (var each = symbol; each is not (null or INamespaceSymbol); each = each.ContainingType)
        {
            yield return each;
        }
    }

    private static string? IdOf(AttributeData attribute) => attribute.AttributeClass?.ToDisplayString() switch
    {
        "System.ObsoleteAttribute" => attribute.NamedArguments.FirstOrDefault(n => n.Key == "DiagnosticId").Value.Value as string,
        "System.Diagnostics.CodeAnalysis.ExperimentalAttribute" => attribute.ConstructorArguments.FirstOrDefault().Value as string,
        _ => null,
    };
}
