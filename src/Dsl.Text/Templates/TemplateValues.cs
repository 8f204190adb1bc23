using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;

namespace Dsl.Text.Templates;

/// <summary>A value that is not there: false, empty, and an error where more is asked of it.</summary>
/// <param name="Reason">What the error says.</param>
internal sealed record Undefined(string Reason);

/// <summary>A list whose elements cannot change places.</summary>
internal sealed record TupleValue(List<object?> Items);

/// <summary>What is iterated over rather than had: a range, the keys of a map, what a filter lets through.</summary>
/// <param name="Items">Its elements.</param>
/// <param name="Name">How Python spells it before its elements; null where it has no spelling.</param>
/// <param name="IsOnce">It can be read once.</param>
internal sealed record ViewValue(List<object?> Items, string? Name, bool IsOnce)
{
    /// <summary>It was read.</summary>
    internal bool IsSpent { get; set; }
}

/// <summary>What <c>namespace()</c> makes: the one thing whose members a template can set.</summary>
internal sealed record SpaceValue(Dictionary<string, object?> Members);

/// <summary>What can be called.</summary>
/// <param name="Name">How it is called in messages.</param>
/// <param name="Body">What it does.</param>
internal sealed record FunctionValue(string Name, Func<TemplateRun, CallArguments, object?> Body);

/// <summary>A loop as its body sees it.</summary>
internal sealed record LoopValue(Dictionary<string, object?> Members);

/// <summary>A map: elements stand in the order in which they came.</summary>
internal sealed class MapValue
{
    private static readonly object NoneKey = new();

    private readonly Dictionary<object, object?> members = new(KeyComparer.Instance);

    internal int Count => members.Count;

    internal IEnumerable<object?> Keys => members.Keys.Select(key => ReferenceEquals(key, NoneKey) ? null : key);

    internal IEnumerable<KeyValuePair<object?, object?>> Entries =>
        members.Select(entry => KeyValuePair.Create(ReferenceEquals(entry.Key, NoneKey) ? null : entry.Key, entry.Value));

    internal object? this[object? key]
    {
        set => members[Hashable(key)] = value;
    }

    internal bool TryGet(object? key, out object? value)
    {
        if (key is null or bool or long or double or string)
        {
            return members.TryGetValue(Hashable(key), out value);
        }

        value = null;
        return false;
    }

    private static object Hashable(object? key) => key switch
    {
        null => NoneKey,
        bool or long or double or string => key,
        _ => throw new TemplateException($"{TemplateValues.Kind(key)} as a key of a map"),
    };

    /// <summary>Numbers are equal across their kinds, true and 1 too.</summary>
    private sealed class KeyComparer : IEqualityComparer<object>
    {
        internal static readonly KeyComparer Instance = new();

        bool IEqualityComparer<object>.Equals(object? a, object? b) => (a, b) switch
        {
            (string x, string y) => string.Equals(x, y, StringComparison.Ordinal),
            (bool or long or double, bool or long or double) => TemplateValues.Number(a!) == TemplateValues.Number(b!),
            _ => ReferenceEquals(a, b),
        };

        int IEqualityComparer<object>.GetHashCode(object key) => key switch
        {
            string text => text.GetHashCode(StringComparison.Ordinal),
            bool or long or double => TemplateValues.Number(key).GetHashCode(),
            _ => 0,
        };
    }
}

/// <summary>What a call gives: values by place and by name.</summary>
internal sealed class CallArguments(string function, List<object?> places, Dictionary<string, object?> named)
{
    internal List<object?> Places => places;

    internal Dictionary<string, object?> Named => named;

