using System;
using System.Linq;

namespace Dsl.Runtime;

/// <summary>How a file stores a matrix: <c>out in</c>, <c>in out</c>, either with axes of size one in any place, written <c>1</c>.</summary>
internal sealed class Layout
{
    private readonly string[] axes;

    internal Layout(string stored)
    {
        axes = stored.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (axes.Count(a => a == "in") != 1 || axes.Count(a => a == "out") != 1 || axes.Any(a => a is not ("in" or "out" or "1")))
        {
            throw new ArgumentException($"A weight stored as '{stored}' cannot be multiplied with: expected 'out in' or 'in out', perhaps with axes '1'.");
        }

        Transposed = Array.IndexOf(axes, "in") < Array.IndexOf(axes, "out");
    }

    /// <summary>True when the input axis comes first.</summary>
    internal bool Transposed { get; }

    /// <summary>True when nothing but the two axes is there.</summary>
    internal bool Plain => axes.Length == 2;

    internal long[] Shape(long @in, long @out) => [.. axes.Select(a => a == "in" ? @in : a == "out" ? @out : 1)];
}
