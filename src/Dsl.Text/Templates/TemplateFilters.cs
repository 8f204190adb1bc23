using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;

namespace Dsl.Text.Templates;

/// <summary>Filters: what stands behind a bar.</summary>
internal static class TemplateFilters
{
    internal static object? Apply(TemplateRun run, string name, object? value, CallArguments with)
    {
        run.Work(1);
        string Own() => TemplateWriter.Text(run, value);
        string Letters()
        {
            // Letter by letter.
            string text = Own();
            run.Work(text.Length / 8);
            return text;
        }

        Argument[] p;
        switch (name)
        {
            case "trim":
                p = with.Bind("chars");
                return run.Made(PythonText.Trim(Own(), p[0].Value is { } characters ? TemplateValues.String(characters, name) : null));
            case "length" or "count":
                with.Bind();
                return TemplateValues.Length(run, value);
            case "upper":
                with.Bind();
                return run.Made(PythonText.Upper(Letters()));
            case "lower":
                with.Bind();
                return run.Made(PythonText.Lower(Letters()));
            case "capitalize":
                with.Bind();
                return run.Made(PythonText.Capitalize(Letters()));
            case "title":
                with.Bind();
                return run.Made(Title(Letters()));
            case "string":
                with.Bind();
                return Own();
            case "safe":
                // Python marks the text, and what is added to it is escaped from then on.
                with.Bind();
                return new SafeText(Own());
            case "tojson":
                return TemplateWriter.Json(run, value, Form(with));
            case "int":
                p = with.Bind("default", "base");
                return !p[1].IsGiven || p[1].Value is 10L ? ToInt(value, p[0].IsGiven ? p[0].Value : 0L)
                    : throw new TemplateException("'int' of another base than 10");
            case "float":
                p = with.Bind("default");
                return ToFloat(value, p[0].IsGiven ? p[0].Value : 0.0);
            case "abs":
                with.Bind();
                return value is double real ? Math.Abs(real)
                    : TemplateValues.Whole(value) is < 0 and var negative ? TemplateOperators.Negative(negative) : TemplateValues.Whole(value);
            case "round":
                return Round(value, with.Bind("precision", "method"));
            case "list":
                with.Bind();
                return run.Made(TemplateValues.Items(run, value).ToList());
            case "first":
                with.Bind();
                return TemplateValues.Items(run, value) is { Count: > 0 } first ? first[0] : new Undefined("nothing is first of nothing");
            case "last":
                with.Bind();
                return Reversible(run, value, name) is { Count: > 0 } last ? last[^1] : new Undefined("nothing is last of nothing");
            case "reverse":
                with.Bind();
                return value is string text ? string.Concat(run.Made(Enumerable.Reverse(TemplateValues.Items(run, text)).ToList()))
                    : new ViewValue(run.Made(Enumerable.Reverse(Reversible(run, value, name)).ToList()), null, IsOnce: true);
            case "join":
                p = with.Bind("d", "attribute");
                return TemplateMethods.Join(
                    run, p[0].IsGiven ? TemplateWriter.Text(run, p[0].Value) : "", TemplateValues.Items(run, value),
                    item => TemplateWriter.Text(run, p[1].Value is null ? item : Attribute(run, item, p[1].Value)));
            case "replace":
                p = with.Bind("old", "new", "count");
                return PythonText.Replace(
                    run, Own(), TemplateWriter.Text(run, p[0].Value), TemplateWriter.Text(run, p[1].Value),
                    p[2].Value is null ? -1 : TemplateValues.Whole(p[2].Value));
            case "default" or "d":
                p = with.Bind("default_value", "boolean");
                return value is Undefined || (TemplateValues.IsTrue(p[1].Value) && !TemplateValues.IsTrue(value)) ? p[0].IsGiven ? p[0].Value : "" : value;
            case "items":
                with.Bind();
                return value switch
                {
                    MapValue map => TemplateMethods.Pairs(run, map, null, isOnce: true),
                    Undefined => new ViewValue([], null, IsOnce: true),
                    _ => throw new TemplateException($"'items' asks for a map, got {TemplateValues.Kind(value)}"),
                };
            case "dictsort":
                return DictSort(run, value, with.Bind("case_sensitive", "by", "reverse"));
            case "sort":
                p = with.Bind("reverse", "case_sensitive", "attribute");
                return run.Made(Sorted(run, TemplateValues.Items(run, value), Key(run, p[2], p[1]), TemplateValues.IsTrue(p[0].Value)));
            case "unique":
                p = with.Bind("case_sensitive", "attribute");
                return new ViewValue(run.Made(Unique(run, TemplateValues.Items(run, value), Key(run, p[1], p[0]))), null, IsOnce: true);
            case "min" or "max":
                p = with.Bind("case_sensitive", "attribute");
                List<object?> ordered = Sorted(run, TemplateValues.Items(run, value), Key(run, p[1], p[0]), reverse: name == "max");
                return ordered.Count > 0 ? ordered[0] : new Undefined($"nothing is {name} of nothing");
            case "sum":
                p = with.Bind("attribute", "start");
                return TemplateValues.Items(run, value).Aggregate(
                    p[1].IsGiven ? p[1].Value : 0L,
                    (sum, item) => TemplateOperators.Calculate(run, "+", sum, p[0].Value is null ? item : Attribute(run, item, p[0].Value)));
            case "map":
                return Map(run, value, with);
            case "select" or "reject":
                return Where(run, value, with, item => item, name == "select");
            case "selectattr" or "rejectattr":
                object? attribute = with.Places.Count > 0 ? with.Places[0] : throw new TemplateException($"'{name}' without an attribute");
                return Where(
                    run, value, new CallArguments(name, with.Places[1..], with.Named), item => Attribute(run, item, attribute), name == "selectattr");
            case "attr":
                return value is MapValue ? new Undefined("a map has no attributes")
                    : TemplateValues.Member(value, TemplateValues.String(with.Bind("name")[0].Value, name));
            case "indent":
                return Indent(run, Own(), with.Bind("width", "first", "blank"));
            case "wordcount":
                with.Bind();
                return (long)WordCount(Letters());
            default:
                throw new TemplateException($"filter '{name}' unknown");
        }
    }

