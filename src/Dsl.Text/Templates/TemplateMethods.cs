using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;

namespace Dsl.Text.Templates;

/// <summary>What stands behind the point of texts, lists and maps: those of Python's methods that change nothing.</summary>
internal static class TemplateMethods
{
    private static readonly string[] Changing =
        ["append", "clear", "extend", "insert", "pop", "popitem", "remove", "reverse", "setdefault", "sort", "update", "fromkeys"];

    /// <summary>A method of a value; null where it has none of that name.</summary>
    internal static object? Of(object? value, string name) => value switch
    {
        string text => OfText(text, name) is { } body ? new FunctionValue(name, (run, with) => body(run, with)) : null,
        List<object?> list => OfList(list, name),
        TupleValue tuple => OfList(tuple.Items, name),
        MapValue map => OfMap(map, name),
        LoopValue loop when name == "cycle" => Cycle(loop),
        _ => null,
    };

    private static Func<TemplateRun, CallArguments, object?>? OfText(string text, string name)
    {
        string? Characters(CallArguments with) => with.Bind("chars")[0].Value is { } value ? TemplateValues.String(value, name) : null;
        Func<TemplateRun, CallArguments, object?> Plain(Func<string, object?> change) => (run, with) =>
        {
            with.Bind();
            run.Work(text.Length / 8);
            run.Take(2L * text.Length);
            return change(text);
        };
        Func<TemplateRun, CallArguments, object?> Each(Func<Rune, bool> holds) => Plain(own => own.Length > 0 && own.EnumerateRunes().All(holds));
        return name switch
        {
            "strip" => (run, with) => run.Made(PythonText.Trim(text, Characters(with))),
            "lstrip" => (run, with) => run.Made(PythonText.Trim(text, Characters(with), right: false)),
            "rstrip" => (run, with) => run.Made(PythonText.Trim(text, Characters(with), left: false)),
            "upper" => Plain(PythonText.Upper),
            "lower" => Plain(PythonText.Lower),
            "capitalize" => Plain(PythonText.Capitalize),
            "title" => Plain(Title),
            "isdigit" => Each(rune => Rune.GetUnicodeCategory(rune) == System.Globalization.UnicodeCategory.OtherNumber
                ? throw new TemplateException($"'isdigit' of '{rune}' is not supported") : Rune.IsDigit(rune)),
            "isalpha" => Each(Rune.IsLetter),
            "isspace" => Each(rune => rune.IsBmp && PythonText.IsSpace((char)rune.Value)),
            "isupper" => Plain(own => own.EnumerateRunes().Any(Rune.IsUpper) && !own.EnumerateRunes().Any(Rune.IsLower)),
            "islower" => Plain(own => own.EnumerateRunes().Any(Rune.IsLower) && !own.EnumerateRunes().Any(Rune.IsUpper)),
            "startswith" => (run, with) => Edge(run, text, with, name, (own, part) => own.StartsWith(part, StringComparison.Ordinal)),
            "endswith" => (run, with) => Edge(run, text, with, name, (own, part) => own.EndsWith(part, StringComparison.Ordinal)),
            "removeprefix" => (run, with) =>
                run.Made(One(with, name) is { Length: > 0 } part && text.StartsWith(part, StringComparison.Ordinal) ? text[part.Length..] : text),
            "removesuffix" => (run, with) =>
                run.Made(One(with, name) is { Length: > 0 } part && text.EndsWith(part, StringComparison.Ordinal) ? text[..^part.Length] : text),
            "replace" => (run, with) =>
            {
                Argument[] parts = with.Bind("old", "new", "count");
                return PythonText.Replace(
                    run, text, TemplateValues.String(parts[0].Value, name), TemplateValues.String(parts[1].Value, name),
                    parts[2].IsGiven ? TemplateValues.Whole(parts[2].Value) : -1);
            }
            ,
            "split" => (run, with) => Split(run, text, with, name, PythonText.Split),
            "rsplit" => (run, with) => Split(run, text, with, name, PythonText.SplitBack),
            "splitlines" => Plain(own => PythonText.Lines(own)),
            "partition" => (run, with) => Partition(run, text, One(with, name), text.IndexOf(One(with, name), StringComparison.Ordinal), last: false),
            "rpartition" => (run, with) => Partition(run, text, One(with, name), text.LastIndexOf(One(with, name), StringComparison.Ordinal), last: true),
            "find" => (run, with) => Find(run, text, One(with, name), text.IndexOf(One(with, name), StringComparison.Ordinal)),
            "rfind" => (run, with) => Find(run, text, One(with, name), text.LastIndexOf(One(with, name), StringComparison.Ordinal)),
            "index" => (run, with) => Find(run, text, One(with, name), text.IndexOf(One(with, name), StringComparison.Ordinal)) is >= 0L and var at ? at
                : throw new TemplateException($"'{One(with, name)}' is not in the text"),
            "count" => (run, with) => One(with, name) is { Length: > 0 } part
                ? (long)(PythonText.Split(run.Made(text), part, -1).Count - 1) : PythonText.Length(text) + 1L,
            "join" => (run, with) => Join(run, text, TemplateValues.Items(run, with.Bind("iterable")[0].Value), part => TemplateValues.String(part, name)),
            _ => null,
        };
    }

