using System;
using System.Collections.Generic;
using System.Linq;

namespace Dsl.Training;

/// <summary>What is done with all options of a record at once, so that none can be forgotten.</summary>
public static class OptionRows
{
    /// <summary>Every option's value by its word.</summary>
    public static IReadOnlyDictionary<string, string> Write(object record) =>
        OptionRow.Of(record.GetType()).ToDictionary(row => row.Name, row => row.Text(record));

    /// <summary>A record with some values instead of its own.</summary>
    /// <exception cref="ArgumentException">No option is called so, or a value is none of its kind; the message is one sentence.</exception>
    public static T Read<T>(T record, IEnumerable<KeyValuePair<string, string>> values)
        where T : class
    {
        IReadOnlyList<OptionRow> rows = OptionRow.Of(record.GetType());
        return With(record, values.Select(value => rows.FirstOrDefault(row => row.Name == value.Key) is { } row ? (row, row.Parse(value.Value))
            : throw new ArgumentException($"--{value.Key} is not among the options, expected {string.Join(", ", rows.Select(known => known.Name))}")));
    }

    /// <summary>A record with some values instead of its own.</summary>
    public static T With<T>(T record, IEnumerable<(OptionRow Row, object Value)> values)
        where T : class
    {
        // What the compiler makes of "with": records have no other name for it.
        var copy = (T)record.GetType().GetMethod("<Clone>$")!.Invoke(record, null)!;
        foreach ((OptionRow row, object value) in values)
        {
            row.Property.SetValue(copy, value);
        }

        return copy;
    }

    /// <summary>The first option in which two records differ, as a command would say it; null where there is none.</summary>
    public static string? Difference(object was, object asked) => OptionRow.Of(was.GetType())
        .Where(row => row.Text(was) != row.Text(asked))
        .Select(row => $"--{row.Name} {Shown(row.Text(was))}, not {Shown(row.Text(asked))}").FirstOrDefault();

    private static string Shown(string text) => text.Replace('\n', ' ');
}