    /// <summary>The arguments in the order of a function's parameters; null entries of the result were not given.</summary>
    internal Argument[] Bind(params ReadOnlySpan<string> parameters)
    {
        if (places.Count > parameters.Length)
        {
            throw new TemplateException($"'{function}' with {places.Count} arguments, expected at most {parameters.Length}");
        }

        var bound = new Argument[parameters.Length];
        int used = 0;
        for (int i = 0; i < bound.Length; i++)
        {
            bool isNamed = named.TryGetValue(parameters[i], out object? value);
            if (isNamed && i < places.Count)
            {
                throw new TemplateException($"'{function}' with '{parameters[i]}' twice");
            }

            used += isNamed ? 1 : 0;
            bound[i] = i < places.Count ? new Argument(true, places[i]) : new Argument(isNamed, value);
        }

        foreach (string name in named.Keys)
        {
            if (used < named.Count && parameters.IndexOf(name) < 0)
            {
                throw new TemplateException($"'{function}' with an argument '{name}', which it does not have");
            }
        }

        return bound;
    }
}

/// <summary>An argument, if it was given.</summary>
internal readonly record struct Argument(bool IsGiven, object? Value);

/// <summary>
/// Values of a template as Python has them: null, <see cref="Undefined"/>, bool, long, double, string, lists, tuples, maps and what else stands beside this
/// class. Whatever walks through them counts its work and its depth, since values may hold one another, and themselves.
/// </summary>
internal static class TemplateValues
{
    internal static bool IsTrue(object? value) => value switch
    {
        null or Undefined => false,
        bool truth => truth,
        long whole => whole != 0,
        double real => real != 0,
        string text => text.Length > 0,
        SafeText safe => safe.Text.Length > 0,
        List<object?> list => list.Count > 0,
        TupleValue tuple => tuple.Items.Count > 0,
        MapValue map => map.Count > 0,
        ViewValue { IsOnce: false } view => view.Items.Count > 0,
        _ => true,
    };

    internal static double Number(object value) => value switch
    {
        long whole => whole,
        double real => real,
        bool truth => truth ? 1 : 0,
        _ => throw new TemplateException($"{Kind(value)} where a number is asked for"),
    };

    internal static long Whole(object? value) => value switch
    {
        long whole => whole,
        bool truth => truth ? 1 : 0,
        _ => throw new TemplateException($"{Kind(value)} where a whole number is asked for"),
    };

    internal static string String(object? value, string of) => value as string ?? throw new TemplateException($"'{of}' of {Kind(value)}, expected a text");

    internal static bool Same(TemplateRun run, object? a, object? b, int depth = 0)
    {
        run.Work(1);
        if (depth > TemplateRun.MostDepth)
        {
            throw new TemplateException($"values nested more than {TemplateRun.MostDepth} deep");
        }

        switch (a, b)
        {
            case (bool or long or double, bool or long or double):
                return a is double || b is double ? Number(a) == Number(b) : Whole(a) == Whole(b);
            case (string x, string y):
                run.Work(Math.Min(x.Length, y.Length) / 64);
                return string.Equals(x, y, StringComparison.Ordinal);
            case (List<object?> x, List<object?> y):
                return SameLists(run, x, y, depth);
            case (TupleValue x, TupleValue y):
                return SameLists(run, x.Items, y.Items, depth);
            case (MapValue x, MapValue y):
                return x.Count == y.Count
                    && x.Entries.All(entry => y.TryGet(entry.Key, out object? other) && Same(run, entry.Value, other, depth + 1));
            case (Undefined, Undefined):
                return true;
            case (ViewValue, ViewValue):
                return ReferenceEquals(a, b) ? true : throw new TemplateException($"'==' of {Kind(a)} and {Kind(b)}");
            default:
                return ReferenceEquals(a, b);
        }
    }

    private static bool SameLists(TemplateRun run, List<object?> a, List<object?> b, int depth)
    {
        run.Work(Math.Min(a.Count, b.Count) / 16); // a value that is the same object is not looked into
        for (int i = 0; i < a.Count && a.Count == b.Count; i++)
        {
            if (!ReferenceEquals(a[i], b[i]) && !Same(run, a[i], b[i], depth + 1))
            {
                return false;
            }
        }

        return a.Count == b.Count;
    }

