using System;
using System.Collections.Generic;
using System.Linq;

namespace Dsl.Text.Templates;

/// <summary>Reads a template's words one after another.</summary>
internal sealed class LexemeReader(IReadOnlyList<Lexeme> all)
{
    private int at;

    internal Lexeme Now => all[at];

    internal int Line => Now.Line;

    internal Lexeme Take() => all[at < all.Count - 1 ? at++ : at];

    internal bool Is(string text) => Now.Kind is LexKind.Name or LexKind.Sign or LexKind.Open or LexKind.Close && Now.Text == text;

    internal bool TakeIf(string text)
    {
        bool found = Is(text);
        at += found ? 1 : 0;
        return found;
    }

    internal void Expect(string text)
    {
        if (!TakeIf(text))
        {
            throw new TemplateException($"'{text}' expected");
        }
    }

    internal string Name() => Now.Kind == LexKind.Name ? Take().Text : throw new TemplateException("a name expected");

    internal Lexeme Following => all[Math.Min(at + 1, all.Count - 1)];

    internal bool NextIs(string text) => at + 1 < all.Count && all[at + 1].Kind == LexKind.Name && all[at + 1].Text == text;
}

/// <summary>Expressions of a template, compiled to functions of a run. Precedence is Jinja's.</summary>
internal sealed class ExpressionParser(LexemeReader words)
{
    private const int Deepest = 50, Longest = 500;

    private int depth;
    private int operators;

    internal delegate object? Value(TemplateRun run);

    internal Value Read()
    {
        if (++depth > Deepest)
        {
            throw new TemplateException($"more than {Deepest} expressions within one another");
        }

        operators = depth == 1 ? 0 : operators;
        Value value = Or();
        if (words.TakeIf("if"))
        {
            Value condition = Or(), then = value;
            Value otherwise = words.TakeIf("else") ? Read() : _ => Undefined.Value;
            value = run => TemplateValues.IsTrue(condition(run)) ? then(run) : otherwise(run);
        }

        depth--;
        return value;
    }

    /// <summary>Each operator is a call within a call when the template runs.</summary>
    private bool Counted(bool found)
    {
        operators += found ? 1 : 0;
        return operators <= Longest ? found : throw new TemplateException($"an expression of more than {Longest} operators");
    }

    internal Value Or()
    {
        Value value = And();
        while (Counted(words.TakeIf("or")))
        {
            Value left = value, right = And();
            value = run => left(run) is var first && TemplateValues.IsTrue(first) ? first : right(run);
        }

        return value;
    }

    private Value And()
    {
        Value value = Not();
        while (Counted(words.TakeIf("and")))
        {
            Value left = value, right = Not();
            value = run => left(run) is var first && TemplateValues.IsTrue(first) ? right(run) : first;
        }

        return value;
    }

    private Value Not()
    {
        int times = 0;
        while (words.TakeIf("not"))
        {
            times++;
        }

        Value value = Compare();
        return times == 0 ? value : run => TemplateValues.IsTrue(value(run)) == (times % 2 == 0);
    }

    private Value Compare()
    {
        Value value = Concat();
        while (Counted(true))
        {
            Value left = value;
            string sign = words.Now.Text;
            if (words.Now.Kind == LexKind.Sign && sign is "==" or "!=" or "<" or ">" or "<=" or ">=")
            {
                words.Take();
                Value right = Concat();
                value = run => Holds(sign, left(run), right(run));
            }
            else if (words.Is("in") || (words.Is("not") && words.NextIs("in")))
            {
                bool inverted = words.TakeIf("not");
                words.Expect("in");
                Value right = Concat();
                value = run => TemplateValues.Contains(right(run), left(run)) != inverted;
            }
            else if (words.TakeIf("is"))
            {
                bool inverted = words.TakeIf("not");
                string test = words.Name();
                Value[] with = words.Is("(") ? Arguments().Places : [];
                value = run => TemplateFunctions.Test(test, left(run), [.. with.Select(argument => argument(run))]) != inverted;
            }
            else
            {
                break;
            }
        }

        return value;
    }

    private static bool Holds(string sign, object? left, object? right) => sign switch
    {
        "==" => TemplateValues.Equals(left, right),
        "!=" => !TemplateValues.Equals(left, right),
        "<" => TemplateValues.Compare(left, right) < 0,
        ">" => TemplateValues.Compare(left, right) > 0,
        "<=" => TemplateValues.Compare(left, right) <= 0,
        _ => TemplateValues.Compare(left, right) >= 0,
    };

    private Value Concat() => Chain(Sum, "~");

    private Value Sum() => Chain(Term, "+", "-");

    private Value Term() => Chain(Unary, "*", "/", "//", "%");

    private Value Chain(Func<Value> next, params string[] signs)
    {
        Value value = next();
        while (Counted(words.Now.Kind == LexKind.Sign && signs.Contains(words.Now.Text)))
        {
            string sign = words.Take().Text;
            Value left = value, right = next();
            value = run => Paid(run, Calculate(sign, left(run), right(run)));
        }

        return value;
    }

    /// <summary>Long values take longer to make.</summary>
    private static object? Paid(TemplateRun run, object? value)
    {
        run.Step(1 + (value is string text ? text.Length / 64 : value is List<object?> list ? list.Count : 0));
        return value;
    }

