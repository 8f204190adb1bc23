using System.Collections.Generic;
using System.Linq;
using System.Threading;
using Dsl.Generators.Model;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Dsl.Generators.Reading;

/// <summary>Reads one attribute: from source with its symbol, or from the text of sugar and of compiled specs.</summary>
internal static class PartReader
{
    public static PartSpec Read(
        AttributeData data, AttributeSyntax syntax, Place place, INamedTypeSymbol owner, SemanticModel semantics, CancellationToken cancel)
    {
        var arguments = new List<Constant>();
        foreach (var argument in data.ConstructorArguments)
        {
            if (argument.Kind == TypedConstantKind.Array)
            {
                arguments.AddRange(argument.Values.IsDefault ? [] : argument.Values.Select(v => Constant.Of(ValueOf(v))));
            }
            else
            {
                arguments.Add(Constant.Of(ValueOf(argument)));
            }
        }

        var options = data.NamedArguments.Select(n => new Option(n.Key, Constant.Of(ValueOf(n.Value)), -1)).ToList();

        // A nameof is a constant by now; its owner stands in the syntax only.
        var position = 0;
        var syntaxes = syntax.ArgumentList?.Arguments ?? default;
        for (var i = 0; i < syntaxes.Count; i++)
        {
            var target = syntaxes[i].NameEquals?.Name.Identifier.Text;
            var owners = OwnerOf(syntaxes[i].Expression, owner, semantics, cancel);
            if (target is not null)
            {
                var at = options.FindIndex(o => o.Name == target);
                if (at >= 0)
                {
                    var value = owners is null ? options[at].Value : new Constant(ConstantKind.Reference, options[at].Value.Text, owners);
                    options[at] = new Option(target, value, i);
                }
            }
            else
            {
                var named = syntaxes[i].NameColon?.Name.Identifier.Text;
                var at = named is null ? position : data.AttributeConstructor?.Parameters.FirstOrDefault(p => p.Name == named)?.Ordinal ?? position;
                if (owners is not null && at < arguments.Count)
                {
                    arguments[at] = new Constant(ConstantKind.Reference, arguments[at].Text, owners);
                }

                position++;
            }
        }

        while (arguments.Count > 0 && arguments[arguments.Count - 1].IsNull)
        {
            arguments.RemoveAt(arguments.Count - 1);
        }

        var types = data.AttributeClass!.TypeArguments.Select(t => t.ToDisplayString(SpecReader.FullName));
        return new PartSpec(SpecReader.WordOf(data), types.ToEquatable(), arguments.ToEquatable(), options.ToEquatable(), place);
    }

    /// <summary>Brackets from text in the language itself: literals, <c>nameof(Member)</c> and nothing else.</summary>
    public static EquatableArray<BracketSpec> ReadText(string text, Place place)
    {
        var lists = SyntaxFactory.ParseCompilationUnit(text + " class X;").Members.OfType<TypeDeclarationSyntax>().First().AttributeLists;
        return lists.Select(list => new BracketSpec(list.Attributes.Select(a => ReadText(a, place)).ToEquatable())).ToEquatable();
    }

    private static PartSpec ReadText(AttributeSyntax syntax, Place place)
    {
        var types = syntax.Name is GenericNameSyntax generic ? generic.TypeArgumentList.Arguments.Select(t => t.ToString()) : [];
        var arguments = new List<Constant>();
        var options = new List<Option>();
        foreach (var argument in syntax.ArgumentList?.Arguments ?? default)
        {
            var value = Literal(argument.Expression);
            if (argument.NameEquals is { } name)
            {
                options.Add(new Option(name.Name.Identifier.Text, value, -1));
            }
            else
            {
                arguments.Add(value);
            }
        }

        var word = syntax.Name is SimpleNameSyntax simple ? simple.Identifier.Text : syntax.Name.ToString();
        return new PartSpec(word, types.ToEquatable(), arguments.ToEquatable(), options.Where(o => !o.Value.IsNull).ToEquatable(), place);
    }

    private static Constant Literal(ExpressionSyntax expression) => expression switch
    {
        LiteralExpressionSyntax literal => Constant.Of(literal.Token.Value),
        PrefixUnaryExpressionSyntax { Operand: LiteralExpressionSyntax number } minus
            when minus.IsKind(SyntaxKind.UnaryMinusExpression) => number.Token.Value switch
            {
                int i => Constant.Of(-i),
                double d => Constant.Of(-d),
                _ => Constant.Null,
            },
        InvocationExpressionSyntax call when Named(call) is { } named => named switch
        {
            MemberAccessExpressionSyntax member => new Constant(ConstantKind.Reference, member.Name.Identifier.Text, member.Expression.ToString()),
            var name => new Constant(ConstantKind.Reference, name.ToString()),
        },
        MemberAccessExpressionSyntax { Expression: PredefinedTypeSyntax, Name.Identifier.Text: var special } => Constant.Of(special switch
        {
            "NaN" => double.NaN,
            "PositiveInfinity" => double.PositiveInfinity,
            _ => double.NegativeInfinity,
        }),
        _ => Constant.Null,
    };

    private static object? ValueOf(TypedConstant constant) => constant.Kind switch
    {
        TypedConstantKind.Primitive or TypedConstantKind.Enum => constant.Value,
        TypedConstantKind.Type => (constant.Value as ITypeSymbol)?.ToDisplayString(SpecReader.FullName),
        _ => null,
    };

    /// <summary>What a <c>nameof</c> names; null where the expression is no <c>nameof</c>.</summary>
    private static ExpressionSyntax? Named(ExpressionSyntax expression) =>
        expression is InvocationExpressionSyntax { Expression: IdentifierNameSyntax { Identifier.Text: "nameof" }, ArgumentList.Arguments: { Count: 1 } only }
            ? only[0].Expression
            : null;

    /// <summary>The type that a <c>nameof</c> names a member of; null where the expression is no <c>nameof</c>.</summary>
    private static string? OwnerOf(ExpressionSyntax expression, INamedTypeSymbol self, SemanticModel semantics, CancellationToken cancel)
    {
        if (Named(expression) is not { } named)
        {
            return null;
        }

        return named is MemberAccessExpressionSyntax { Expression: var left }
            ? (semantics.GetSymbolInfo(left, cancel).Symbol as ITypeSymbol)?.ToDisplayString(SpecReader.FullName) ?? ""
            : self.ToDisplayString(SpecReader.FullName);
    }
}