    internal static int Compare(TemplateRun run, object? a, object? b, int depth = 0)
    {
        run.Work(1);
        switch (a, b)
        {
            case (string x, string y):
                run.Work(Math.Min(x.Length, y.Length) / 64);
                return CompareCharacters(x, y);
            case (bool or long, bool or long):
                return Whole(a).CompareTo(Whole(b));
            case (bool or long or double, bool or long or double) when !double.IsNaN(Number(a)) && !double.IsNaN(Number(b)):
                return Number(a).CompareTo(Number(b));
            case (List<object?> x, List<object?> y):
                return CompareLists(run, x, y, depth);
            case (TupleValue x, TupleValue y):
                return CompareLists(run, x.Items, y.Items, depth);
            default:
                throw new TemplateException($"{Kind(a)} is neither more nor less than {Kind(b)}");
        }
    }

    private static int CompareLists(TemplateRun run, List<object?> a, List<object?> b, int depth)
    {
        if (depth > TemplateRun.MostDepth)
        {
            throw new TemplateException($"values nested more than {TemplateRun.MostDepth} deep");
        }

        for (int i = 0; i < Math.Min(a.Count, b.Count); i++)
        {
            if (!Same(run, a[i], b[i], depth + 1))
            {
                return Compare(run, a[i], b[i], depth + 1);
            }
        }

        return a.Count.CompareTo(b.Count);
    }

    // By characters: halves of pairs would stand before U+E000.
    private static int CompareCharacters(string a, string b)
    {
        int i = a.AsSpan().CommonPrefixLength(b);
        if (i == a.Length || i == b.Length)
        {
            return a.Length.CompareTo(b.Length);
        }

        i -= i > 0 && char.IsLowSurrogate(a[i]) && char.IsHighSurrogate(a[i - 1]) ? 1 : 0;
        return Rune.GetRuneAt(a, i).CompareTo(Rune.GetRuneAt(b, i));
    }

    internal static bool Contains(TemplateRun run, object? whole, object? part)
    {
        switch (whole)
        {
            case string text:
                run.Work(1 + (text.Length / 16));
                return text.Contains(part as string ?? throw new TemplateException($"'in' looks for {Kind(part)} in a text"), StringComparison.Ordinal);
            case MapValue map:
                run.Work(1);
                return map.TryGet(part, out _);
            case SpaceValue or LoopValue or FunctionValue or null or bool or long or double:
                throw new TemplateException($"'in' asks for a text, a list or a map, got {Kind(whole)}");
            default:
                return Items(run, whole).Exists(item => ReferenceEquals(item, part) || Same(run, item, part));
        }
    }

    /// <summary>What a loop goes through.</summary>
    internal static List<object?> Items(TemplateRun run, object? value)
    {
        switch (value)
        {
            case List<object?> list:
                run.Work(1);
                return list;
            case TupleValue tuple:
                run.Work(1);
                return tuple.Items;
            case ViewValue view:
                run.Work(1);
                bool spent = view.IsSpent;
                view.IsSpent = view.IsOnce;
                return spent ? [] : view.Items;
            case MapValue map:
                run.Take(16L * map.Count);
                return [.. map.Keys];
            case string text:
                run.Take(48L * text.Length);
                return [.. text.EnumerateRunes().Select(rune => (object?)rune.ToString())];
            case Undefined:
                return [];
            default:
                throw new TemplateException($"{Kind(value)} where a list is asked for");
        }
    }

    internal static long Length(TemplateRun run, object? value)
    {
        switch (value)
        {
            case string text:
                run.Work(1 + (text.Length / 64));
                return PythonText.Length(text);
            case List<object?> list:
                return list.Count;
            case TupleValue tuple:
                return tuple.Items.Count;
            case MapValue map:
                return map.Count;
            case ViewValue { IsOnce: false } view:
                return view.Items.Count;
            case Undefined:
                return 0;
            default:
                throw new TemplateException($"{Kind(value)} has no length");
        }
    }

    /// <summary>What stands behind a point: a method or a member, else an element of that name.</summary>
    internal static object? Member(object? value, string name) =>
        TemplateMethods.Of(value, name) ?? value switch
        {
            MapValue map => map.TryGet(name, out object? member) ? member : new Undefined($"the map has no '{name}'"),
            SpaceValue space => space.Members.TryGetValue(name, out object? member) ? member : new Undefined($"the namespace has no '{name}'"),
            LoopValue loop => loop.Members.TryGetValue(name, out object? member) ? member : throw new TemplateException($"'loop.{name}' is not supported"),
            Undefined undefined => throw new TemplateException($"'{name}' of a value that is not there: {undefined.Reason}"),
            _ => new Undefined($"{Kind(value)} has no '{name}'"),
        };

