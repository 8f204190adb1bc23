using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Dsl.Generators.Model;

/// <summary>
/// What the compiler makes of a config's derived members: sums, products and exact quotients are read; anything else is a symbol equal only to itself.
/// </summary>
internal sealed class Members(ConfigSpec config)
{
    private const int MostDepth = 32;

    private const int MostSteps = 1024;

    private readonly Dictionary<string, Polynomial> forms = new();

    private int steps;

    public ConfigSpec Config => config;

    /// <summary>Whether the compiler cannot see inside a symbol, so that it can neither prove nor refute equality with another one.</summary>
    public bool IsOpaque(string symbol) => symbol[0] is '@' or '?' or '(' || config.Member(symbol) is not { Stored: true, Nullable: false };

    /// <summary>The normal form of a size.</summary>
    public Polynomial FormOf(Size size) => size switch
    {
        Size.Number n => Polynomial.Of(n.Value),
        Size.Member m => m.Name[0] == '@' ? Polynomial.Of(m.Name) : FormOf(m.Name),
        Size.Unknown u => Polynomial.Of("?" + u.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)),
        Size.Binary b => b.Operator switch
        {
            '+' => FormOf(b.Left) + FormOf(b.Right),
            '-' => FormOf(b.Left) - FormOf(b.Right),
            '*' => Polynomial.Multiply(FormOf(b.Left), FormOf(b.Right)),
            _ => Polynomial.Divide(FormOf(b.Left), FormOf(b.Right)),
        } ?? Polynomial.Of("(" + size.Spell() + ")"),
        _ => Polynomial.Of(0),
    };

    public Polynomial FormOf(string member, int depth = 0)
    {
        if (forms.TryGetValue(member, out var known))
        {
            return known;
        }

        // Members that are derived from each other in a circle end here.
        forms[member] = Polynomial.Of(member);
        var body = config.Member(member) is { Stored: false, OfLayer: false } spec ? SyntaxFactory.ParseExpression(spec.Body) : null;
        return forms[member] = (body is null || depth > MostDepth ? null : Form(body, depth + 1)) ?? Polynomial.Of(member);
    }

    private Polynomial? Form(ExpressionSyntax expression, int depth)
    {
        if (depth > MostDepth)
        {
            return null;
        }

        switch (expression)
        {
            case ParenthesizedExpressionSyntax inner:
                return Form(inner.Expression, depth + 1);
            case LiteralExpressionSyntax { Token.Value: int number }:
                return Polynomial.Of(number);
            case IdentifierNameSyntax name when config.Member(name.Identifier.Text) is not null:
                return FormOf(name.Identifier.Text, depth + 1);
            case MemberAccessExpressionSyntax { Expression: IdentifierNameSyntax part } access
                when config.Member(part.Identifier.Text) is { Kind: MemberKind.Config, Nullable: false }:
                return Polynomial.Of($"{part.Identifier.Text}.{access.Name.Identifier.Text}");
            case BinaryExpressionSyntax binary:
                var (left, right) = (Form(binary.Left, depth + 1), Form(binary.Right, depth + 1));
                return left is null || right is null ? null : binary.Kind() switch
                {
                    SyntaxKind.AddExpression => left + right,
                    SyntaxKind.SubtractExpression => left - right,
                    SyntaxKind.MultiplyExpression => Polynomial.Multiply(left, right),
                    SyntaxKind.DivideExpression => Polynomial.Divide(left, right),
                    _ => null,
                };
            default:
                return null;
        }
    }

    /// <summary>Whether a derived member is this size: then its divisions are the config's to check.</summary>
    public bool Has(Polynomial size) =>
        config.Members.Any(m => m is { Kind: MemberKind.Integer, Stored: false, OfLayer: false } && (FormOf(m.Name) - size).IsZero);

    /// <summary>Quotients that must come out even: (dividend, divisor) of every division in a derived integer member.</summary>
    public IEnumerable<(string Member, string Dividend, string Divisor)> Divisions()
    {
        foreach (var member in config.Members.Where(m => m is { Kind: MemberKind.Integer, Stored: false, OfLayer: false }))
        {
            foreach (var division in SyntaxFactory.ParseExpression(member.Body)
                .DescendantNodesAndSelf()
                .OfType<BinaryExpressionSyntax>()
                .Where(b => b.IsKind(SyntaxKind.DivideExpression))
                .Take(8))
            {
                // A dividend that is itself a sum with a constant rounds up on purpose, as in (Hidden + 15) / 16.
                if (division.Left is IdentifierNameSyntax dividend && division.Right is IdentifierNameSyntax divisor)
                {
                    yield return (member.Name, dividend.ToString(), divisor.ToString());
                }
            }
        }
    }

    /// <summary>A member's value where the stored members have these; null where it cannot be told.</summary>
    public object? Evaluate(string member, Func<string, object?> stored, int depth = 0)
    {
        steps = depth == 0 ? 0 : steps + 1;
        var spec = config.Member(member);
        return spec is null || depth > MostDepth || steps > MostSteps ? Unknown.Value
            : spec.Stored ? stored(member)
            : spec.OfLayer ? Unknown.Value
            : Evaluate(SyntaxFactory.ParseExpression(spec.Body), stored, depth + 1);
    }

    private object? Evaluate(ExpressionSyntax expression, Func<string, object?> stored, int depth)
    {
        if (depth > MostDepth)
        {
            return Unknown.Value;
        }

        switch (expression)
        {
            case ParenthesizedExpressionSyntax inner:
                return Evaluate(inner.Expression, stored, depth + 1);
            case LiteralExpressionSyntax literal:
                return literal.Token.Value is int number ? (long)number : literal.Token.Value;
            case IdentifierNameSyntax name:
                return Evaluate(name.Identifier.Text, stored, depth + 1);
            case ConditionalExpressionSyntax choice:
                return Evaluate(choice.Condition, stored, depth + 1) is bool condition
                    ? Evaluate(condition ? choice.WhenTrue : choice.WhenFalse, stored, depth + 1)
                    : Unknown.Value;
            case BinaryExpressionSyntax binary:
                var left = Evaluate(binary.Left, stored, depth + 1);
                if (binary.IsKind(SyntaxKind.CoalesceExpression))
                {
                    return left ?? Evaluate(binary.Right, stored, depth + 1);
                }

                var right = Evaluate(binary.Right, stored, depth + 1);
                return (binary.Kind(), left, right) switch
                {
                    (SyntaxKind.EqualsExpression, not Unknown, not Unknown) => Equals(left, right),
                    (SyntaxKind.NotEqualsExpression, not Unknown, not Unknown) => !Equals(left, right),
                    (SyntaxKind.AddExpression, long a, long b) => a + b,
                    (SyntaxKind.SubtractExpression, long a, long b) => a - b,
                    (SyntaxKind.MultiplyExpression, long a, long b) => a * b,
                    (SyntaxKind.DivideExpression, long a, long b) when b != 0 => a / b,
                    (SyntaxKind.ModuloExpression, long a, long b) when b != 0 => a % b,
                    _ => Unknown.Value,
                };
            default:
                return Unknown.Value;
        }
    }

    public static object? ValueOf(Constant constant) => constant.Kind switch
    {
        ConstantKind.Null => null,
        ConstantKind.Integer => long.Parse(constant.Text, CultureInfo.InvariantCulture),
        ConstantKind.Number => double.TryParse(constant.Text, NumberStyles.Float, CultureInfo.InvariantCulture, out var d) ? d : Unknown.Value,
        ConstantKind.Truth => constant.Text == "true",
        _ => constant.Text,
    };

    /// <summary>A value that a preset does not fix.</summary>
    internal sealed class Unknown
    {
        public static readonly Unknown Value = new();
    }
}
