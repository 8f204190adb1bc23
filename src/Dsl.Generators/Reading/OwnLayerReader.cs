using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Model;
using Microsoft.CodeAnalysis;

namespace Dsl.Generators.Reading;

/// <summary>
/// Reads an ordinary class that the user wrote and <c>Use</c> names: <c>[Layer&lt;C&gt;]</c> says its config and what it gives, <c>[Input]</c> and
/// <c>[Axis]</c> what it reads beside the value that flows, and its methods how it is called.
/// </summary>
internal static class OwnLayerReader
{
    private const string Tensor = "TorchSharp.torch.Tensor", Pass = "Dsl.Runtime.Pass", State = "Dsl.Runtime.IStatePart";

    public static OwnLayerSpec Read(INamedTypeSymbol type)
    {
        var ours = type.GetAttributes().Where(SpecReader.IsOurs).ToList();
        var layer = ours.FirstOrDefault(a => SpecReader.WordOf(a) == "Layer");
        var config = layer?.AttributeClass?.TypeArguments.FirstOrDefault()?.ToDisplayString(SpecReader.FullName) ?? "";
        var width = layer is { ConstructorArguments.Length: > 0 } ? Constant.Of(layer.ConstructorArguments[0].Value) : Constant.Null;
        var inputs = ours.Where(a => SpecReader.WordOf(a) == "Input").ToList();
        var gives = layer?.NamedArguments.FirstOrDefault(n => n.Key == "Gives").Value.Value as string ?? "";
        return new OwnLayerSpec(type.ToDisplayString(SpecReader.FullName), config, width, type.AllInterfaces.Any(i => i.Name == "IKeepsState"))
        {
            Gives = gives,
            Inputs = inputs.Select(a => new OwnInput(Text(a, 0), a.ConstructorArguments.Length > 1 ? Text(a, 1) : "")).ToEquatable(),
            Axes = ours.Where(a => SpecReader.WordOf(a) == "Axis")
                .Select(a => new OwnAxis(Text(a, 0), a.ConstructorArguments.Length > 1 ? Constant.Of(a.ConstructorArguments[1].Value) : Constant.Null))
                .ToEquatable(),
            Methods = Methods(type).Distinct().ToEquatable(),
            ModelWord = inputs.SelectMany(a => a.NamedArguments.Select(n => n.Key)).FirstOrDefault() ?? "",
            IsBuilt = type.AllInterfaces.Any(i => i.Name == "IBuiltLayer" && i.TypeArguments.Length == 2
                && SymbolEqualityComparer.Default.Equals(i.TypeArguments[0], type)
                && i.TypeArguments[1].ToDisplayString(SpecReader.FullName) == config)
                && type.GetMembers("Create").Any(m => m is { IsStatic: true, DeclaredAccessibility: Accessibility.Public }),
        };
    }

    private static string Text(AttributeData attribute, int argument) =>
        attribute.ConstructorArguments.Length > argument ? attribute.ConstructorArguments[argument].Value as string ?? "" : "";

    /// <summary>Its public methods <c>Forward</c> and <c>Advance</c>, tensors after the first with their names: <c>Forward(Tensor, Tensor memory,
    /// Pass)</c>.</summary>
    private static IEnumerable<string> Methods(INamedTypeSymbol type)
    {
        for (var owner = type; owner is not null; owner = owner.BaseType)
        {
            foreach (var method in owner.GetMembers().OfType<IMethodSymbol>().Where(m => m.Name is "Forward" or "Advance"
                && m is { IsStatic: false, DeclaredAccessibility: Accessibility.Public, IsGenericMethod: false }
                && m.ReturnType.ToDisplayString() == Tensor))
            {
                yield return $"{method.Name}({string.Join(", ", method.Parameters.Select(Parameter))})";
            }
        }
    }

    private static string Parameter(IParameterSymbol parameter) => parameter.RefKind != RefKind.None ? "?" : parameter.Type.ToDisplayString() switch
    {
        Tensor => parameter.Ordinal == 0 ? "Tensor" : "Tensor " + parameter.Name,
        Pass => "Pass",
        State => "IStatePart",
        _ => "?",
    };
}
