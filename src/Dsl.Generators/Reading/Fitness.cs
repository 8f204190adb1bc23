using System.Collections.Generic;
using System.Linq;
using System.Threading;
using Dsl.Generators.Model;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Dsl.Generators.Reading;

/// <summary>What C# asks of types that generated code is another part of, or builds.</summary>
internal static class Fitness
{
    /// <summary>In place of a check's arguments: the range holds nothing.</summary>
    public const string EmptyRange = "nothing";

    private const LanguageVersion Oldest = LanguageVersion.CSharp12;

    private const string Readable = "int, long, double, bool, string, Activation, RopeScaling or an array of int, double or string";

    /// <summary>Whether the file that declares it is read as an older C# than generated code is written in.</summary>
    public static bool IsTooOld(SyntaxTree tree) => tree.Options is CSharpParseOptions { LanguageVersion: < Oldest };

    /// <summary>What is wrong with a declaration's class.</summary>
    public static IEnumerable<Fault> OfDeclaration(INamedTypeSymbol type, INamedTypeSymbol config, TypeDeclarationSyntax declaration, CancellationToken cancel)
    {
        if (ReasonOf(type, declaration, cancel) is { } reason)
        {
            yield return new Fault(Problems.ClassUnfit, type.Name, reason, "");
        }

        if (type.InstanceConstructors.FirstOrDefault(c => IsWritten(c, config)) is { } constructor)
        {
            yield return new Fault(Problems.MemberOfGenerated, constructor.ToDisplayString(SymbolDisplayFormat.MinimallyQualifiedFormat), "", "");
        }

        if (Reach(config) < Reach(type))
        {
            yield return new Fault(Problems.ConfigUnfit, config.Name, $"it is less visible than '{type.Name}', whose constructor takes it", "");
        }

        var model = type.GetAttributes().Any(a => SpecReader.IsOurs(a) && SpecReader.WordOf(a) == "Model");
        foreach (var member in type.GetMembers().Where(m => !m.IsImplicitlyDeclared && !IsGenerated(m) && GeneratedMembers.Of(model).Contains(m.Name)))
        {
            yield return new Fault(Problems.MemberOfGenerated, member.Name, "", member.Name);
        }
    }

    /// <summary>Whether a constructor of the user's has the parameters of one that is written: config and weights, with the sizes of what flows or a
    /// type.</summary>
    private static bool IsWritten(IMethodSymbol constructor, INamedTypeSymbol config) =>
        !constructor.IsImplicitlyDeclared
            && !IsGenerated(constructor)
            && constructor.Parameters.Length > 1
            && SymbolEqualityComparer.Default.Equals(constructor.Parameters[0].Type, config)
            && constructor.Parameters[1].Type.ToDisplayString() is "Dsl.Runtime.Weights" or "TorchSharp.torch.ScalarType"
            && constructor.Parameters.Skip(2).All(p => p.Type.SpecialType == SpecialType.System_Int64 || p.Type.Name == "Device");

