using System;
using System.Collections.Generic;
using System.Linq;

namespace Dsl.Training.Alignment.Data;

/// <summary>Several rows in one, as TRL's pack_dataset packs them.</summary>
public static class Packed
{
    /// <summary>Rows are packed by so many at a time, in their order.</summary>
    private const int Block = 1000;

    /// <summary>The packed rows.</summary>
    /// <param name="rows">In their order.</param>
    /// <param name="most">Tokens of a packed row.</param>
    /// <param name="how">Best fit, or wrapped.</param>
    public static IReadOnlyList<TuningRow> Of(IReadOnlyList<TuningRow> rows, int most, Packing how) =>
        [.. rows.Chunk(Block).SelectMany(block => how switch
        {
            Packing.Wrapped => Wrapped(block, most),
            Packing.BestFitSplit => BestFit([.. block.SelectMany(row => Pieces(row, most))], most),
            Packing.BestFit => BestFit([.. block.Select(row => TuningRows.Cut(row, most, keepEnd: false))], most),
            _ => block,
        })];

    private static IEnumerable<TuningRow> Pieces(TuningRow row, int most)
    {
        for (int from = 0; from < row.Ids.Length; from += most)
        {
            int to = Math.Min(row.Ids.Length, from + most);
            yield return row with { Ids = row.Ids[from..to], Labels = row.Labels[from..to] };
        }
    }

    private static IEnumerable<TuningRow> Wrapped(TuningRow[] rows, int most)
    {
        var all = new TuningRow(-1, [.. rows.SelectMany(row => row.Ids)], [.. rows.SelectMany(row => row.Labels)], []);
        return Pieces(all, most);
    }

    /// <summary>
    /// Longest first; each goes into the bin with the least space that is enough, of bins with the same space into the one that came to it first, else into a
    /// new one.
    /// </summary>
    private static IEnumerable<TuningRow> BestFit(IReadOnlyList<TuningRow> rows, int most)
    {
        var bins = new List<List<TuningRow>>();
        var bySpace = new SortedDictionary<int, Queue<List<TuningRow>>>();
        var spaces = new SortedSet<int>();
        foreach (TuningRow row in rows.Where(row => row.Ids.Length > 0).OrderByDescending(row => row.Ids.Length))
        {
            int length = row.Ids.Length, left;
            List<TuningRow> bin;
            if (spaces.GetViewBetween(length, Math.Max(length, most)) is { Count: > 0 } enough)
            {
                int space = enough.Min;
                bin = bySpace[space].Dequeue();
                if (bySpace[space].Count == 0)
                {
                    bySpace.Remove(space);
                    spaces.Remove(space);
                }

                left = space - length;
            }
            else
            {
                bin = [];
                bins.Add(bin);
                left = most - length;
            }

            bin.Add(row);
            if (!bySpace.TryGetValue(left, out Queue<List<TuningRow>>? others))
            {
                bySpace[left] = others = new Queue<List<TuningRow>>();
                spaces.Add(left);
            }

            others.Enqueue(bin);
        }

        return bins.Select(bin => new TuningRow(
            -1, [.. bin.SelectMany(row => row.Ids)], [.. bin.SelectMany(row => row.Labels)], [.. bin.Select(row => row.Ids.Length)]));
    }
}