    /// <summary>What stands in brackets: an element, else what stands behind a point.</summary>
    internal static object? Index(TemplateRun run, object? value, object? index)
    {
        run.Work(1);
        switch (value, index)
        {
            case (Undefined undefined, _):
                throw new TemplateException($"an element of a value that is not there: {undefined.Reason}");
            case (MapValue map, _) when map.TryGet(index, out object? member):
                return member;
            case (_, string name):
                return Member(value, name);
            case (string text, long or bool):
                run.Work(text.Length / 64);
                int length = PythonText.Length(text);
                return Place(Whole(index), length) is { } place ? Character(text, place) : new Undefined($"a text of {length} has no character {index}");
            case (List<object?> list, long or bool):
                return Place(Whole(index), list.Count) is { } at ? list[at] : new Undefined($"a list of {list.Count} has no element {index}");
            case (TupleValue tuple, long or bool):
                return Index(run, tuple.Items, index);
            case (ViewValue { Name: "range" } range, long or bool):
                return Index(run, range.Items, index);
            default:
                return new Undefined($"{Kind(value)} has no such element");
        }
    }

    private static int? Place(long index, int count) => (index < 0 ? index + count : index) is var at && at >= 0 && at < count ? (int)at : null;

    private static string Character(string text, int place)
    {
        int unit = PythonText.UnitOf(text, place);
        return Rune.GetRuneAt(text, unit).ToString();
    }

    internal static object? Slice(TemplateRun run, object? value, object? from, object? to, object? by)
    {
        long step = by is null ? 1 : Whole(by);
        if (step == 0)
        {
            throw new TemplateException("a slice with the step 0");
        }

        List<object?>? list = value switch
        {
            List<object?> own => own,
            TupleValue tuple => tuple.Items,
            ViewValue { Name: "range" } range => range.Items,
            _ => null,
        };
        string? text = value as string;
        if (list is null && text is null)
        {
            throw new TemplateException($"{Kind(value)} has no parts");
        }

        run.Work(1 + ((text?.Length ?? 0) / 64));
        int count = text is null ? list!.Count : PythonText.Length(text);
        long least = step > 0 ? 0 : -1, most = step > 0 ? count : count - 1;
        long Bound(object? at, long otherwise) => at is null ? otherwise : Math.Clamp(Whole(at) is < 0 and var back ? back + count : Whole(at), least, most);
        long start = Bound(from, step > 0 ? 0 : count - 1), end = Bound(to, step > 0 ? count : -1);
        if (text is not null && step == 1)
        {
            int first = PythonText.UnitOf(text, (int)start);
            int last = PythonText.UnitOf(text, (int)Math.Max(start, end));
            return run.Made(text[first..last]);
        }

        var kept = new List<object?>();
        List<object?> all = list ?? Items(run, text);
        for (long i = start; step > 0 ? i < end : i > end; i += step)
        {
            kept.Add(all[(int)i]);
            run.Work(1);
        }

        run.Made(kept);
        return text is not null ? string.Concat(kept) : value is TupleValue ? new TupleValue(kept) : kept;
    }

    internal static string Kind(object? value) => value switch
    {
        null => "none",
        Undefined undefined => $"a value that is not there ({undefined.Reason})",
        bool => "a truth value",
        long or double => "a number",
        string => "a text",
        List<object?> => "a list",
        TupleValue => "a tuple",
        MapValue => "a map",
        SpaceValue => "a namespace",
        FunctionValue function => $"the function '{function.Name}'",
        LoopValue => "a loop",
        SafeText => "a text marked as safe",
        _ => "a sequence",
    };
}

/// <summary>What is wrong with a template, without the place: whoever knows the line says it.</summary>
internal sealed class TemplateException(string message) : Exception(message);