    /// <summary>What is wrong with a record of which a config is read.</summary>
    /// <param name="type">The record.</param>
    /// <param name="extended">The record that <c>Extend</c> names.</param>
    /// <param name="inherited">Members of it.</param>
    /// <param name="own">Members of the record itself.</param>
    public static IEnumerable<Fault> OfConfig(
        INamedTypeSymbol type, INamedTypeSymbol? extended, IReadOnlyList<MemberSpec> inherited, IReadOnlyList<MemberSpec> own, bool extendsItself)
    {
        if (!type.IsRecord)
        {
            yield break;
        }

        var reason = type.IsAbstract ? "it is abstract"
            : HasTypeParameters(type) ? "it has type parameters"
            : type.IsFileLocal ? "it is local to its file"
            : IsKeyword(type.Name) ? "its name is a keyword of C#"
            : type.BaseType is { SpecialType: SpecialType.None, IsRecord: true } origin
                ? $"it derives from '{origin.Name}', and C# inheritance is not read: say Extend<{origin.Name}>"
            : extendsItself ? "it extends itself"
            : extended is { IsRecord: false } ? $"it extends '{extended.Name}', which is no record"
            : Namesake(type) is { } other ? $"'{other}' stands beside it, and so is the class called that would read it"
            : null;
        if (reason is not null)
        {
            yield return new Fault(Problems.ConfigUnfit, type.Name, reason, "");
        }

        foreach (var member in type.GetMembers().Where(m => own.Any(o => o.Name == m.Name) && IsObsoleteError(m)))
        {
            yield return new Fault(Problems.ConfigUnfit, type.Name, $"'{member.Name}' is obsolete as an error, so that nothing can read it", member.Name);
        }

        foreach (var member in own.Where(m => IsKeyword(m.Name)))
        {
            yield return new Fault(Problems.ConfigUnfit, type.Name, $"'{member.Name}' is a keyword of C#", member.Name);
        }

        foreach (var member in own.Where(m => inherited.Any(i => i.Name == m.Name && i.Type != m.Type)))
        {
            yield return new Fault(
                Problems.ConfigUnfit,
                type.Name,
                $"'{member.Name}' is {Names.Simple(inherited.First(i => i.Name == member.Name).Type)} in '{extended!.Name}', which it extends",
                member.Name);
        }

        foreach (var member in own.Where(m => m.Range.Length > 0 && (m.Kind is not (MemberKind.Integer or MemberKind.Number) || m.Paths.Count == 0)))
        {
            yield return new Fault(Problems.ConfigUnfit, type.Name, $"'{member.Name}' has a Range and is no number of the file", member.Name);
        }

        foreach (var member in own.Where(m => m.Range == EmptyRange))
        {
            yield return new Fault(Problems.ConfigUnfit, type.Name, $"no number is in the Range of '{member.Name}'", member.Name);
        }

        foreach (var member in inherited.Concat(own).Where(m => m is { Stored: true, OfLayer: false, Paths.Count: > 0 }))
        {
            if (member.Kind is MemberKind.Other or MemberKind.Type)
            {
                yield return new Fault(
                    Problems.ConfigUnfit,
                    type.Name,
                    $"'{member.Name}' is {Names.Simple(member.Type)}, expected {Readable}",
                    member.Name);
            }
            else if (!member.Positional
                && type.GetMembers(member.Name).FirstOrDefault() is IPropertySymbol { IsStatic: false } property
                && !IsGenerated(property)
                && property.SetMethod is not { DeclaredAccessibility: Accessibility.Public or Accessibility.Internal })
            {
                yield return new Fault(Problems.ConfigUnfit, type.Name, $"'{member.Name}' has neither init nor set", member.Name);
            }
        }
    }

    /// <summary>How far a type is seen: 2 everywhere, 1 in its assembly, 0 in the types around it.</summary>
    public static int Reach(INamedTypeSymbol type)
    {
        var own = type.DeclaredAccessibility switch
        {
            Accessibility.Public => 2,
            Accessibility.Internal or Accessibility.ProtectedOrInternal => 1,
            _ => 0,
        };
        return type.ContainingType is { } outer ? System.Math.Min(own, Reach(outer)) : own;
    }

    /// <summary>Whether it or a type around it is generic.</summary>
    public static bool HasTypeParameters(INamedTypeSymbol type) =>
        type.TypeParameters.Length > 0 || (type.ContainingType is { } outer && HasTypeParameters(outer));

    public static bool IsGenerated(ISymbol member) =>
        member.DeclaringSyntaxReferences.Length > 0
            && member.DeclaringSyntaxReferences.All(r => r.SyntaxTree.FilePath.EndsWith(".g.cs", System.StringComparison.Ordinal));

