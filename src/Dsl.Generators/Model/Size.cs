using System;
using System.Collections.Generic;
using System.Linq;

namespace Dsl.Generators.Model;

/// <summary>The size of an axis: an expression over config members, kept as it was spelled so that code and messages can spell it so again.</summary>
internal abstract record Size
{
    public static Size Of(long value) => new Number(value);

    public static Size Of(string member) => new Member(member);

    public static Size operator *(Size a, Size b) => a is Number { Value: 1 } ? b : b is Number { Value: 1 } ? a : new Binary('*', a, b);

    public static Size operator +(Size a, Size b) => a is Number { Value: 0 } ? b : b is Number { Value: 0 } ? a : new Binary('+', a, b);

    public static Size operator -(Size a, Size b) => new Binary('-', a, b);

    public static Size operator /(Size a, Size b) => b is Number { Value: 1 } ? a : new Binary('/', a, b);

    /// <summary>The size in the words of the declaration.</summary>
    public string Spell() => Print(m => m, 0);

    /// <summary>The size as C# over a variable <c>config</c>.</summary>
    public string ToCode() => Print(m => m[0] == '@' ? m.Substring(1) : "config." + m, 0);

    /// <summary>A config member as C#.</summary>
    public static string MemberCode(string name, bool ofLayer) => "config." + name + (ofLayer ? "(layer)" : "");

    /// <summary>Config members in it, and with <c>@</c> before their names sizes that whoever builds the block passes in.</summary>
    public IEnumerable<string> Symbols => this switch
    {
        Member m => [m.Name],
        Binary b => b.Left.Symbols.Concat(b.Right.Symbols),
        _ => [],
    };

    private string Print(Func<string, string> member, int precedence) => this switch
    {
        Number n => n.Value.ToString(System.Globalization.CultureInfo.InvariantCulture),
        Member m => member(m.Name),
        Unknown u => $"?{u.Id}",
        Binary b => Parenthesise(
            b.Left.Print(member, Level(b.Operator)) + $" {b.Operator} "
                + b.Right.Print(member, Level(b.Operator) + (b.Operator is '-' or '/' ? 1 : 0)), Level(b.Operator) < precedence),
        _ => throw new InvalidOperationException(),
    };

    private static int Level(char op) => op is '+' or '-' ? 1 : 2;

    private static string Parenthesise(string text, bool needed) => needed ? "(" + text + ")" : text;

    internal sealed record Number(long Value) : Size;

    /// <summary>A config member; with <c>@</c> before its name a size that whoever builds the block passes in.</summary>
    internal sealed record Member(string Name) : Size;

    /// <summary>A size that something else has to fix.</summary>
    internal sealed record Unknown(int Id) : Size;

    internal sealed record Binary(char Operator, Size Left, Size Right) : Size;
}
