using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Linq;
using System.Runtime.CompilerServices;
using System.Threading;
using Dsl.Generators.Model;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Dsl.Generators.Reading;

/// <summary>
/// Turns syntax and symbols into specs. Each type is read once per compilation; a type of a referenced assembly is read from the text that the
/// generator left in it. Nothing of Roslyn leaves this class inside a spec.
/// </summary>
internal sealed class SpecReader
{
    private static readonly ConditionalWeakTable<Compilation, ConcurrentDictionary<Vocabulary, SpecReader>> Readers = new();

    private readonly Compilation compilation;
    private readonly Vocabulary vocabulary;
    private readonly ConcurrentDictionary<ISymbol, DeclarationSpec?> declarations = new(SymbolEqualityComparer.Default);
    private readonly ConcurrentDictionary<ISymbol, (string Name, INamedTypeSymbol? Type)[]> named = new(SymbolEqualityComparer.Default);
    private readonly ConcurrentDictionary<ISymbol, ConfigSpec> configs = new(SymbolEqualityComparer.Default);

    private readonly ConcurrentDictionary<SyntaxTree, SemanticModel> semantics = new();

    private readonly System.Lazy<HiddenNames> hidden;

    private SpecReader(Compilation compilation, Vocabulary vocabulary)
    {
        this.compilation = compilation;
        this.vocabulary = vocabulary;
        hidden = new System.Lazy<HiddenNames>(() => new HiddenNames(compilation));
    }

    public static readonly SymbolDisplayFormat FullName = SymbolDisplayFormat.FullyQualifiedFormat;

    public static SpecReader For(Compilation compilation, Vocabulary vocabulary) =>
        Readers.GetValue(compilation, _ => new()).GetOrAdd(vocabulary, v => new SpecReader(compilation, v));

    public Compilation Compilation => compilation;

    /// <summary>A declaration with all that it uses, or null where the class declares nothing.</summary>
    public ClosedSpec? ReadClosed(INamedTypeSymbol type, CancellationToken cancel)
    {
        var main = Read(type, cancel);
        if (main is null)
        {
            return null;
        }

        var others = new Dictionary<string, DeclarationSpec>();
        var own = new Dictionary<string, OwnLayerSpec>();
        var queue = new Queue<(INamedTypeSymbol Type, DeclarationSpec Spec)>();
        queue.Enqueue((type, main));
        while (queue.Count > 0)
        {
            cancel.ThrowIfCancellationRequested();
            var (owner, spec) = queue.Dequeue();
            foreach (var (used, target) in named.GetOrAdd(owner, _ => NamedBy(owner, spec)))
            {
                if (others.ContainsKey(used) || own.ContainsKey(used) || used == main.Name || target is not { } symbol)
                {
                    continue;
                }

                if (Read(symbol, cancel) is { } found)
                {
                    others[used] = found;
                    queue.Enqueue((symbol, found));
                }
                else
                {
                    own[used] = OwnLayerReader.Read(symbol);
                }
            }
        }

        return new ClosedSpec(
            main,
            others.OrderBy(o => o.Key, System.StringComparer.Ordinal).Select(o => o.Value).ToEquatable(),
            own.OrderBy(o => o.Key, System.StringComparer.Ordinal).Select(o => o.Value).ToEquatable());
    }

    public SemanticModel SemanticsOf(SyntaxTree tree) => semantics.GetOrAdd(tree, t => compilation.GetSemanticModel(t));

    public DeclarationSpec? Read(INamedTypeSymbol type, CancellationToken cancel) =>
        declarations.GetOrAdd(type, t => SymbolEqualityComparer.Default.Equals(t.ContainingAssembly, compilation.Assembly)
            ? ReadSource((INamedTypeSymbol)t, cancel)
            : CompiledSpecs.Of(t.ContainingAssembly)?.Declaration(t.ToDisplayString(FullName)));

