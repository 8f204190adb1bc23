using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Reflection;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Dsl.Reference.Interpreting;

/// <summary>The value of an option that a checked graph holds as C# text: literals, members of <c>config</c>, calls, arithmetic.</summary>
/// <param name="config">What <c>config</c> names.</param>
/// <param name="layer">What <c>layer</c> names.</param>
/// <param name="sizes">What any other name stands for: a size that the block is built with.</param>
internal sealed class SettingReader(object config, int layer, IReadOnlyDictionary<string, long> sizes)
{
    private const BindingFlags Anywhere = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static;

    private static readonly ConcurrentDictionary<string, ExpressionSyntax> Parsed = new(StringComparer.Ordinal);

    private static readonly Dictionary<string, Type> Types = new(StringComparer.Ordinal)
    {
        ["Math"] = typeof(Math),
        ["System.Math"] = typeof(Math),
        ["Activation"] = typeof(Activation),
        ["double"] = typeof(double),
    };

    /// <exception cref="NotSupportedException">The text has an expression that this does not know.</exception>
    internal object? Read(string code) => Value(Parsed.GetOrAdd(code, text => SyntaxFactory.ParseExpression(text)));

    internal double Number(string code) => Convert.ToDouble(Read(code), CultureInfo.InvariantCulture);

    internal bool Truth(string code) => (bool)Read(code)!;

    /// <summary>A member of an object, or what its method of the layer gives.</summary>
    internal static object? Member(object of, string name, int layer) =>
        Property(of.GetType(), of, name, out object? value) ? value : Call(of.GetType(), of, name, [layer]);

    private object? Value(ExpressionSyntax expression) => expression switch
    {
        LiteralExpressionSyntax literal => literal.Token.Value,
        ParenthesizedExpressionSyntax inner => Value(inner.Expression),
        PostfixUnaryExpressionSyntax { RawKind: (int)SyntaxKind.SuppressNullableWarningExpression } certain => Value(certain.Operand),
        PrefixUnaryExpressionSyntax { OperatorToken.Text: "!" } not => !(bool)Value(not.Operand)!,
        PrefixUnaryExpressionSyntax { OperatorToken.Text: "-" } negative => Arithmetic("-", 0, Value(negative.Operand)),
        IdentifierNameSyntax { Identifier.Text: "config" } => config,
        IdentifierNameSyntax { Identifier.Text: "layer" } => layer,
        IdentifierNameSyntax name when sizes.TryGetValue(name.Identifier.Text, out long size) => size,
        MemberAccessExpressionSyntax member => Member(member),
        InvocationExpressionSyntax { Expression: MemberAccessExpressionSyntax method } call => Called(method, call),
        BinaryExpressionSyntax binary => Arithmetic(binary.OperatorToken.Text, Value(binary.Left), Value(binary.Right)),
        _ => throw new NotSupportedException($"'{expression}' ({expression.Kind()}) is no setting that the reference reads"),
    };

    private object? Member(MemberAccessExpressionSyntax member)
    {
        string name = member.Name.Identifier.Text;
        if (Types.TryGetValue(member.Expression.ToString(), out Type? type))
        {
            return Property(type, null, name, out object? constant) ? constant : throw Missing(type, name);
        }

        object of = Value(member.Expression) ?? throw new NotSupportedException($"'{member.Expression}' is null");
        return Property(of.GetType(), of, name, out object? value) ? value : throw Missing(of.GetType(), name);
    }

    private object? Called(MemberAccessExpressionSyntax method, InvocationExpressionSyntax call)
    {
        object?[] arguments = [.. call.ArgumentList.Arguments.Select(a => Value(a.Expression))];
        string name = method.Name.Identifier.Text;
        if (Types.TryGetValue(method.Expression.ToString(), out Type? type))
        {
            return Call(type, null, name, arguments);
        }

        object of = Value(method.Expression)!;
        return Call(of.GetType(), of, name, arguments);
    }

    private static bool Property(Type type, object? of, string name, out object? value)
    {
        PropertyInfo? property = type.GetProperty(name, Anywhere);
        FieldInfo? field = property is null ? type.GetField(name, Anywhere) : null;
        value = property is not null ? property.GetValue(of) : field?.GetValue(of);
        return property is not null || field is not null;
    }

    private static object? Call(Type type, object? of, string name, object?[] arguments)
    {
        MethodInfo method = type.GetMethods(Anywhere).Where(m => m.Name == name && m.GetParameters().Length == arguments.Length)
            .OrderByDescending(m => m.GetParameters().All(p => p.ParameterType == typeof(double) || p.ParameterType == typeof(string)))
            .FirstOrDefault() ?? throw Missing(type, name);
        object?[] converted = [.. method.GetParameters().Zip(arguments, (p, a) =>
            a is IConvertible && p.ParameterType.IsPrimitive ? Convert.ChangeType(a, p.ParameterType, CultureInfo.InvariantCulture) : a)];
        return method.Invoke(of, converted);
    }

    private static object Arithmetic(string word, object? left, object? right)
    {
        if (left is double or float || right is double or float)
        {
            double x = Convert.ToDouble(left, CultureInfo.InvariantCulture), y = Convert.ToDouble(right, CultureInfo.InvariantCulture);
            return word switch { "+" => x + y, "-" => x - y, "*" => x * y, "/" => x / y, _ => throw new NotSupportedException($"operator {word}") };
        }

        long a = Convert.ToInt64(left, CultureInfo.InvariantCulture), b = Convert.ToInt64(right, CultureInfo.InvariantCulture);
        return word switch { "+" => a + b, "-" => a - b, "*" => a * b, "/" => a / b, _ => throw new NotSupportedException($"operator {word}") };
    }

    private static MissingMemberException Missing(Type type, string name) => new(type.FullName, name);
}