    private static string? ReasonOf(INamedTypeSymbol type, TypeDeclarationSyntax declaration, CancellationToken cancel)
    {
        if (IsTooOld(declaration.SyntaxTree) && declaration.SyntaxTree.Options is CSharpParseOptions { LanguageVersion: var version })
        {
            return $"it is written in C# {Oldest.ToDisplayString()}, and the project says {version.ToDisplayString()}";
        }

        for (var outer = type.ContainingType; outer is not null; outer = outer.ContainingType)
        {
            var parts = outer.DeclaringSyntaxReferences.Select(r => r.GetSyntax(cancel)).OfType<TypeDeclarationSyntax>();
            if (!parts.Any(p => !p.SyntaxTree.FilePath.EndsWith(".g.cs", System.StringComparison.Ordinal) && p.Modifiers.Any(SyntaxKind.PartialKeyword)))
            {
                return $"'{outer.Name}' around it is not partial";
            }
        }

        return type.TypeKind != TypeKind.Class ? "it is no class"
            : type.IsRecord ? "it is a record"
            : type.IsStatic ? "it is static"
            : type.IsAbstract ? "it is abstract"
            : type.IsFileLocal ? "it is local to its file"
            : type.TypeParameters.Length > 0 ? "it has type parameters"
            : type.InstanceConstructors.Any(c => c.DeclaringSyntaxReferences.Any(r => r.GetSyntax(cancel) is TypeDeclarationSyntax))
                ? "it has a primary constructor, and its constructor is written beside it"
            : IsDeclaredTwice(type) ? "it says both Block and Model"
            : type.BaseType is { SpecialType: SpecialType.None, TypeKind: not TypeKind.Error } origin
                && origin.ContainingNamespace.ToDisplayString() != "Dsl.Runtime"
                ? $"it derives from '{origin.Name}', and it must derive from the runtime's module"
            : null;
    }

    private static bool IsDeclaredTwice(INamedTypeSymbol type) =>
        type.GetAttributes().Where(a => SpecReader.IsOurs(a)).Select(SpecReader.WordOf).Where(w => w is "Block" or "Model").Distinct().Count() > 1;

    /// <summary>A type beside the config that is called as its reader will be.</summary>
    private static string? Namesake(INamedTypeSymbol config) =>
        (config.ContainingType is { } outer ? outer.GetTypeMembers(config.Name + "Json") : config.ContainingNamespace.GetTypeMembers(config.Name + "Json"))
            .FirstOrDefault(t => t.TypeParameters.Length == 0 && SymbolEqualityComparer.Default.Equals(t.ContainingAssembly, config.ContainingAssembly)
                && t.DeclaringSyntaxReferences.Any(r => !r.SyntaxTree.FilePath.EndsWith(".g.cs", System.StringComparison.Ordinal)))?.Name;

    private static bool IsObsoleteError(ISymbol member) =>
        member.GetAttributes().Any(a => a.AttributeClass?.ToDisplayString() == "System.ObsoleteAttribute" && a.ConstructorArguments.Any(c => c.Value is true));

    private static bool IsKeyword(string name) => SyntaxFacts.GetKeywordKind(name) != SyntaxKind.None;
}

/// <summary>Names that generated code gives to members of a declaration.</summary>
internal static class GeneratedMembers
{
    private static readonly HashSet<string> OfEvery = ["Advance", "Begin", "Forward", "Fusions", "Masks", "State"];

    private static readonly HashSet<string> OfModels =
    [
        .. OfEvery, "Config", "Configuration", "Fused", "Inputs", "KeyRules", "Load", "NewState", "Outputs", "ParameterCount", "Results", "Run",
        "Architectures", "ConfigValues", "ModelType", "Writes",
        "Wanted",
    ];

    /// <summary>What users see of it. C# lets no member be named like its class.</summary>
    public static bool IsPublic(string name, bool model) => (model ? OfModels : OfEvery).Contains(name);

    /// <summary>These, the config's field, and what every module has and its generated part reads.</summary>
    public static HashSet<string> Of(bool model) => [.. model ? OfModels : OfEvery, "config", "layer", "training", "Weights"];
}