    /// <summary>Elements in order; equal ones stay as they stand.</summary>
    internal static List<T> Sorted<T>(TemplateRun run, IEnumerable<T> items, Func<T, object?> key, bool reverse)
    {
        var comparer = Comparer<object?>.Create((a, b) => TemplateValues.Compare(run, a, b));
        try
        {
            return [.. reverse ? items.OrderByDescending(key, comparer) : items.OrderBy(key, comparer)];
        }
        catch (InvalidOperationException e) when (e.InnerException is TemplateException inner)
        {
            throw inner;
        }
    }

    private static List<object?> Unique(TemplateRun run, List<object?> items, Func<object?, object?> key)
    {
        var seen = new MapValue();
        var kept = new List<object?>();
        foreach (object? item in items)
        {
            run.Work(1);
            object? by = key(item);
            if (!seen.TryGet(by, out _))
            {
                seen[by] = true;
                kept.Add(item);
            }
        }

        return kept;
    }

    private static Func<object?, object?> Key(TemplateRun run, Argument attribute, Argument sensitive)
    {
        bool folds = !TemplateValues.IsTrue(sensitive.Value);
        return item =>
        {
            object? by = attribute.Value is null ? item : Attribute(run, item, attribute.Value);
            return folds && by is string text ? run.Made(PythonText.Lower(text)) : by;
        };
    }

    /// <summary>An element by a path of names and numbers with points between them.</summary>
    private static object? Attribute(TemplateRun run, object? item, object? path)
    {
        if (path is not string names)
        {
            return TemplateValues.Index(run, item, path);
        }

        foreach (string name in names.Split('.'))
        {
            bool isNumber = long.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out long place);
            item = item is Undefined ? item : isNumber ? TemplateValues.Index(run, item, place) : TemplateValues.Index(run, item, name);
        }

