using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;

namespace Dsl.Text.Templates;

/// <summary>Functions that every template can call: Jinja's and those that transformers adds.</summary>
internal static class TemplateGlobals
{
    // What Jinja's sandbox allows.
    private const long LongestRange = 100_000;

    internal static IEnumerable<KeyValuePair<string, object?>> All(TimeProvider clock) => new FunctionValue[]
    {
        new("raise_exception", (run, with) =>
            throw new TemplateException($"the template refuses: {TemplateWriter.Text(run, with.Bind("message")[0].Value)}")),
        new("strftime_now", (run, with) => run.Made(Now(clock.GetLocalNow(), TemplateValues.String(with.Bind("format")[0].Value, "strftime_now")))),
        new("range", Range),
        new("namespace", (run, with) =>
        {
            var members = new Dictionary<string, object?>();
            foreach ((object? key, object? value) in Map(run, with, "namespace").Entries)
            {
                members[TemplateValues.String(key, "namespace")] = value;
            }

            return new SpaceValue(members);
        }),
        new("dict", (run, with) => Map(run, with, "dict")),
    }.Select(function => KeyValuePair.Create(function.Name, (object?)function));

    private static MapValue Map(TemplateRun run, CallArguments with, string name)
    {
        if (with.Places.Count > 1)
        {
            throw new TemplateException($"'{name}' with {with.Places.Count} arguments, expected at most 1");
        }

        var map = new MapValue();
        IEnumerable<KeyValuePair<object?, object?>> first = with.Places switch
        {
            [] => [],
            [MapValue given] => given.Entries,
            [{ } pairs] => TemplateValues.Items(run, pairs).Select(pair => TemplateValues.Items(run, pair) is [var key, var value]
                ? KeyValuePair.Create(key, value) : throw new TemplateException($"'{name}' of a list without pairs")),
            _ => throw new TemplateException($"'{name}' of none"),
        };
        foreach ((object? key, object? value) in first.Concat(with.Named.Select(entry => KeyValuePair.Create((object?)entry.Key, entry.Value))))
        {
            run.Take(64);
            map[key] = value;
        }

        return map;
    }

    private static ViewValue Range(TemplateRun run, CallArguments with)
    {
        long[] bounds = [.. with.Places.Select(TemplateValues.Whole)];
        if (bounds.Length is < 1 or > 2 || with.Named.Count > 0)
        {
            throw new TemplateException("'range' with other arguments than an end, or a begin and an end");
        }

        (long start, long end) = bounds.Length == 1 ? (0, bounds[0]) : (bounds[0], bounds[1]);
        long count = Math.Max(0, end - start);
        if (count > LongestRange)
        {
            throw new TemplateException($"render budget exceeded (a range of {count}, at most {LongestRange})");
        }

        run.Take(40 * count);
        return new ViewValue([.. Enumerable.Range(0, (int)count).Select(i => (object?)(start + i))], "range", IsOnce: false);
    }

    /// <summary>Python's <c>strftime</c> in the C locale.</summary>
    private static string Now(DateTimeOffset now, string format)
    {
        var text = new StringBuilder();
        for (int i = 0; i < format.Length; i++)
        {
            if (format[i] != '%')
            {
                text.Append(format[i]);
                continue;
            }

            bool bare = i + 1 < format.Length && format[i + 1] == '-';
            i += bare ? 2 : 1;
            char sort = i < format.Length ? format[i] : ' ';
            string part = sort switch
            {
                'Y' => now.ToString("yyyy", CultureInfo.InvariantCulture),
                'y' => now.ToString("yy", CultureInfo.InvariantCulture),
                'm' => now.ToString("MM", CultureInfo.InvariantCulture),
                'd' => now.ToString("dd", CultureInfo.InvariantCulture),
                'e' => now.ToString("%d", CultureInfo.InvariantCulture).PadLeft(2),
                'H' => now.ToString("HH", CultureInfo.InvariantCulture),
                'I' => now.ToString("hh", CultureInfo.InvariantCulture),
                'M' => now.ToString("mm", CultureInfo.InvariantCulture),
                'S' => now.ToString("ss", CultureInfo.InvariantCulture),
                'f' => now.ToString("ffffff", CultureInfo.InvariantCulture),
                'p' => now.ToString("tt", CultureInfo.InvariantCulture),
                'B' => now.ToString("MMMM", CultureInfo.InvariantCulture),
                'b' or 'h' => now.ToString("MMM", CultureInfo.InvariantCulture),
                'A' => now.ToString("dddd", CultureInfo.InvariantCulture),
                'a' => now.ToString("ddd", CultureInfo.InvariantCulture),
                'w' => ((int)now.DayOfWeek).ToString(CultureInfo.InvariantCulture),
                'j' => now.DayOfYear.ToString("000", CultureInfo.InvariantCulture),
                'F' => now.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
                'T' => now.ToString("HH:mm:ss", CultureInfo.InvariantCulture),
                'R' => now.ToString("HH:mm", CultureInfo.InvariantCulture),
                'D' => now.ToString("MM/dd/yy", CultureInfo.InvariantCulture),
                '%' => "%",
                _ => throw new TemplateException($"'%{sort}' in a date is not supported"),
            };
            text.Append(bare ? part.TrimStart('0') is { Length: > 0 } trimmed ? trimmed : "0" : part);
        }

        return text.ToString();
    }
}
