using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Training.Objectives;

namespace Dsl.Training.Alignment.Data;

/// <summary>Rows side by side, as TRL's collator has them; all arrays are [rows][longest], padded on the right.</summary>
/// <param name="Ids">Token ids.</param>
/// <param name="Labels">Unshifted; -100 where none counts.</param>
/// <param name="Mask">1 for a real token; null where rows stand one after the other instead.</param>
/// <param name="Positions">Positions within each sequence; null where they were not asked for.</param>
/// <param name="Borders">Where each sequence begins, and the total; null where rows stand side by side.</param>
public sealed record TuningBatch(int[][] Ids, int[][] Labels, int[][]? Mask, int[][]? Positions, int[]? Borders)
{
    /// <summary>Labels that count: the first of a row is never predicted.</summary>
    public int Counted => Labels.Sum(row => row.Skip(1).Count(label => label != MaskedTokens.Ignored));

    /// <summary>Tokens of the longest sequence, where rows stand one after the other.</summary>
    public int LongestSequence => Borders!.Zip(Borders!.Skip(1), (from, to) => to - from).Max();

    /// <summary>Which sequence each token belongs to, where rows stand one after the other.</summary>
    public int[] SequenceOf => [.. Borders!.Zip(Borders!.Skip(1)).SelectMany((sequence, i) => Enumerable.Repeat(i, sequence.Second - sequence.First))];

    /// <summary>Rows side by side.</summary>
    /// <param name="rows">At least one.</param>
    /// <param name="pad">Fills ids. By position alone it is known from a real token of the same id.</param>
    /// <param name="multiple">Lengths are filled up to a multiple of this.</param>
    /// <param name="positions">Positions count from 0 in each sequence; padding's are 0.</param>
    public static TuningBatch Beside(IReadOnlyList<TuningRow> rows, int pad, int multiple = 1, bool positions = false)
    {
        int longest = Filled(rows.Max(row => row.Ids.Length), multiple);
        return new TuningBatch(
            [.. rows.Select(row => Fill(row.Ids, longest, pad))],
            [.. rows.Select(row => Fill(row.Labels, longest, MaskedTokens.Ignored))],
            [.. rows.Select(row => Fill(Enumerable.Repeat(1, row.Ids.Length), longest, 0))],
            positions ? [.. rows.Select(row => Fill(PositionsOf(row), longest, 0))] : null, null);
    }

    /// <summary>All rows one after the other in one; the first label of each sequence does not count, and each token of padding is a sequence.</summary>
    /// <param name="rows">At least one.</param>
    /// <param name="pad">Fills ids.</param>
    /// <param name="multiple">The length is filled up to a multiple of this.</param>
    public static TuningBatch Joined(IReadOnlyList<TuningRow> rows, int pad, int multiple = 1)
    {
        int[] positions = [.. rows.SelectMany(PositionsOf)];
        int length = Filled(positions.Length, multiple);
        positions = Fill(positions, length, 0);
        int[] labels = Fill(rows.SelectMany(row => row.Labels), length, MaskedTokens.Ignored);
        return new TuningBatch(
            [Fill(rows.SelectMany(row => row.Ids), length, pad)],
            [[.. labels.Select((label, i) => positions[i] == 0 ? MaskedTokens.Ignored : label)]], null, [positions],
            [.. Enumerable.Range(0, length).Where(i => positions[i] == 0), length]);
    }

    internal static int Filled(int length, int multiple) => (length + multiple - 1) / multiple * multiple;

    internal static int[] Fill(IEnumerable<int> values, int length, int filler)
    {
        int[] row = [.. values];
        int from = row.Length;
        Array.Resize(ref row, length);
        row.AsSpan(from).Fill(filler);
        return row;
    }

    private static IEnumerable<int> PositionsOf(TuningRow row) => row.Sequences().SelectMany(sequence => Enumerable.Range(0, sequence.Ids.Length));
}
