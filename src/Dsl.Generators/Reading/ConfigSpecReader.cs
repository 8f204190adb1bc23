using System.Collections.Generic;
using System.Linq;
using System.Threading;
using Dsl.Generators.Model;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Dsl.Generators.Reading;

/// <summary>Reads a config record: what stands in the file, what is derived from it, the published sizes.</summary>
internal sealed class ConfigSpecReader(SpecReader reader)
{
    public ConfigSpec Read(INamedTypeSymbol type, CancellationToken cancel)
    {
        var attributes = type.GetAttributes().Where(SpecReader.IsOurs).ToList();
        var extended = Extended(type);
        var origin = extended is null || ExtendsItself(type) ? null : reader.ReadConfig(extended, cancel);

        // What the base has from a base of its own is no parameter of its constructor.
        var inherited = origin is null ? null : origin with
        {
            Members = origin.Members.Select((m, i) => i < origin.Inherited ? m with { Positional = false } : m).ToEquatable(),
        };

        var own = new List<MemberSpec>();
        var constructor = type.InstanceConstructors.Where(c => !c.IsImplicitlyDeclared || c.Parameters.Length > 0)
            .Where(c => !(c.Parameters.Length == 1 && SymbolEqualityComparer.Default.Equals(c.Parameters[0].Type, type)))
            .OrderByDescending(c => c.Parameters.Length).FirstOrDefault();
        foreach (var parameter in constructor?.Parameters ?? System.Collections.Immutable.ImmutableArray<IParameterSymbol>.Empty)
        {
            var syntax = parameter.DeclaringSyntaxReferences.FirstOrDefault()?.GetSyntax(cancel) as ParameterSyntax;
            own.Add(Member(
                parameter.Name, parameter.Type, PathsOf(parameter), DefaultOf(syntax?.Default?.Value, cancel), positional: true, ofLayer: false, body: "") with
            {
                Range = RangeOf(parameter),
            });
        }

        // Where the generator has run already, what it wrote for Extend stands among the members: it is the base's.
        foreach (var member in InOrder(type.GetMembers()).Where(
            m => (inherited is null || !Fitness.IsGenerated(m)) && !m.GetAttributes().Any(a => SpecReader.IsOurs(a) && SpecReader.WordOf(a) == "Preset")))
        {
            cancel.ThrowIfCancellationRequested();
            switch (member)
            {
                case IPropertySymbol { IsStatic: false, IsIndexer: false } property
                    when property.Name != "EqualityContract" && own.All(m => m.Name != property.Name):
                    var syntax = property.DeclaringSyntaxReferences.FirstOrDefault()?.GetSyntax(cancel) as PropertyDeclarationSyntax;
                    var body = syntax?.ExpressionBody?.Expression;
                    var value = Member(
                        property.Name,
                        property.Type,
                        PathsOf(property),
                        DefaultOf(syntax?.Initializer?.Value, cancel),
                        false,
                        false,
                        body is null ? "" : Portable(body, cancel));
                    own.Add(value with { ReadsPrivate = body is not null && ReadsPrivate(body, cancel), Range = RangeOf(property) });
                    break;
                case IMethodSymbol { IsStatic: false, MethodKind: MethodKind.Ordinary, Parameters: { Length: 1 } only } method
                    when !method.IsImplicitlyDeclared && only[0].Type.SpecialType == SpecialType.System_Int32:
                    var text = (method.DeclaringSyntaxReferences.FirstOrDefault()?.GetSyntax(cancel) as MethodDeclarationSyntax)?.ExpressionBody?.Expression;
                    var ofLayer = Member(
                        method.Name, method.ReturnType, EquatableArray<string>.Empty, only[0].Name, false, true, text is null ? "?" : Portable(text, cancel));
                    own.Add(ofLayer with { ReadsPrivate = text is null || ReadsPrivate(text, cancel) });
                    break;
            }
        }

        // A config that is inside itself has no end.
        own = own.Select(m => m.Kind == MemberKind.Config && Encloses(type, type) ? m with { Kind = MemberKind.Other } : m).ToList();
        var headers = attributes.ToLookup(SpecReader.WordOf);
        var ofMembers = type.InstanceConstructors.SelectMany(c => c.Parameters).Concat<ISymbol>(type.GetMembers().OfType<IPropertySymbol>())
            .SelectMany(m => m.GetAttributes()).Where(a => SpecReader.IsOurs(a) && SpecReader.WordOf(a) == "Only");
        return new ConfigSpec(
            type.ToDisplayString(SpecReader.FullName),
            inherited?.Name ?? "",
            type.ContainingNamespace.IsGlobalNamespace ? "" : type.ContainingNamespace.ToDisplayString(),
            type.DeclaringSyntaxReferences
                .Select(r => r.GetSyntax(cancel))
                .OfType<TypeDeclarationSyntax>()
                .Any(d => d.Modifiers.Any(SyntaxKind.PartialKeyword)),
            type.DeclaredAccessibility == Accessibility.Public,
            type.IsRecord
                ? (inherited?.Members ?? EquatableArray<MemberSpec>.Empty).Where(m => own.All(o => o.Name != m.Name)).Concat(own).ToEquatable()
                : EquatableArray<MemberSpec>.Empty,
            inherited?.Members.Count(m => own.All(o => o.Name != m.Name)) ?? 0,
            (inherited?.Only ?? EquatableArray<Option>.Empty).Concat(headers["Only"].Concat(ofMembers).Where(a => a.ConstructorArguments.Length == 2)
                .Select(a => new Option(a.ConstructorArguments[0].Value as string ?? "", Constant.Of(a.ConstructorArguments[1].Value), -1))).ToEquatable(),
            (inherited?.NoEffect ?? EquatableArray<string>.Empty).Concat(headers["NoEffect"].SelectMany(a => Strings(a.ConstructorArguments))).ToEquatable(),
            Presets(type, cancel).ToEquatable(),
            FromSource: type.DeclaringSyntaxReferences.Length > 0,
            (inherited?.Members ?? EquatableArray<MemberSpec>.Empty)
                .Where(m => m is { Stored: true, OfLayer: false } && own.Any(o => o.Name == m.Name && !o.OfLayer))
                .ToEquatable(),
            Hidden: reader.HiddenBeside(type),
            Containers: SpecReader.Containers(type).ToEquatable(),
            Ancestors: (origin is null ? [] : origin.Ancestors.Append(origin.Name)).ToEquatable())
        {
            Extended = origin is { FromSource: true } ? origin : null,
            ModelType = headers["ModelType"].Select(a => a.ConstructorArguments.FirstOrDefault().Value as string).FirstOrDefault() ?? "",
            SavedAs = headers["ModelType"].SelectMany(a => a.NamedArguments).Where(n => n.Key == "Architecture").Select(n => n.Value.Value as string)
                .FirstOrDefault() ?? "",
            Inside = Inner(type).Select(inner => reader.ReadConfig(inner, cancel)).Where(inner => inner.FromSource).ToEquatable(),
            IsPrivate = Fitness.Reach(type) == 0,
            Faults = Fitness.OfConfig(type, extended, inherited?.Members ?? EquatableArray<MemberSpec>.Empty, own, ExtendsItself(type))
                .Concat(WithoutSpec(type))
                .ToEquatable(),
        };
    }

