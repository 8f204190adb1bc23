using System.Linq;
using Dsl.Generators.Model;
using Microsoft.CodeAnalysis;

namespace Dsl.Generators.Reading;

/// <summary>Reads an ordinary class that the user wrote and <c>Use</c> names: <c>[Layer&lt;C&gt;]</c> says its config and its output's width.</summary>
internal static class OwnLayerReader
{
    public static OwnLayerSpec Read(INamedTypeSymbol type)
    {
        var layer = type.GetAttributes().FirstOrDefault(a => SpecReader.IsOurs(a) && SpecReader.WordOf(a) == "Layer");
        var config = layer?.AttributeClass?.TypeArguments.FirstOrDefault()?.ToDisplayString(SpecReader.FullName) ?? "";
        var width = layer is { ConstructorArguments.Length: > 0 } ? Constant.Of(layer.ConstructorArguments[0].Value) : Constant.Null;
        return new OwnLayerSpec(type.ToDisplayString(SpecReader.FullName), config, width, type.AllInterfaces.Any(i => i.Name == "ISteppingLayer"));
    }
}