    public ConfigSpec ReadConfig(INamedTypeSymbol type, CancellationToken cancel) =>
        configs.GetOrAdd(type, t => ((SymbolEqualityComparer.Default.Equals(t.ContainingAssembly, compilation.Assembly)
            ? null
            : CompiledSpecs.Of(t.ContainingAssembly)?.Config(t.ToDisplayString(FullName))) ?? new ConfigSpecReader(this).Read((INamedTypeSymbol)t, cancel)) with
        {
            Silenced = WarningIds.Of([t, .. ((INamedTypeSymbol)t).GetMembers()]).ToEquatable(),
        });

    /// <summary>The types that a declaration uses and derives from.</summary>
    private (string Name, INamedTypeSymbol? Type)[] NamedBy(INamedTypeSymbol owner, DeclarationSpec spec) =>
        [.. spec.Uses.Concat(spec.Base.Length > 0 ? [spec.Base] : []).Select(used => (used, FindType(owner, used)))];

    /// <summary>A type that a declaration names.</summary>
    private INamedTypeSymbol? FindType(INamedTypeSymbol from, string fullName)
    {
        var attributes = from.GetAttributes().SelectMany(a => a.AttributeClass?.TypeArguments.AsEnumerable() ?? []).OfType<INamedTypeSymbol>();
        if (attributes.FirstOrDefault(t => t.ToDisplayString(FullName) == fullName) is { } direct)
        {
            return direct;
        }

        return TypeNames.Find(compilation, fullName);
    }

    private DeclarationSpec? ReadSource(INamedTypeSymbol type, CancellationToken cancel)
    {
        if (HeadOf(type, cancel) is not var (head, configType, declaration))
        {
            return null;
        }

        var attributes = type.GetAttributes().Where(IsOurs).ToList();
        var model = SemanticsOf(declaration.SyntaxTree);
        var bySyntax = new Dictionary<AttributeSyntax, AttributeData>();
        foreach (var attribute in attributes)
        {
            if (attribute.ApplicationSyntaxReference?.GetSyntax(cancel) is AttributeSyntax syntax && syntax.Parent?.Parent == declaration)
            {
                bySyntax[syntax] = attribute;
            }
        }

        var header = new List<PartSpec>();
        var brackets = new List<BracketSpec>();
        for (var list = 0; list < declaration.AttributeLists.Count; list++)
        {
            var parts = new List<PartSpec>();
            for (var index = 0; index < declaration.AttributeLists[list].Attributes.Count; index++)
            {
                cancel.ThrowIfCancellationRequested();
                var syntax = declaration.AttributeLists[list].Attributes[index];
                if (!bySyntax.TryGetValue(syntax, out var data))
                {
                    continue;
                }

                var part = PartReader.Read(data, syntax, new Place(list, index), type, model, cancel);
                if (Vocabulary.Header.Contains(part.Name) || Vocabulary.OfConfigs.Contains(part.Name))
                {
                    header.Add(part);
                }
                else if (vocabulary.IsPart(part.Name))
                {
                    parts.Add(part);
                }
            }

            if (parts.Count > 0)
            {
                brackets.Add(new BracketSpec(parts.ToEquatable()));
            }
        }

        var all = header.Concat(brackets.SelectMany(b => b.Parts)).ToList();
        var derive = header.FirstOrDefault(p => p.Name == "Derive");
        var uses = brackets.SelectMany(b => b.Parts).SelectMany(p => p.Types).Distinct();
        return new DeclarationSpec(
            type.ToDisplayString(FullName),
            type.ContainingNamespace.IsGlobalNamespace ? "" : type.ContainingNamespace.ToDisplayString(),
            Containers(type).ToEquatable(),
            WordOf(head) == "Model",
            declaration.Modifiers.Any(SyntaxKind.PartialKeyword),
            IsPublic(type),
            type.IsSealed,
            ReadConfig(configType, cancel),
            head.ConstructorArguments.Length > 0 && head.ConstructorArguments[0] is { Kind: TypedConstantKind.Array, Values.IsDefault: false } names
                ? names.Values.Select(v => v.Value as string ?? "").ToEquatable()
                : EquatableArray<string>.Empty,
            derive?.Types.FirstOrDefault() ?? "",
            header.ToEquatable(),
            brackets.ToEquatable(),
            FunctionReader.Read(type, all, this, cancel).ToEquatable(),
            uses.ToEquatable(),
            FromSource: true,
            Hidden: hidden.Value.In(type, beside: false))
        {
            Silenced = WarningIds.Of([type, .. type.GetMembers(), .. attributes.SelectMany(a => a.AttributeClass!.TypeArguments)]).ToEquatable(),
            IsSpread = Strays(type, declaration, vocabulary, cancel).Any(),
            Faults = Fitness.OfDeclaration(type, configType, declaration, cancel).ToEquatable(),
            IsTooOld = Fitness.IsTooOld(declaration.SyntaxTree),
            IsUnlisted = Fitness.Reach(type) == 0 || Fitness.HasTypeParameters(type),
            OwnMembers = type.GetMembers().Where(m => !m.IsImplicitlyDeclared && m.CanBeReferencedByName && !Fitness.IsGenerated(m))
                .Select(m => m.Name).Distinct().OrderBy(n => n, System.StringComparer.Ordinal).ToEquatable(),
        };
    }

