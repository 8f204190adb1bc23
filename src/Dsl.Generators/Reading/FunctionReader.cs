using System.Collections.Generic;
using System.Linq;
using System.Threading;
using Dsl.Generators.Model;
using Microsoft.CodeAnalysis;

namespace Dsl.Generators.Reading;

/// <summary>Finds the static functions that a declaration's parts may name: its own, and those of other classes that a <c>nameof</c> points to.</summary>
internal static class FunctionReader
{
    public static IEnumerable<FunctionSpec> Read(INamedTypeSymbol type, IEnumerable<PartSpec> parts, SpecReader reader, CancellationToken cancel)
    {
        var named = parts.SelectMany(p => p.Arguments.Concat(p.Options.Select(o => o.Value)))
            .Where(c => c.Kind == ConstantKind.Reference && c.Owner.Length > 0)
            .Select(c => (c.Owner, c.Text))
            .Distinct()
            .ToList();
        var self = type.ToDisplayString(SpecReader.FullName);
        var own = type.GetMembers().OfType<IMethodSymbol>().Where(m => m.IsStatic && m.MethodKind == MethodKind.Ordinary);
        var seen = new HashSet<string>();
        foreach (var method in own.Where(m => KindOf(m) != FunctionKind.Host || named.Contains((self, m.Name))))
        {
            if (seen.Add(self + "." + method.Name))
            {
                yield return Read(method, reader, cancel);
            }
        }

        foreach (var (owner, name) in named.Where(n => n.Owner != self))
        {
            var other = TypeNames.Find(reader.Compilation, owner);
            if (other?.GetMembers(name).OfType<IMethodSymbol>().FirstOrDefault(m => m.IsStatic) is { } method && seen.Add(owner + "." + name))
            {
                yield return Read(method, reader, cancel);
            }
        }
    }

    private static FunctionSpec Read(IMethodSymbol method, SpecReader reader, CancellationToken cancel)
    {
        var kind = KindOf(method);
        return new FunctionSpec(
            method.ContainingType.ToDisplayString(SpecReader.FullName),
            method.Name,
            kind,
            method.Parameters.Select(p => new FunctionParameter(p.Name, Passed(p, kind) + p.Type.ToDisplayString(SpecReader.FullName))).ToEquatable(),
            method.ReturnType.ToDisplayString(SpecReader.FullName),
            kind == FunctionKind.Host ? "" : ScalarBridge.Read(method, reader, cancel));
    }

    /// <summary>How an argument is passed where generated code calls the function; a recurrence's states are not passed to it.</summary>
    private static string Passed(IParameterSymbol parameter, FunctionKind kind) =>
        kind is FunctionKind.Recurrence or FunctionKind.Transfer ? ""
            : parameter.RefKind switch { RefKind.Ref => "ref ", RefKind.Out => "out ", RefKind.RefReadOnlyParameter => "ref readonly ", _ => "" };

    public static FunctionKind KindOf(IMethodSymbol method) =>
        method.GetAttributes().Where(SpecReader.IsOurs).Select(SpecReader.WordOf).Select(w => w switch
        {
            "Mask" => FunctionKind.Mask,
            "Score" => FunctionKind.Score,
            "Pointwise" => FunctionKind.Pointwise,
            "Recurrence" => FunctionKind.Recurrence,
            "Transfer" => FunctionKind.Transfer,
            _ => FunctionKind.Host,
        }).FirstOrDefault(k => k != FunctionKind.Host);
}
