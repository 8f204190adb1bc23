using System;
using System.Collections.Generic;
using System.Linq;
using System.Text.Json;
using Dsl.Testing;

namespace Zoo.Cli.Verification.Formulas;

/// <summary>Values of one part of a JSON file against what was made: how many differ, and the first of them in words.</summary>
/// <param name="check">What the row is called.</param>
internal sealed class Differences(string check)
{
    private const int Most = 120;

    private int different;
    private string? first;

    /// <summary>A value against what was made of it: texts, integers, numbers of float32, and lists of them.</summary>
    internal void Of(GoldenJson expected, object? made)
    {
        JsonElement ours = JsonSerializer.SerializeToElement(made);
        bool same = made switch
        {
            float number => (float)expected.Number == number,
            float[] numbers => expected.Numbers.Select(number => (float)number).SequenceEqual(numbers),
            _ => JsonElement.DeepEquals(ours, expected.Element),
        };
        if (!same)
        {
            (string mine, string theirs) = (ours.GetRawText(), JsonSerializer.Serialize(expected.Element));
            int until = mine.AsSpan().CommonPrefixLength(theirs);
            Add($"{expected.Path} is from character {until} on {Cut(mine[until..])}, expected {Cut(theirs[until..])}");
        }
    }

    /// <summary>Each value of an object against what was made under its name; values that nothing was made for differ.</summary>
    /// <param name="expected">The object.</param>
    /// <param name="made">By name.</param>
    /// <param name="given">Names of what it was made from.</param>
    internal void Of(GoldenJson expected, IReadOnlyDictionary<string, object?> made, params string[] given)
    {
        foreach (GoldenJson value in expected.Members.Where(member => !given.Contains(member.Name)))
        {
            if (made.TryGetValue(value.Name, out object? own))
            {
                Of(value, own);
            }
            else
            {
                Add($"{value.Path}: nothing compares it");
            }
        }
    }

    /// <summary>Something that differs, in words.</summary>
    internal void Add(string note)
    {
        different++;
        first ??= note;
    }

    /// <summary>A row for all of it.</summary>
    internal void Report(FormulaRun run) => run.Differ(check, different, first);

    private static string Cut(string text) => text.Length > Most ? text[..Most] + "..." : text;
}