    private static INamedTypeSymbol? Extended(INamedTypeSymbol type) =>
        type.GetAttributes().FirstOrDefault(a => SpecReader.IsOurs(a) && SpecReader.WordOf(a) == "Extend")?.AttributeClass?.TypeArguments.FirstOrDefault()
            is INamedTypeSymbol { TypeKind: not TypeKind.Error } origin ? origin : null;

    private static bool ExtendsItself(INamedTypeSymbol type)
    {
        var seen = new HashSet<ISymbol>(SymbolEqualityComparer.Default);
        for (var origin = type; origin is not null; origin = Extended(origin))
        {
            if (!seen.Add(origin))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Compiled elsewhere: of such a record the compiler left nothing to read.</summary>
    private IEnumerable<Fault> WithoutSpec(INamedTypeSymbol type) =>
        type.IsRecord && !SymbolEqualityComparer.Default.Equals(type.ContainingAssembly, reader.Compilation.Assembly)
            ? [new Fault(Problems.ConfigUnfit, type.Name, $"'{type.ContainingAssembly.Name}' was compiled with no declaration that uses it", "")]
            : [];

    private static MemberSpec Member(string name, ITypeSymbol type, EquatableArray<string> paths, string initial, bool positional, bool ofLayer, string body)
    {
        // Where nullable is off, a default of null says that it may be null.
        var unsaid = type is { IsReferenceType: true, NullableAnnotation: NullableAnnotation.None } && initial is "null" or "default";
        var nullable = unsaid
            || type.NullableAnnotation == NullableAnnotation.Annotated
            || type.OriginalDefinition.SpecialType == SpecialType.System_Nullable_T;
        var plain = type is INamedTypeSymbol { OriginalDefinition.SpecialType: SpecialType.System_Nullable_T } wrapped ? wrapped.TypeArguments[0] : type;
        var kind = plain.SpecialType switch
        {
            SpecialType.System_Int32 or SpecialType.System_Int64 => MemberKind.Integer,
            SpecialType.System_Double => MemberKind.Number,
            SpecialType.System_Boolean => MemberKind.Truth,
            SpecialType.System_String => MemberKind.Text,
            _ => plain.ToDisplayString(SpecReader.FullName) switch
            {
                "global::Dsl.Activation" => MemberKind.Activation,
                "global::Dsl.Runtime.RopeScaling" or "global::Dsl.RopeScaling" => MemberKind.Scaling,
                "global::System.Type" => MemberKind.Type,
                _ => IsList(plain) ? MemberKind.List : IsConfig(plain) ? MemberKind.Config : MemberKind.Other,
            },
        };
        return new MemberSpec(name, type.ToDisplayString(SpecReader.FullName.WithMiscellaneousOptions(
            SymbolDisplayMiscellaneousOptions.IncludeNullableReferenceTypeModifier | SymbolDisplayMiscellaneousOptions.UseSpecialTypes))
                + (unsaid ? "?" : ""),
            kind, nullable, paths, initial, positional, ofLayer, body)
        {
            Extends = kind == MemberKind.Config ? Ancestry((INamedTypeSymbol)plain).ToEquatable() : EquatableArray<string>.Empty,
        };
    }

    /// <summary>A record of which something stands in a file.</summary>
    private static bool IsConfig(ITypeSymbol type) => type is INamedTypeSymbol { IsRecord: true, TypeKind: TypeKind.Class } record
        && (Extended(record) is not null
            || record.InstanceConstructors.SelectMany(c => c.Parameters).Concat<ISymbol>(record.GetMembers().OfType<IPropertySymbol>())
                .Any(s => s.GetAttributes().Any(a => SpecReader.IsOurs(a) && SpecReader.WordOf(a) is "Key" or "Count")));

    /// <summary>The configs that stand inside one, where they end.</summary>
    private static IEnumerable<INamedTypeSymbol> Inner(INamedTypeSymbol type) => Encloses(type, type) ? [] : Members(type);

    private static IEnumerable<INamedTypeSymbol> Members(INamedTypeSymbol type) =>
        type.GetMembers().OfType<IPropertySymbol>().Where(p => !p.IsStatic && p.Name != "EqualityContract").Select(p => p.Type)
            .Concat(type.InstanceConstructors.SelectMany(c => c.Parameters).Select(p => p.Type).Where(t => !SymbolEqualityComparer.Default.Equals(t, type)))
            .OfType<INamedTypeSymbol>().Where(IsConfig)
            .Distinct<INamedTypeSymbol>(SymbolEqualityComparer.Default);

    /// <summary>Whether a config is reached from the members of another.</summary>
    private static bool Encloses(INamedTypeSymbol outer, INamedTypeSymbol wanted)
    {
        var (seen, open) = (new HashSet<ISymbol>(SymbolEqualityComparer.Default), new Stack<INamedTypeSymbol>(Members(outer)));
        while (open.Count > 0)
        {
            var next = open.Pop();
            if (SymbolEqualityComparer.Default.Equals(next, wanted))
            {
                return true;
            }

            if (seen.Add(next))
            {
                foreach (var inner in Members(next))
                {
                    open.Push(inner);
                }
            }
        }

        return false;
    }

    /// <summary>The records that a record extends, the first of them first.</summary>
    private static IEnumerable<string> Ancestry(INamedTypeSymbol type)
    {
        var all = new List<string>();
        for (var origin = ExtendsItself(type) ? null : Extended(type); origin is not null; origin = Extended(origin))
        {
            all.Insert(0, origin.ToDisplayString(SpecReader.FullName));
        }

        return all;
    }

    /// <summary>An array, or an interface that one has, of what lists of a file hold.</summary>
    private static bool IsList(ITypeSymbol type) =>
        (type is IArrayTypeSymbol { Rank: 1 } array ? array.ElementType
            : type is INamedTypeSymbol { TypeKind: TypeKind.Interface, TypeArguments: { Length: 1 } only } ? only[0] : null)
            is { SpecialType: SpecialType.System_Int32 or SpecialType.System_Double or SpecialType.System_String };

    private static EquatableArray<string> PathsOf(ISymbol symbol) =>
        symbol.GetAttributes().Where(SpecReader.IsOurs)
            .SelectMany(a => SpecReader.WordOf(a) switch
            {
                "Key" => Strings(a.ConstructorArguments),
                "Count" => Strings(a.ConstructorArguments).Select(p => "#" + p),
                _ => [],
            }).ToEquatable();

    /// <summary>The arguments of the check that a member's range asks for.</summary>
    private static string RangeOf(ISymbol symbol)
    {
        var range = symbol.GetAttributes().FirstOrDefault(a => SpecReader.IsOurs(a) && SpecReader.WordOf(a) == "Range");
        if (range is null || range.ConstructorArguments.Length != 2)
        {
            return "";
        }

        var above = range.NamedArguments.Any(n => n is { Key: "Above", Value.Value: true });
        if (range.ConstructorArguments[0].Value is double least && range.ConstructorArguments[1].Value is double most && !(least <= most))
        {
            return Fitness.EmptyRange;
        }

        var bounds = range.ConstructorArguments.Where(a => a.Value is not double.MaxValue);
        return string.Join(", ", bounds.Select(a => Constant.Of(a.Value).ToSource())) + (above ? ", above: true" : "");
    }

    private static IEnumerable<string> Strings(System.Collections.Immutable.ImmutableArray<TypedConstant> arguments) =>
        arguments.SelectMany(
            a => a.Kind == TypedConstantKind.Array ? (a.Values.IsDefault ? [] : a.Values.Select(v => v.Value as string ?? "")) : [a.Value as string ?? ""]);

    /// <summary>A default as it is written, unless it names something.</summary>
    private string DefaultOf(ExpressionSyntax? value, CancellationToken cancel) => value is null ? ""
        : value.DescendantNodesAndSelf().OfType<NameSyntax>().Any() ? Portable(value, cancel)
        : value.ToString();

    /// <summary>An expression as text that means the same in another file: one line, types in full, private constants as their values.</summary>
    private string Portable(ExpressionSyntax expression, CancellationToken cancel)
    {
        var semantics = reader.SemanticsOf(expression.SyntaxTree);
        var qualified = expression.ReplaceNodes(
            expression.DescendantNodesAndSelf().OfType<NameSyntax>()
                .Where(n => n.Parent is not (QualifiedNameSyntax or AliasQualifiedNameSyntax)
                    && (n.Parent is not MemberAccessExpressionSyntax access || access.Expression == n)),
            (original, _) => semantics.GetSymbolInfo(original, cancel).Symbol switch
            {
                IFieldSymbol { HasConstantValue: true } hidden when hidden.ContainingType.TypeKind != TypeKind.Enum && !IsSeenEverywhere(hidden) =>
                    SyntaxFactory.ParseExpression(Constant.Of(hidden.ConstantValue).ToSource()),
                INamedTypeSymbol type => SyntaxFactory.ParseName(type.ToDisplayString(SpecReader.FullName)),
                (IMethodSymbol or IPropertySymbol or IFieldSymbol) and { IsStatic: true } member =>
                    SyntaxFactory.ParseExpression(member.ContainingType.ToDisplayString(SpecReader.FullName) + "." + original),
                _ => (SyntaxNode)original,
            });
        return string.Join(" ", qualified.NormalizeWhitespace().ToString().Split(['\r', '\n', ' '], System.StringSplitOptions.RemoveEmptyEntries));
    }

    private bool ReadsPrivate(ExpressionSyntax expression, CancellationToken cancel) =>
        expression.DescendantNodesAndSelf().OfType<SimpleNameSyntax>().Select(n => reader.SemanticsOf(n.SyntaxTree).GetSymbolInfo(n, cancel).Symbol)
            .Any(s => s is { IsStatic: true } and (IMethodSymbol or IPropertySymbol or IFieldSymbol { HasConstantValue: false }) && !IsSeenEverywhere(s));

    private static bool IsSeenEverywhere(ISymbol member) => member.DeclaredAccessibility == Accessibility.Public && Fitness.Reach(member.ContainingType) == 2;

    /// <summary>By file and place: the order in which a compilation lists the parts of a partial record says nothing.</summary>
    private static IEnumerable<ISymbol> InOrder(IEnumerable<ISymbol> members) =>
        members.Select(m => (Member: m, Written: m.DeclaringSyntaxReferences.FirstOrDefault()))
            .OrderBy(m => m.Written?.SyntaxTree.FilePath ?? "", System.StringComparer.Ordinal).ThenBy(m => m.Written?.Span.Start ?? 0)
            .Select(m => m.Member);

    private IEnumerable<PresetSpec> Presets(INamedTypeSymbol type, CancellationToken cancel)
    {
        foreach (var property in InOrder(type.GetMembers()).OfType<IPropertySymbol>().Where(p => p.IsStatic))
        {
            var attribute = property.GetAttributes().FirstOrDefault(a => SpecReader.IsOurs(a) && SpecReader.WordOf(a) == "Preset");
            if (attribute is null || attribute.ConstructorArguments.Length == 0)
            {
                continue;
            }

            var model = attribute.NamedArguments.FirstOrDefault(n => n.Key == "Model").Value.Value as ITypeSymbol;
            var values = new Dictionary<string, Constant>();
            Evaluate(
                (property.DeclaringSyntaxReferences.FirstOrDefault()?.GetSyntax(cancel) as PropertyDeclarationSyntax)?.ExpressionBody?.Expression,
                type,
                values,
                0,
                cancel);
            yield return new PresetSpec(
                attribute.ConstructorArguments[0].Value as string ?? "",
                property.Name,
                model?.ToDisplayString(SpecReader.FullName) ?? "",
                values.OrderBy(v => v.Key, System.StringComparer.Ordinal).Select(v => new Option(v.Key, v.Value, -1)).ToEquatable());
        }
    }

    /// <summary>Constants of a preset: <c>new(...)</c>, <c>new(...) { ... }</c>, <c>Other with { ... }</c>. What is no constant stays unknown.</summary>
    private void Evaluate(ExpressionSyntax? expression, INamedTypeSymbol type, Dictionary<string, Constant> values, int depth, CancellationToken cancel)
    {
        if (expression is null || depth > 16)
        {
            return;
        }

        var semantics = reader.SemanticsOf(expression.SyntaxTree);
        switch (expression)
        {
            case BaseObjectCreationExpressionSyntax creation:
                var constructor = semantics.GetSymbolInfo(creation, cancel).Symbol as IMethodSymbol;
                var arguments = creation.ArgumentList?.Arguments ?? default;
                foreach (var parameter in constructor?.Parameters ?? System.Collections.Immutable.ImmutableArray<IParameterSymbol>.Empty)
                {
                    var argument = arguments.FirstOrDefault(a => a.NameColon?.Name.Identifier.Text == parameter.Name)
                        ?? (parameter.Ordinal < arguments.Count && arguments[parameter.Ordinal].NameColon is null ? arguments[parameter.Ordinal] : null);
                    if (argument is null && parameter.HasExplicitDefaultValue)
                    {
                        values[parameter.Name] = Constant.Of(parameter.ExplicitDefaultValue);
                    }
                    else if (argument is not null)
                    {
                        Assign(parameter.Name, argument.Expression);
                    }
                }

                Initialise(creation.Initializer);
                break;
            case WithExpressionSyntax with:
                Evaluate(with.Expression, type, values, depth + 1, cancel);
                Initialise(with.Initializer);
                break;
            case IdentifierNameSyntax or MemberAccessExpressionSyntax
                when semantics.GetSymbolInfo(expression, cancel).Symbol is IPropertySymbol { IsStatic: true } other:
                Evaluate(
                    (other.DeclaringSyntaxReferences.FirstOrDefault()?.GetSyntax(cancel) as PropertyDeclarationSyntax)?.ExpressionBody?.Expression,
                    type,
                    values,
                    depth + 1,
                    cancel);
                break;
        }

        void Initialise(InitializerExpressionSyntax? initializer)
        {
            foreach (var assignment in initializer?.Expressions.OfType<AssignmentExpressionSyntax>() ?? [])
            {
                Assign(assignment.Left.ToString(), assignment.Right);
            }
        }

        void Assign(string name, ExpressionSyntax value)
        {
            if (semantics.GetConstantValue(value, cancel) is { HasValue: true } constant)
            {
                values[name] = Constant.Of(constant.Value);
            }
            else
            {
                values.Remove(name);
            }
        }
    }
}
