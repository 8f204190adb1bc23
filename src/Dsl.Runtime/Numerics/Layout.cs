using System;
using System.Linq;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>
/// How a file stores a weight: names of axes in their order (<c>out in</c>, <c>h in out</c>), <c>1</c> for an axis of size one, and in brackets several axes
/// that are stored as one (<c>(g r)</c>).
/// </summary>
internal sealed class Layout
{
    private readonly string[] names;
    private readonly string[] order;
    private readonly long[] cut;
    private readonly long[] places;

    /// <param name="stored">The axes as stored.</param>
    /// <param name="axes">All axes by name, in the order in which they are computed with, with their sizes.</param>
    /// <exception cref="ArgumentException">An axis is missing, named twice or unknown.</exception>
    internal Layout(string stored, params (string Name, long Size)[] axes)
    {
        string[] groups = Groups(stored);
        names = [.. groups.SelectMany(Names)];
        order = [.. axes.Select(a => a.Name)];
        if (names.Length != order.Length || names.Except(order).Any() || order.Except(names).Any())
        {
            throw new ArgumentException(
                $"A weight stored as '{stored}' has other axes than '{string.Join(' ', order)}'; expected are these, perhaps with axes '1'.");
        }

        long SizeOf(string name) => axes[Array.IndexOf(order, name)].Size;
        Shape = [.. groups.Select(group => Names(group).Aggregate(1L, (product, name) => product * SizeOf(name)))];
        cut = [.. names.Select(SizeOf)];
        places = [.. order.Select(name => (long)Array.IndexOf(names, name))];
        Plain = Shape.SequenceEqual(cut);
    }

    /// <summary>The shape in the file.</summary>
    internal long[] Shape { get; }

    /// <summary>True when the axes stand in the file as they are computed with: nothing to reshape and nothing to transpose.</summary>
    internal bool Straight => Plain && names.SequenceEqual(order);

    /// <summary>True when a matrix stands in the file with its axes the other way round.</summary>
    internal bool Transposed => Plain && order.Length == 2 && names[0] == order[1];

    /// <summary>True when each axis is stored as one of its own.</summary>
    private bool Plain { get; }

    /// <summary>A view of the stored weight with its axes as they are computed with; the caller disposes it.</summary>
    internal Tensor View(Tensor weight)
    {
        if (Straight)
        {
            return weight.alias();
        }

        using Tensor axes = Plain ? weight.alias() : weight.view(cut);
        return axes.permute(places);
    }

    private static string[] Names(string group) => group == "1" ? [] : group.Trim('(', ')').Split(' ', StringSplitOptions.RemoveEmptyEntries);

    private static string[] Groups(string stored)
    {
        var groups = new System.Collections.Generic.List<string>();
        int open = -1;
        string[] words = stored.Replace("(", "( ", StringComparison.Ordinal).Replace(")", " )", StringComparison.Ordinal)
            .Split(' ', StringSplitOptions.RemoveEmptyEntries);
        for (int i = 0; i < words.Length; i++)
        {
            if (words[i] == "(")
            {
                open = i;
            }
            else if (words[i] == ")")
            {
                groups.Add(string.Join(' ', words[(open + 1)..i]));
                open = -1;
            }
            else if (open < 0)
            {
                groups.Add(words[i]);
            }
        }

        return [.. groups];
    }
}