    /// <summary>Texts with another between them.</summary>
    internal static string Join(TemplateRun run, string between, List<object?> items, Func<object?, string> textOf)
    {
        var built = new StringBuilder();
        for (int i = 0; i < items.Count; i++)
        {
            string part = textOf(items[i]);
            run.Take(2L * (between.Length + part.Length));
            built.Append(i > 0 ? between : "").Append(part);
        }

        return built.ToString();
    }

    /// <summary>A large letter at the begin of each word, small ones after it.</summary>
    internal static string Title(string text)
    {
        var built = new StringBuilder(text.Length);
        bool within = false;
        foreach (Rune rune in text.EnumerateRunes())
        {
            bool isLetter = Rune.IsLetter(rune);
            built.Append(!isLetter ? rune.ToString() : within ? PythonText.Lower(rune.ToString()) : PythonText.Capitalize(rune.ToString()));
            within = isLetter;
        }

        return built.ToString();
    }

    private static string One(CallArguments with, string name) => TemplateValues.String(with.Bind("part")[0].Value, name);

    private static object Edge(TemplateRun run, string text, CallArguments with, string name, Func<string, string, bool> holds)
    {
        run.Work(1);
        object? part = with.Bind("part")[0].Value;
        return part is TupleValue several ? several.Items.Exists(one => holds(text, TemplateValues.String(one, name)))
            : holds(text, TemplateValues.String(part, name));
    }

    private static List<object?> Split(
        TemplateRun run, string text, CallArguments with, string name, Func<string, string?, long, List<object?>> split)
    {
        Argument[] parts = with.Bind("sep", "maxsplit");
        string? separator = parts[0].Value is { } value ? TemplateValues.String(value, name) : null;
        if (separator is "")
        {
            throw new TemplateException($"'{name}' at an empty text");
        }

        // A part takes a text and its place in the list.
        run.Take((2L * text.Length) + (48L * (text.Length / (separator?.Length ?? 2) / 8)));
        List<object?> found = split(text, separator, parts[1].IsGiven ? TemplateValues.Whole(parts[1].Value) : -1);
        run.Take(48L * found.Count);
        return found;
    }

    private static TupleValue Partition(TemplateRun run, string text, string part, int at, bool last)
    {
        run.Take(2L * text.Length);
        return part.Length == 0 ? throw new TemplateException("'partition' at an empty text")
            : at < 0 ? new TupleValue(last ? ["", "", text] : [text, "", ""]) : new TupleValue([text[..at], part, text[(at + part.Length)..]]);
    }

    private static object Find(TemplateRun run, string text, string part, int unit)
    {
        run.Work(1 + ((text.Length + part.Length) / 16));
        return unit < 0 ? -1L : (long)PythonText.Length(text[..unit]);
    }

    private static FunctionValue? OfList(List<object?> list, string name) => name switch
    {
        "count" => new FunctionValue(name, (run, with) =>
        {
            object? looked = with.Bind("value")[0].Value;
            return (long)list.Count(item => TemplateValues.Same(run, item, looked));
        }),
        "index" => new FunctionValue(name, (run, with) =>
        {
            object? looked = with.Bind("value")[0].Value;
            int at = list.FindIndex(item => TemplateValues.Same(run, item, looked));
            return at >= 0 ? (long)at : throw new TemplateException("the list has no such element");
        }),
        _ => Refused(name),
    };

    private static FunctionValue? OfMap(MapValue map, string name) => name switch
    {
        "items" => new FunctionValue(name, (run, with) =>
        {
            with.Bind();
            return Pairs(run, map, "dict_items", isOnce: false);
        }),
        "keys" => new FunctionValue(name, (run, with) =>
        {
            with.Bind();
            return new ViewValue(run.Made(map.Keys.ToList()), "dict_keys", IsOnce: false);
        }),
        "values" => new FunctionValue(name, (run, with) =>
        {
            with.Bind();
            return new ViewValue(run.Made(map.Entries.Select(entry => entry.Value).ToList()), "dict_values", IsOnce: false);
        }),
        "get" => new FunctionValue(name, (run, with) =>
        {
            run.Work(1);
            Argument[] parts = with.Bind("key", "default");
            return map.TryGet(parts[0].Value, out object? found) ? found : parts[1].Value;
        }),
        "copy" => new FunctionValue(name, (run, with) =>
        {
            with.Bind();
            run.Take(64L * map.Count);
            var copy = new MapValue();
            foreach ((object? key, object? value) in map.Entries)
            {
                copy[key] = value;
            }

            return copy;
        }),
        _ => Refused(name),
    };

    /// <summary>Keys with their values.</summary>
    internal static ViewValue Pairs(TemplateRun run, MapValue map, string? name, bool isOnce)
    {
        run.Take(96L * map.Count);
        return new ViewValue([.. map.Entries.Select(entry => (object?)new TupleValue([entry.Key, entry.Value]))], name, isOnce);
    }

    private static FunctionValue? Refused(string name) => Array.IndexOf(Changing, name) < 0 ? null
        : new FunctionValue(name, (_, _) => throw new TemplateException($"'{name}' changes a value, which a template may not"));

    private static FunctionValue Cycle(LoopValue loop) => new("cycle", (_, with) => with.Places.Count > 0
        ? with.Places[(int)((long)loop.Members["index0"]! % with.Places.Count)] : throw new TemplateException("'cycle' of nothing"));
}
