using System.Collections.Generic;
using System.Linq;

namespace Dsl.Generators.Model;

/// <summary>A reading of <c>"b t (h d) -> b t h d"</c>: groups of axis names before and after.</summary>
internal sealed class RearrangePattern : System.IEquatable<RearrangePattern>
{
    private RearrangePattern(string text, IReadOnlyList<IReadOnlyList<string>> before, IReadOnlyList<IReadOnlyList<string>> after)
    {
        Text = text;
        Before = before;
        After = after;
    }

    public string Text { get; }

    public bool Equals(RearrangePattern? other) => other?.Text == Text;

    public override bool Equals(object? obj) => Equals(obj as RearrangePattern);

    public override int GetHashCode() => System.StringComparer.Ordinal.GetHashCode(Text);

    public IReadOnlyList<IReadOnlyList<string>> Before { get; }

    public IReadOnlyList<IReadOnlyList<string>> After { get; }

    /// <summary>Elementary axes in the order in which they lie in memory before.</summary>
    public IEnumerable<string> Elementary => Before.SelectMany(g => g);

    /// <summary>The order of the elementary axes after, as indices into those before.</summary>
    public IReadOnlyList<int> Order => After.SelectMany(g => g).Select(n => Elementary.ToList().IndexOf(n)).ToList();

    public bool Transposes => !Order.SequenceEqual(Enumerable.Range(0, Order.Count));

    /// <summary>The pattern, or null with what is wrong.</summary>
    public static RearrangePattern? Parse(string text, out string problem)
    {
        problem = "";
        var arrow = text.IndexOf("->", System.StringComparison.Ordinal);
        if (arrow < 0)
        {
            problem = "it has no '->'";
            return null;
        }

        var before = Side(text.Substring(0, arrow), ref problem);
        var after = Side(text.Substring(arrow + 2), ref problem);
        if (before is null || after is null)
        {
            return null;
        }

        var (left, right) = (before.SelectMany(g => g).ToList(), after.SelectMany(g => g).ToList());
        if (left.Distinct().Count() != left.Count || right.Distinct().Count() != right.Count)
        {
            problem = "an axis is named twice on one side";
            return null;
        }

        if (left.Except(right).Concat(right.Except(left)).FirstOrDefault() is { } lonely)
        {
            problem = $"axis '{lonely}' stands on one side only";
            return null;
        }

        return new RearrangePattern(text.Trim(), before, after);
    }

    /// <summary>One side: axes, groups in brackets, and 1 for an axis of size one.</summary>
    public static IReadOnlyList<IReadOnlyList<string>>? Side(string text, ref string problem)
    {
        var groups = new List<IReadOnlyList<string>>();
        List<string>? open = null;
        foreach (var token in text.Replace("(", " ( ").Replace(")", " ) ").Split([' '], System.StringSplitOptions.RemoveEmptyEntries))
        {
            switch (token)
            {
                case "(" when open is null:
                    open = [];
                    break;
                case ")" when open is { Count: > 0 }:
                    groups.Add(open);
                    open = null;
                    break;
                case "(" or ")":
                    problem = "its brackets do not match";
                    return null;
                case "1" when open is null:
                    groups.Add([]);
                    break;
                case var name when open is not null:
                    open.Add(name);
                    break;
                default:
                    groups.Add([token]);
                    break;
            }
        }

        if (open is not null)
        {
            problem = "its brackets do not match";
            return null;
        }

        return groups;
    }
}
