using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;

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

    internal bool NextIs(string text) => Following.Text == text && Following.Kind is LexKind.Name or LexKind.Sign;
}

/// <summary>Expressions of a template, compiled to functions of a run. Precedence is Jinja's (jinja2, parser.py).</summary>
internal sealed class ExpressionParser(LexemeReader words)
{
    private const int Deepest = 50, Longest = 500;

    // A test's argument may stand without brackets, unless one of these follows.
    private static readonly string[] AfterTests = ["else", "or", "and", "if", "not", "in", "is"];

    private int depth;
    private int operators;

    internal delegate object? Value(TemplateRun run);

    /// <summary>A value, or several with commas between them, which are a tuple.</summary>
    internal Value ReadTuple(bool withCondition = true)
    {
        Value first = withCondition ? Read() : Or();
        if (!words.Is(","))
        {
            return first;
        }

        var items = new List<Value> { first };
        while (words.TakeIf(",") && Begins())
        {
            items.Add(withCondition ? Read() : Or());
        }

        return run => new TupleValue(run.Made(items.ConvertAll(item => item(run))));
    }

    internal Value Read()
    {
        if (++depth > Deepest)
        {
            throw new TemplateException($"more than {Deepest} expressions within one another");
        }

        operators = depth == 1 ? 0 : operators;
        Value value = Or();
        while (Counted(words.TakeIf("if")))
        {
            Value condition = Or(), then = value;
            Value otherwise = words.TakeIf("else") ? Read() : _ => new Undefined("an 'if' without 'else' gives nothing");
            value = run => TemplateValues.IsTrue(condition(run)) ? then(run) : otherwise(run);
        }

        depth--;
        return value;
    }

    private bool Begins() =>
        words.Now.Kind is LexKind.Literal or LexKind.Name || words.Is("(") || words.Is("[") || words.Is("{") || words.Is("-") || words.Is("+");

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