        return item;
    }

    private static ViewValue Map(TemplateRun run, object? value, CallArguments with)
    {
        Func<object?, object?> change;
        if (with.Places.Count == 0 && with.Named.TryGetValue("attribute", out object? path))
        {
            bool has = with.Named.TryGetValue("default", out object? otherwise);
            if (with.Named.Count > (has ? 2 : 1))
            {
                throw new TemplateException("'map' with other arguments than attribute and default");
            }

            change = item => Attribute(run, item, path) is var found && found is Undefined && has ? otherwise : found;
        }
        else
        {
            string filter = with.Places.Count > 0 ? TemplateValues.String(with.Places[0], "map") : throw new TemplateException("'map' without a filter");
            var rest = new CallArguments(filter, with.Places[1..], with.Named);
            change = item => Apply(run, filter, item, rest);
        }

        return new ViewValue(run.Made(TemplateValues.Items(run, value).Select(change).ToList()), null, IsOnce: true);
    }

    private static ViewValue Where(TemplateRun run, object? value, CallArguments with, Func<object?, object?> part, bool keeps)
    {
        Func<object?, bool> holds = TemplateValues.IsTrue;
        if (with.Places.Count > 0)
        {
            string test = TemplateValues.String(with.Places[0], "select");
            var rest = new CallArguments(test, with.Places[1..], with.Named);
            holds = item => TemplateTests.Holds(run, test, item, rest);
        }

        return new ViewValue(
            run.Made(TemplateValues.Items(run, value).Where(item =>
            {
                run.Work(1);
                return holds(part(item)) == keeps;
            }).ToList()),
            null,
            IsOnce: true);
    }

    private static List<object?> DictSort(TemplateRun run, object? value, Argument[] p)
    {
        MapValue map = value as MapValue ?? throw new TemplateException($"'dictsort' asks for a map, got {TemplateValues.Kind(value)}");
        int by = !p[1].IsGiven || p[1].Value is "key" ? 0 : p[1].Value is "value" ? 1 : throw new TemplateException("'dictsort' by neither key nor value");
        Func<object?, object?> key = Key(run, new Argument(true, (long)by), p[0]);
        return run.Made(Sorted(run, TemplateMethods.Pairs(run, map, null, isOnce: true).Items, key, TemplateValues.IsTrue(p[2].Value)));
    }

    private static List<object?> Reversible(TemplateRun run, object? value, string filter) => value is ViewValue { IsOnce: true }
        ? throw new TemplateException($"'{filter}' of {TemplateValues.Kind(value)}, expected a list") : TemplateValues.Items(run, value);

    private static TemplateWriter.JsonForm Form(CallArguments with)
    {
        Argument[] p = with.Bind("ensure_ascii", "indent", "separators", "sort_keys");
        string? indent = p[1].Value switch
        {
            null => null,
            string own => own,
            { } count => TemplateValues.Whole(count) is <= 64 and var width ? new string(' ', (int)Math.Max(0, width))
                : throw new TemplateException("'tojson' with an indent of more than 64"),
        };
        List<object?>? between = p[2].Value switch { List<object?> list => list, TupleValue tuple => tuple.Items, _ => null };
        return between is null or [string, string]
            ? new TemplateWriter.JsonForm(
                indent, between?[0] as string ?? (indent is null ? ", " : ","), between?[1] as string ?? ": ", TemplateValues.IsTrue(p[3].Value),
                TemplateValues.IsTrue(p[0].Value))
            : throw new TemplateException("'tojson' with separators other than two texts");
    }

    private static object? ToInt(object? value, object? otherwise) => value switch
    {
        long or bool => TemplateValues.Whole(value),
        double real => double.IsFinite(real) && Math.Abs(real) < long.MaxValue ? (long)Math.Truncate(real) : otherwise,
        string text => Digits(text) is { } whole ? whole
            : Real(text) is { } real && double.IsFinite(real) && Math.Abs(real) < long.MaxValue ? (long)Math.Truncate(real) : otherwise,
        _ => otherwise,
    };

    private static object? ToFloat(object? value, object? otherwise) => value switch
    {
        long or bool or double => TemplateValues.Number(value),
        string text => Real(text) ?? otherwise,
        _ => otherwise,
    };

    private static long? Digits(string text)
    {
        string trimmed = PythonText.Trim(text, null);
        return !long.TryParse(trimmed, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long whole)
            ? trimmed.Length > 18 && trimmed.TrimStart('-', '+').All(char.IsAsciiDigit) ? throw new TemplateException("a number beyond 64 bits") : null
            : whole;
    }

    private static double? Real(string text) => PythonText.Trim(text, null) is { Length: > 0 } trimmed && !trimmed.Contains(',')
        && double.TryParse(trimmed, NumberStyles.Float, CultureInfo.InvariantCulture, out double real) ? real : null;

    private static double Round(object? value, Argument[] p)
    {
        double number = TemplateValues.Number(value ?? throw new TemplateException("'round' of none"));
        int digits = p[0].IsGiven ? (int)Math.Clamp(TemplateValues.Whole(p[0].Value), -1, 16) : 0;
        if (digits is < 0 or > 15)
        {
            throw new TemplateException("'round' to fewer than 0 or more than 15 digits");
        }

        double scale = Math.Pow(10, digits);
        return p[1].Value switch
        {
            null or "common" => Math.Round(number, digits, MidpointRounding.ToEven),
            "ceil" => Math.Ceiling(number * scale) / scale,
            "floor" => Math.Floor(number * scale) / scale,
            _ => throw new TemplateException("'round' by another method than common, ceil and floor"),
        };
    }

    private static string Indent(TemplateRun run, string text, Argument[] p)
    {
        long width = p[0].Value is string ? 0 : p[0].IsGiven ? TemplateValues.Whole(p[0].Value) : 4;
        string indent = p[0].Value is string own ? own : width <= 1000 ? new string(' ', (int)Math.Max(0, width))
            : throw new TemplateException("'indent' by more than 1000");
        bool first = TemplateValues.IsTrue(p[1].Value), blank = TemplateValues.IsTrue(p[2].Value);

        // A line end after the last line counts as a line.
        List<object?> lines = PythonText.Lines(run.Made(text + "\n"));
        var built = new StringBuilder();
        for (int i = 0; i < lines.Count; i++)
        {
            string line = (string)lines[i]!;
            bool indented = i == 0 ? first : blank || line.Length > 0;
            run.Take(2L * (indent.Length + line.Length));
            built.Append(i > 0 ? "\n" : "").Append(indented ? indent : "").Append(line);
        }

        return built.ToString();
    }

    private static string Title(string text)
    {
        var built = new StringBuilder(text.Length);
        int from = 0;
        for (int i = 0; i <= text.Length; i++)
        {
            if (i == text.Length || text[i] is '-' or '(' or '{' or '[' or '<' || PythonText.IsSpace(text[i]))
            {
                string word = text[from..i];
                if (word.Length > 0)
                {
                    int first = Rune.GetRuneAt(word, 0).Utf16SequenceLength;
                    built.Append(PythonText.Upper(word[..first])).Append(PythonText.Lower(word[first..]));
                }

                built.Append(i < text.Length ? text[i].ToString() : "");
                from = i + 1;
            }
        }

        return built.ToString();
    }

    private static int WordCount(string text)
    {
        int words = 0;
        bool within = false;
        foreach (Rune rune in text.EnumerateRunes())
        {
            bool isWord = Rune.IsLetterOrDigit(rune) || Rune.IsNumber(rune) || rune.Value == '_';
            words += isWord && !within ? 1 : 0;
            within = isWord;
        }

        return words;
    }
}