    private static object? Calculate(string sign, object? left, object? right)
    {
        switch (sign, left, right)
        {
            case ("~", _, _):
                return Short(TemplateValues.Text(left), TemplateValues.Text(right));
            case ("+", string a, string b):
                return Short(a, b);
            case ("+", List<object?> a, List<object?> b):
                return (List<object?>)[.. a, .. b];
            case (_, long a, long b) when sign != "/":
                return sign switch
                {
                    "+" => a + b,
                    "-" => a - b,
                    "*" => a * b,
                    _ when b == 0 => throw new TemplateException("division by zero"),
                    "//" => (long)Math.Floor((double)a / b),
                    _ => ((a % b) + b) % b,
                };
            case (_, long or double, long or double):
                (double x, double y) = (TemplateValues.Number(left!), TemplateValues.Number(right!));
                return sign switch { "+" => x + y, "-" => x - y, "*" => x * y, "/" => x / y, "//" => Math.Floor(x / y), _ => x - (y * Math.Floor(x / y)) };
            default:
                throw new TemplateException($"'{sign}' of {TemplateValues.Kind(left)} and {TemplateValues.Kind(right)}");
        }
    }

    // A text that doubles in a loop grows beyond memory long before the steps run out.
    private static string Short(string a, string b) => (long)a.Length + b.Length <= TemplateRun.MostText ? a + b
        : throw new TemplateException($"render budget exceeded ({TemplateRun.MostText} characters)");

    private Value Unary()
    {
        bool negative = words.TakeIf("-");
        Value value = Postfix();
        while (Counted(words.TakeIf("|")))
        {
            string filter = words.Name();
            Value[] with = words.Is("(") ? Arguments().Places : [];
            Value left = value;
            value = run => Paid(run, TemplateFunctions.Filter(filter, Paid(run, left(run)), [.. with.Select(argument => argument(run))]));
        }

        return negative ? run => Calculate("-", 0L, value(run)) : value;
    }

    private Value Postfix()
    {
        string? name = words.Now.Kind == LexKind.Name ? words.Now.Text : null;
        Value value = Primary();
        if (name is not null && words.Is("("))
        {
            (Value[] places, (string Name, Value Value)[] named) = Arguments();
            value = run => TemplateFunctions.Call(
                name, [.. places.Select(argument => argument(run))], named.ToDictionary(entry => entry.Name, entry => entry.Value(run)), run);
        }

        while (Counted(true))
        {
            Value of = value;
            if (words.TakeIf("."))
            {
                string member = words.Name();
                if (words.Is("("))
                {
                    Value[] with = Arguments().Places;
                    value = run => Paid(run, TemplateFunctions.Method(Paid(run, of(run)), member, [.. with.Select(argument => argument(run))]));
                }
                else
                {
                    value = run => TemplateValues.Member(of(run), member);
                }
            }
            else if (words.TakeIf("["))
            {
                value = Element(of);
            }
            else
            {
                break;
            }
        }

        return value;
    }

    private Value Element(Value of)
    {
        Value? from = words.Is(":") ? null : Read();
        if (!words.TakeIf(":"))
        {
            words.Expect("]");
            return run => TemplateValues.Index(of(run), from!(run));
        }

        Value? to = words.Is("]") ? null : Read();
        words.Expect("]");
        return run => TemplateValues.Slice(of(run), Bound(from, run), Bound(to, run));
    }

    private static long? Bound(Value? bound, TemplateRun run) => bound is null ? null : (long)TemplateValues.Number(bound(run) ?? 0L);

    private (Value[] Places, (string Name, Value Value)[] Named) Arguments()
    {
        var places = new List<Value>();
        var named = new List<(string, Value)>();
        words.Expect("(");
        while (!words.TakeIf(")"))
        {
            Lexeme first = words.Now;
            Value value = Read();
            if (first.Kind == LexKind.Name && words.TakeIf("="))
            {
                named.Add((first.Text, Read()));
            }
            else
            {
                places.Add(value);
            }

            if (!words.Is(")"))
            {
                words.Expect(",");
            }
        }

        return ([.. places], [.. named.DistinctBy(entry => entry.Item1)]);
    }

    private Value Primary()
    {
        Lexeme word = words.Take();
        switch (word)
        {
            case { Kind: LexKind.Literal }:
                object literal = word.Number ?? word.Text;
                return _ => literal;
            case { Kind: LexKind.Name, Text: "true" or "True" }:
                return _ => true;
            case { Kind: LexKind.Name, Text: "false" or "False" }:
                return _ => false;
            case { Kind: LexKind.Name, Text: "none" or "None" }:
                return _ => null;
            case { Kind: LexKind.Name }:
                return run => run[word.Text];
            case { Kind: LexKind.Sign, Text: "(" }:
                Value inner = Read();
                words.Expect(")");
                return inner;
            case { Kind: LexKind.Sign, Text: "[" }:
                return ListOf();
            case { Kind: LexKind.Sign, Text: "{" }:
                return Map();
            default:
                throw new TemplateException($"a value expected, got '{word.Text}'");
        }
    }

    private Value ListOf()
    {
        var items = new List<Value>();
        while (!words.TakeIf("]"))
        {
            items.Add(Read());
            if (!words.Is("]"))
            {
                words.Expect(",");
            }
        }

        return run => items.Select(item => item(run)).ToList();
    }

    private Value Map()
    {
        var entries = new List<(Value Key, Value Value)>();
        while (!words.TakeIf("}"))
        {
            Value key = Read();
            words.Expect(":");
            entries.Add((key, Read()));
            if (!words.Is("}"))
            {
                words.Expect(",");
            }
        }

        return run =>
        {
            var map = new Dictionary<string, object?>();
            foreach ((Value key, Value value) in entries)
            {
                map[TemplateValues.Text(key(run))] = value(run);
            }

            return map;
        };
    }
}
