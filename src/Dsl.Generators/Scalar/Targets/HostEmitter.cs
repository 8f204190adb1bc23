using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;

namespace Dsl.Generators.Scalar;

/// <summary>
/// A scalar function as plain C# over double: the call of the user's own method where it may be called, and a copy of it where it may not
/// (it is private to another class, or stands in an assembly without source). The text needs <c>using System</c>, <c>using Dsl</c> and,
/// for Complex, <c>using System.Numerics</c>.
/// </summary>
internal static class HostEmitter
{
    /// <summary>Whether code in the class <paramref name="owner"/> (a full name) of this assembly may call the function by its name.</summary>
    public static bool MayCall(ScalarFunction function, string owner, bool sameAssembly = true) => function.Access switch
    {
        "public" => true,
        "internal" => sameAssembly,
        _ => sameAssembly && function.Owner == owner,
    };

    /// <summary>
    /// <c>global::Zoo.MistralBlock.Band(query, key, config)</c>; each parameter's argument is found by its name, else by "config" for a config.
    /// </summary>
    public static string Call(ScalarFunction function, IReadOnlyDictionary<string, string> arguments, string? name = null) =>
        (name ?? function.FullName) + "(" + string.Join(", ", function.Parameters.Select(p => (p.ByRef ? "ref " : "") + Argument(p, arguments))) + ")";

    private static string Argument(ScalarParameter parameter, IReadOnlyDictionary<string, string> arguments) =>
        arguments.TryGetValue(parameter.Name, out var text) ? text
        : parameter.Role == ScalarRole.Config ? "config"
        : Literals.Name(parameter.Name);

    /// <summary>
    /// The function as a private static method named <paramref name="name"/>, followed by the helpers it calls that <paramref name="owner"/> may not.
    /// </summary>
    public static IReadOnlyList<string> Methods(ScalarFunction function, string name, string owner, bool sameAssembly = true)
    {
        var copied = new Dictionary<string, string>();
        foreach (var helper in function.Helpers)
        {
            if (!MayCall(helper, owner, sameAssembly))
            {
                copied[helper.FullName] = name + "_" + helper.Name;
            }
        }

        var methods = new List<string> { Method(function, name, copied) };
        methods.AddRange(function.Helpers.Where(h => copied.ContainsKey(h.FullName)).Select(h => Method(h, copied[h.FullName], copied)));
        return methods;
    }

    public static string Method(ScalarFunction function, string name, IReadOnlyDictionary<string, string> renamed)
    {
        var printer = new Printer(renamed);
        printer.Header(function, name);
        printer.Block(function.Body, 0);
        return printer.ToString();
    }

    /// <summary>An expression over config members, constants and named locals, as C#.</summary>
    public static string Text(Expression expression, Func<Expression, string?>? special = null) =>
        new Printer(new Dictionary<string, string>(), special).Text(expression, 0);

    /// <summary>A C# operand that binds tightly: in parentheses where it must be.</summary>
    public static string Tight(Expression expression, Func<Expression, string?>? special = null) =>
        new Printer(new Dictionary<string, string>(), special).Text(expression, 9);

    /// <summary>A member of the config as C#.</summary>
    /// <param name="config">What the config is called there.</param>
    /// <param name="spell">The text of the layer's number, where it asks for one.</param>
    public static string Member(ConfigMember member, string config, Func<Expression, string> spell) =>
        $"{config}.{member.Member}" + (member.Layer is null ? "" : member.IsList ? $"[{spell(member.Layer)}]" : $"({spell(member.Layer)})");

    public static string TypeOf(ScalarKind kind) => kind switch
    {
        ScalarKind.Double => "double",
        ScalarKind.Int => "int",
        ScalarKind.Bool => "bool",
        ScalarKind.Complex => "Complex",
        _ => "string",
    };

    private sealed class Printer(IReadOnlyDictionary<string, string> renamed, Func<Expression, string?>? special = null)
    {
        private readonly StringBuilder text = new();

        public override string ToString() => text.ToString();

        public void Header(ScalarFunction function, string name)
        {
            var parameters = function.Parameters.Select(p => p switch
            {
                { Role: ScalarRole.Config } => p.Type + " " + Literals.Name(p.Name),
                { Role: ScalarRole.Table, Span: false } => "Matrix " + Literals.Name(p.Name),
                { Span: true } => (p.Role == ScalarRole.State ? "Span<" : "ReadOnlySpan<") + TypeOf(p.Kind) + "> " + Literals.Name(p.Name),
                _ => (p.ByRef ? "ref " : "") + TypeOf(p.Kind) + " " + Literals.Name(p.Name),
            });
            text.Append("private static ")
                .Append(TypeOf(function.Result))
                .Append(' ')
                .Append(name)
                .Append('(')
                .Append(string.Join(", ", parameters))
                .Append(")\n");
        }

        public void Block(IEnumerable<Statement> statements, int depth)
        {
            Line(depth, "{");
            foreach (var statement in statements)
            {
                Statement(statement, depth + 1);
            }

            Line(depth, "}");
        }