/// <summary>A text that was marked as safe: it can be printed, and nothing else.</summary>
internal sealed record SafeText(string Text);

/// <summary>Tests: what stands behind <c>is</c>.</summary>
internal static class TemplateTests
{
    internal static bool Holds(TemplateRun run, string name, object? value, CallArguments with)
    {
        run.Work(1);
        object? Other() => with.Bind("other")[0] is { IsGiven: true } other ? other.Value
            : throw new TemplateException($"test '{name}' without what it compares with");
        if (name is "eq" or "equalto" or "==" or "ne" or "!=" or "lt" or "lessthan" or "<" or "gt" or "greaterthan" or ">" or "le" or "<=" or "ge" or ">="
            or "in" or "sameas" or "divisibleby")
        {
            object? other = Other();
            return name switch
            {
                "eq" or "equalto" or "==" => TemplateValues.Same(run, value, other),
                "ne" or "!=" => !TemplateValues.Same(run, value, other),
                "lt" or "lessthan" or "<" => TemplateValues.Compare(run, value, other) < 0,
                "gt" or "greaterthan" or ">" => TemplateValues.Compare(run, value, other) > 0,
                "le" or "<=" => TemplateValues.Compare(run, value, other) <= 0,
                "ge" or ">=" => TemplateValues.Compare(run, value, other) >= 0,
                "in" => TemplateValues.Contains(run, other, value),
                "divisibleby" => TemplateValues.Whole(TemplateOperators.Calculate(run, "%", TemplateValues.Whole(value), TemplateValues.Whole(other))) == 0,
                _ => value is null or bool && other is null or bool ? Equals(value, other)
                    : throw new TemplateException("'sameas' of other values than none, true and false"),
            };
        }

        with.Bind();
        return name switch
        {
            "defined" => value is not Undefined,
            "undefined" => value is Undefined,
            "none" => value is null,
            "string" => value is string or SafeText,
            "number" => value is long or double or bool,
            "integer" => value is long,
            "float" => value is double,
            "boolean" => value is bool,
            "mapping" => value is MapValue,
            "sequence" => value is string or List<object?> or TupleValue or MapValue or Undefined or ViewValue { Name: "range" },
            "iterable" => value is string or List<object?> or TupleValue or MapValue or ViewValue or Undefined or LoopValue,
            "callable" => value is FunctionValue or Undefined,
            "true" => value is true,
            "false" => value is false,
            "even" => TemplateOperators.Calculate(run, "%", value, 2L) is 0L or 0.0,
            "odd" => TemplateOperators.Calculate(run, "%", value, 2L) is 1L or 1.0,
            "lower" => TemplateWriter.Text(run, value) is var text && text.EnumerateRunes().Any(Rune.IsLower) && !text.EnumerateRunes().Any(Rune.IsUpper),
            "upper" => TemplateWriter.Text(run, value) is var text && text.EnumerateRunes().Any(Rune.IsUpper) && !text.EnumerateRunes().Any(Rune.IsLower),
            _ => throw new TemplateException($"test '{name}' unknown"),
        };
    }
}
