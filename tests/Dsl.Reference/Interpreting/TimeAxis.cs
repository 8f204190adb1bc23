using System;
using System.Linq;

namespace Dsl.Reference.Interpreting;

/// <summary>One time axis of a run: which tokens are real, and where they stand. Positions count from a row's first real token.</summary>
internal sealed class TimeAxis
{
    private readonly bool[] real;
    private readonly int[] first;

    /// <param name="rows">Rows of the batch.</param>
    /// <param name="length">Tokens in each row, padding included.</param>
    /// <param name="mask">[rows, length], not 0 for a real token; null: all are.</param>
    internal TimeAxis(int rows, int length, NumberArray? mask)
    {
        Rows = rows;
        Length = length;
        real = [.. Enumerable.Range(0, rows * length).Select(i => mask is null || mask.Values[i] != 0)];
        first = [.. Enumerable.Range(0, rows).Select(row => Math.Max(0, Array.IndexOf(real, true, row * length, length) - (row * length)))];
    }

    internal int Rows { get; }

    internal int Length { get; }

    internal bool IsReal(int row, int token) => real[(row * Length) + token];

    /// <summary>How many tokens stand between it and the row's first real one; 0 for padding on the left.</summary>
    internal int Position(int row, int token) => Math.Max(0, token - first[row]);

    /// <summary>How many tokens of a row are real.</summary>
    internal int Count(int row) => Enumerable.Range(0, Length).Count(token => IsReal(row, token));

    /// <summary>The row alone.</summary>
    internal TimeAxis Row(int row) => new(1, Length, new NumberArray([1, Length], [.. Enumerable.Range(0, Length).Select(t => IsReal(row, t) ? 1.0 : 0)]));
}