        private void Line(int depth, string line) => text.Append(' ', depth * 4).Append(line).Append('\n');

        private void Statement(Statement statement, int depth)
        {
            switch (statement)
            {
                case Declare d:
                    Line(depth, TypeOf(d.Kind) + " " + Literals.Name(d.Name) + (d.Value is null ? "" : " = " + Text(d.Value, 0)) + ";");
                    break;
                case Assign a:
                    Line(depth, Literals.Name(a.Name) + " = " + Text(a.Value, 0) + ";");
                    break;
                case Store s:
                    Line(depth, Literals.Name(s.Span) + "[" + Text(s.Index, 0) + "] = " + Text(s.Value, 0) + ";");
                    break;
                case If i:
                    Line(depth, "if (" + Text(i.Condition, 0) + ")");
                    Block(i.Then, depth);
                    if (i.Else.Count > 0)
                    {
                        Line(depth, "else");
                        Block(i.Else, depth);
                    }

                    break;
                case Loop l:
                    var name = Literals.Name(l.Name);
                    Line(depth, $"for (int {name} = {Text(l.From, 0)}; {name} {(l.Step > 0 ? "<" : ">")} {Text(l.To, 7)}; {name}{(l.Step > 0 ? "++" : "--")})");
                    Block(l.Body, depth);
                    break;
                case Return r:
                    Line(depth, "return " + Text(r.Value, 0) + ";");
                    break;
            }
        }

        public string Text(Expression expression, int outer)
        {
            if (special?.Invoke(expression) is { } own)
            {
                return own;
            }

            var (result, own2) = Print(expression);
            return own2 < outer ? "(" + result + ")" : result;
        }

        private (string Text, int Binds) Print(Expression expression)
        {
            switch (expression)
            {
                case Literal { Kind: ScalarKind.Double } c:
                    return (Literals.Double(c.Value), c.Number.Bits < 0 ? 9 : 10);
                case Literal { Kind: ScalarKind.Int } c:
                    return (Literals.Int((int)c.Value), c.Value < 0 ? 9 : 10);
                case Literal c:
                    return (c.Value != 0 ? "true" : "false", 10);
                case TextConstant t:
                    return (t.Text, 10);
                case Variable v:
                    return (Literals.Name(v.Name), 10);
                case Element e:
                    return ($"{Literals.Name(e.Span)}[{Text(e.Index, 0)}]", 10);
                case Length l:
                    return (Literals.Name(l.Span) + ".Length", 10);
                case Entry e:
                    return ($"{Literals.Name(e.Table)}[{Text(e.Row, 0)}, {Text(e.Column, 0)}]", 10);
                case ConfigMember s:
                    return (Member(s, Literals.Name(s.Config), e => Text(e, 0)), 10);
                case ConfigArgument c:
                    return (Literals.Name(c.Name), 10);
                case IsNull n:
                    return (Text(n.Operand, 6) + " is null", 6);
                case Unwrap { Other: null } u:
                    // The compiler of C# does not remember that a call gave no null.
                    return (Text(u.Operand, 10) + (u.Operand is ConfigMember { Layer: not null } ? "!" : "") + ".Value", 10);
                case Unwrap u:
                    return (Text(u.Operand, 3) + " ?? " + Text(u.Other!, 2), 2);
                case Unary u:
                    return ((u.Operator == UnaryOperator.Negate ? "-" : "!") + Text(u.Operand, u.Operand is Unary or Literal ? 10 : 9), 9);
                case Binary b:
                    var symbol = ScalarOperations.Symbol(b.Operator);
                    return ($"{Text(b.Left, symbol.Binds)} {symbol.Host} {Text(b.Right, symbol.Binds + 1)}", symbol.Binds);
                case Select s:
                    return ($"{Text(s.Condition, 2)} ? {Text(s.Yes, 1)} : {Text(s.No, 1)}", 1);
                case ConvertTo c:
                    return ($"({TypeOf(c.Kind)}{(c.Nullable ? "?" : "")}){Text(c.Operand, c.Operand is Unary or Literal ? 10 : 9)}", 9);
                case Call c:
                    return (PrintCall(c), c.Function == "New" ? 9 : 10);
                case Invoke i:
                    return ((renamed.TryGetValue(i.FullName, out var name) ? name : i.FullName) + "("
                        + string.Join(", ", i.Arguments.Select(a => Text(a, 0))) + ")", 10);
                default:
                    throw new InvalidOperationException("An expression that C# text does not know: " + expression.GetType().Name);
            }
        }

        private string PrintCall(Call call)
        {
            var arguments = string.Join(", ", call.Arguments.Select(a => Text(a, 0)));
            switch (call.Function)
            {
                case "New":
                    return $"new Complex({arguments})";
                case "Real":
                case "Imaginary":
                    return Text(call.Arguments[0], 10) + "." + call.Function;
            }

            return ScalarOperations.Function(call.Function).HostCall(arguments, call.Arguments.Count > 0 && call.Arguments[0].Kind == ScalarKind.Complex);
        }
    }
}