    /// <summary>Names of the runtime that something of the user's hides beside this type.</summary>
    public EquatableArray<HiddenName> HiddenBeside(INamedTypeSymbol type) => hidden.Value.In(type, beside: true);

    /// <summary>The attribute that makes a class a declaration, its config, and the part of the class that it stands on; null where it is none.</summary>
    public static (AttributeData Head, INamedTypeSymbol Config, TypeDeclarationSyntax Declaration)? HeadOf(INamedTypeSymbol type, CancellationToken cancel)
    {
        var head = type.GetAttributes().FirstOrDefault(a => IsOurs(a) && WordOf(a) is "Block" or "Model");
        return head?.AttributeClass?.TypeArguments.FirstOrDefault() is INamedTypeSymbol { TypeKind: not TypeKind.Error } config
            && head.ApplicationSyntaxReference?.GetSyntax(cancel) is AttributeSyntax { Parent.Parent: TypeDeclarationSyntax declaration }
            ? (head, config, declaration)
            : null;
    }

    /// <summary>Attributes of dataflow on other parts of the class.</summary>
    public static IEnumerable<AttributeSyntax> Strays(
        INamedTypeSymbol type, TypeDeclarationSyntax declaration, Vocabulary vocabulary, CancellationToken cancel) =>
        type.GetAttributes().Where(a => IsOurs(a) && vocabulary.IsPart(WordOf(a)))
            .Select(a => a.ApplicationSyntaxReference?.GetSyntax(cancel)).OfType<AttributeSyntax>()
            .Where(a => a.Parent?.Parent != declaration);

    public static bool IsOurs(AttributeData attribute) =>
        attribute.AttributeClass is { ContainingNamespace: { Name: Vocabulary.Namespace, ContainingNamespace.IsGlobalNamespace: true } };

    public static string WordOf(AttributeData attribute)
    {
        var name = attribute.AttributeClass!.Name;
        return name.EndsWith("Attribute", System.StringComparison.Ordinal) ? name.Substring(0, name.Length - "Attribute".Length) : name;
    }

    private static bool IsPublic(INamedTypeSymbol type) =>
        type.DeclaredAccessibility == Accessibility.Public && (type.ContainingType is null || IsPublic(type.ContainingType));

    private static string KindOf(INamedTypeSymbol type) => type.TypeKind switch
    {
        TypeKind.Struct => "struct",
        TypeKind.Interface => "interface",
        _ => "class",
    };

    public static IEnumerable<string> Containers(INamedTypeSymbol type) =>
        type.ContainingType is not { } outer
            ? []
            : Containers(outer).Append(
                $"partial {(outer.IsRecord ? "record " : "")}{KindOf(outer)} {outer.ToDisplayString(SymbolDisplayFormat.MinimallyQualifiedFormat)}");
}
