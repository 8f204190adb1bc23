using System;
using System.Collections.Generic;
using System.Linq;

namespace Dsl.Generators.Scalar;

/// <summary>The axes of a computed value that a score reads by index: <c>[Table("b query head n")]</c>.</summary>
internal static class ScoreTable
{
    public const string Row = "b";

    public const string Head = "head";

    public const string Query = "query";

    public const string Key = "key";

    /// <summary>What is wrong with them; null: nothing.</summary>
    public static string? Problem(IReadOnlyList<string> axes) =>
        axes.Count == 0 || axes[axes.Count - 1] is Row or Head or Query or Key ? "its last axis is the one that is indexed, by a name of its own"
        : axes.Take(axes.Count - 1).FirstOrDefault(a => a is not (Row or Head or Query or Key)) is { } other
            ? $"'{other}' is none of b, head, query and key, and only the last axis is indexed"
        : axes.Distinct().Count() != axes.Count ? "an axis is named twice"
        : axes.Contains(Query) && axes.Contains(Key) ? "it is of a query or of a key"
        : (axes.Contains(Query) || axes.Contains(Key)) && !axes.Contains(Row) ? "what a token has, a row of the batch has: it lacks 'b'"
        : null;

    /// <summary>The pattern that puts them into the order in which all are read, row, token, head and the indexed one; null where they stand so.</summary>
    public static string? Ordered(IReadOnlyList<string> axes)
    {
        var after = new[] { Row, axes.Contains(Key) ? Key : Query, Head, axes[axes.Count - 1] };
        return axes.SequenceEqual(after) ? null
            : string.Join(" ", axes) + " -> " + string.Join(" ", after.Select(a => axes.Contains(a, StringComparer.Ordinal) ? a : "1"));
    }
}