        Value value = Comparison();
        return times == 0 ? value : run => TemplateValues.IsTrue(value(run)) == (times % 2 == 0);
    }

    /// <summary>Comparisons in a row hold where each of them does.</summary>
    private Value Comparison()
    {
        Value first = Sum();
        var rest = new List<(string Sign, Value Right)>();
        while (true)
        {
            string sign = words.Now.Text;
            if (words.Now.Kind == LexKind.Sign && sign is "==" or "!=" or "<" or ">" or "<=" or ">=")
            {
                words.Take();
            }
            else if (words.Is("in") || (words.Is("not") && words.NextIs("in")))
            {
                sign = words.TakeIf("not") ? "not in" : "in";
                words.Expect("in");
            }
            else
            {
                break;
            }

            Counted(true);
            rest.Add((sign, Sum()));
        }

        if (rest.Count == 0)
        {
            return first;
        }

        return run =>
        {
            object? left = first(run);
            foreach ((string sign, Value next) in rest)
            {
                object? right = next(run);
                if (!Holds(run, sign, left, right))
                {
                    return false;
                }

                left = right;
            }

            return true;
        };
    }

    private static bool Holds(TemplateRun run, string sign, object? left, object? right) => sign switch
    {
        "==" => TemplateValues.Same(run, left, right),
        "!=" => !TemplateValues.Same(run, left, right),
        "<" => TemplateValues.Compare(run, left, right) < 0,
        ">" => TemplateValues.Compare(run, left, right) > 0,
        "<=" => TemplateValues.Compare(run, left, right) <= 0,
        ">=" => TemplateValues.Compare(run, left, right) >= 0,
        "in" => TemplateValues.Contains(run, right, left),
        _ => !TemplateValues.Contains(run, right, left),
    };

    private Value Sum() => Chain(Concatenation, "+", "-");

    private Value Concatenation() => Chain(Term, "~");

    private Value Term() => Chain(Power, "*", "/", "//", "%");

    private Value Power() => Chain(() => Unary(withFilters: true), "**");

    private Value Chain(Func<Value> next, params string[] signs)
    {
        Value value = next();
        while (Counted(words.Now.Kind == LexKind.Sign && signs.Contains(words.Now.Text)))
        {
            string sign = words.Take().Text;
            Value left = value, right = next();
            value = run => TemplateOperators.Calculate(run, sign, left(run), right(run));
        }

        return value;
    }

    private Value Unary(bool withFilters)
    {
        Value value;
        if (words.Is("-") || words.Is("+"))
        {
            Counted(true);
            bool negative = words.Take().Text == "-";
            Value of = Nested(() => Unary(withFilters: false));
            value = negative ? run => TemplateOperators.Negative(of(run))
                : run => of(run) is var number && number is double ? number : TemplateValues.Whole(number);
        }
        else
        {
            value = Primary();
        }

        value = Postfix(value);
        while (withFilters && Counted(words.Is("|") || words.Is("is") || words.Is("(")))
        {
            value = words.TakeIf("|") ? Filter(value) : words.TakeIf("is") ? Test(value) : Call(value);
        }

        return value;
    }

    private Value Nested(Func<Value> read)
    {
        if (++depth > Deepest)
        {
            throw new TemplateException($"more than {Deepest} expressions within one another");
        }

        Value value = read();
        depth--;
        return value;
    }

    internal Value Filter(Value of)
    {
        string filter = words.Name();
        Func<TemplateRun, CallArguments> with = words.Is("(") ? Arguments(filter) : _ => new CallArguments(filter, [], []);
        return run => TemplateFilters.Apply(run, filter, of(run), with(run));
    }

    private Value Test(Value of)
    {
        bool inverted = words.TakeIf("not");
        string test = words.Name();
        Func<TemplateRun, CallArguments> with = _ => new CallArguments(test, [], []);
        if (words.Is("("))
        {
            with = Arguments(test);
        }
        else if (words.Now.Kind == LexKind.Literal || words.Is("[") || words.Is("{")
            || (words.Now.Kind == LexKind.Name && !AfterTests.Contains(words.Now.Text)))
        {
            Value argument = Postfix(Primary());
            with = run => new CallArguments(test, [argument(run)], []);
        }

        return run => TemplateTests.Holds(run, test, of(run), with(run)) != inverted;
    }

    private Value Call(Value of)
    {
        Func<TemplateRun, CallArguments> with = Arguments("the function");
        return run =>
        {
            object? function = of(run);
            if (function is not FunctionValue { Body: { } body })
            {
                throw new TemplateException(
                    function is Undefined undefined ? $"called, but {undefined.Reason}" : $"{TemplateValues.Kind(function)} is called");
            }

            CallArguments arguments = with(run);
            TemplateRun.RequireStack();
            run.Call();
            object? value = body(run, arguments);
            run.Return();
            return value;
        };
    }

    private Value Postfix(Value value)
    {
        while (Counted(words.Is(".") || words.Is("[") || words.Is("(")))
        {
            Value of = value;
            if (words.TakeIf("."))
            {
                Lexeme member = words.Take();
                value = member switch
                {
                    { Kind: LexKind.Name } => run => TemplateValues.Member(of(run), member.Text),
                    { Kind: LexKind.Literal, Number: long place } => run => TemplateValues.Index(run, of(run), place),
                    _ => throw new TemplateException("a name or a number expected"),
                };
            }
            else
            {
                value = words.TakeIf("[") ? Element(of) : Call(of);
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
            return run => TemplateValues.Index(run, of(run), from!(run));
        }

        Value? to = words.Is("]") || words.Is(":") ? null : Read();
        Value? by = words.TakeIf(":") && !words.Is("]") ? Read() : null;
        words.Expect("]");
        return run => TemplateValues.Slice(run, of(run), from?.Invoke(run), to?.Invoke(run), by?.Invoke(run));
    }

    private Func<TemplateRun, CallArguments> Arguments(string function)
    {
        var places = new List<Value>();
        var named = new List<(string Name, Value Value)>();
        words.Expect("(");
        while (!words.TakeIf(")"))
        {
            if (words.Is("*") || words.Is("**"))
            {
                throw new TemplateException($"'{words.Now.Text}' before an argument is not supported");
            }

            if (words.Now.Kind == LexKind.Name && words.NextIs("="))
            {
                string name = words.Name();
                words.Expect("=");
                named.Add(named.TrueForAll(entry => entry.Name != name) ? (name, Read()) : throw new TemplateException($"'{name}' is given twice"));
            }
            else
            {
                places.Add(named.Count == 0 ? Read() : throw new TemplateException("an argument without a name after one with a name"));
            }

            if (!words.Is(")"))
            {
                words.Expect(",");
            }
        }

        return run => new CallArguments(
            function, run.Made(places.ConvertAll(argument => argument(run))), named.ToDictionary(entry => entry.Name, entry => entry.Value(run)));
    }

    private Value Primary()
    {
        Lexeme word = words.Take();
        switch (word)
        {
            case { Kind: LexKind.Literal, Number: { } number }:
                return _ => number;
            case { Kind: LexKind.Literal }:
                var parts = new StringBuilder(word.Text);
                while (words.Now is { Kind: LexKind.Literal, Number: null })
                {
                    parts.Append(words.Take().Text);
                }

                string text = parts.ToString();
                return _ => text;
            case { Kind: LexKind.Name, Text: "true" or "True" }:
                return _ => true;
            case { Kind: LexKind.Name, Text: "false" or "False" }:
                return _ => false;
            case { Kind: LexKind.Name, Text: "none" or "None" }:
                return _ => null;
            case { Kind: LexKind.Name }:
                return run => run[word.Text];
            case { Kind: LexKind.Sign, Text: "(" }:
                return Brackets();
            case { Kind: LexKind.Sign, Text: "[" }:
                return ListOf();
            case { Kind: LexKind.Sign, Text: "{" }:
                return Map();
            default:
                throw new TemplateException($"a value expected, got '{word.Text}'");
        }
    }

    private Value Brackets()
    {
        if (words.TakeIf(")"))
        {
            return _ => new TupleValue([]);
        }

        Value inner = ReadTuple();
        words.Expect(")");
        return inner;
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

        return run => run.Made(items.ConvertAll(item => item(run)));
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
            run.Take(64 + (64L * entries.Count));
            var map = new MapValue();
            foreach ((Value key, Value value) in entries)
            {
                map[key(run)] = value(run);
            }

            return map;
        };
    }
}
