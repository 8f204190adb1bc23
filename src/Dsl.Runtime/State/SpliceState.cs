using System;
using System.Collections.Generic;
using System.Linq;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>At which slots each row has taken rows of the value that is spliced in.</summary>
public sealed class SpliceState : IStatePart
{
    private List<int>[] slots = [];

    /// <inheritdoc/>
    public long Bytes => slots.Sum(row => (long)row.Count * sizeof(int));

    /// <summary>How many rows of the value a row has taken.</summary>
    public int Taken(int row) => row < slots.Length ? slots[row].Count : 0;

    /// <inheritdoc/>
    public void Select(Tensor rows)
    {
        if (slots.Length > 0)
        {
            slots = Array.ConvertAll(RowPicks.Of(rows), row => new List<int>(slots[row]));
        }
    }

    /// <inheritdoc/>
    public void CopyFrom(IStatePart other) => slots = Array.ConvertAll(((SpliceState)other).slots, row => new List<int>(row));

    /// <inheritdoc/>
    public void CheckTruncate(Timeline timeline, int slots)
    {
    }

    /// <inheritdoc/>
    public void Truncate(int slots)
    {
        foreach (List<int> row in this.slots)
        {
            row.RemoveAll(slot => slot >= slots);
        }
    }

    /// <inheritdoc/>
    public void Reset() => slots = [];

    /// <inheritdoc/>
    public void Dispose() => Reset();

    internal void Take(List<int>[] places, Pass pass)
    {
        if (slots.Length == 0)
        {
            slots = Array.ConvertAll(places, _ => new List<int>());
        }

        int start = pass.Keys.Count - pass.Length;
        for (int row = 0; row < places.Length; row++)
        {
            slots[row].AddRange(places[row].Select(place => start + place));
        }
    }
}
