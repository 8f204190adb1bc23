using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Generation.Evaluation;

/// <summary>Texts that a model reads together.</summary>
/// <param name="Rows">Their places in the list that was walked.</param>
/// <param name="Depth">How many ids, the same of all, <paramref name="State"/> has read.</param>
/// <param name="State">Of one row; null where it has read nothing. The walk's own.</param>
internal readonly record struct PrefixGroup(IReadOnlyList<int> Rows, int Depth, ModelState? State);

/// <summary>
/// Reads what texts have in common once: sorted, neighbours share the most, and a tree over batches of them advances one row by what each branch adds. So the
/// shots that stand before a hundred questions are read once, and the question before its choices is, too.
/// </summary>
/// <param name="model">With a stateful form.</param>
/// <param name="batch">At most so many texts in a group.</param>
internal sealed class SharedPrefixes(IModel model, int batch)
{
    /// <summary>Shorter beginnings are cheaper read by each row than by a call of their own.</summary>
    private const int LeastShared = 8;

    /// <summary>How many ids are read in one go, so that no product gets too large.</summary>
    private const int Chunk = 512;

    private int[][] texts = [];
    private int[][] groups = [];
    private Action<PrefixGroup> read = _ => { };

    /// <summary>How many ids a walk over texts reads, shared ones once.</summary>
    internal long Cost(IReadOnlyList<int[]> walked)
    {
        Sort(walked);
        long cost = walked.Sum(text => (long)text.Length);
        void Save(int from, int to, int depth)
        {
            int shared = Shared(from, to, depth);
            cost -= (shared - depth) * (groups[from..to].Sum(group => (long)group.Length) - 1);
            if (to - from > 1)
            {
                int split = Split(from, to);
                Save(from, split, shared);
                Save(split, to, shared);
            }
        }

        if (groups.Length > 0)
        {
            Save(0, groups.Length, 0);
        }

        return cost;
    }

    /// <summary>Walks over texts, none of them empty, in groups; each group leaves at least one id of each text to be read.</summary>
    internal void Walk(IReadOnlyList<int[]> walked, Action<PrefixGroup> visit)
    {
        Sort(walked);
        read = visit;
        if (groups.Length > 0)
        {
            Walk(0, groups.Length, 0, null);
        }
    }

    /// <summary>Several rows that go on from a group's state.</summary>
    internal ModelState Rows(PrefixGroup group, int rows, int capacity)
    {
        if (group.State is null)
        {
            return model.NewState(rows, capacity);
        }

        ModelState state = group.State.Clone();
        using Tensor picks = zeros(rows, ScalarType.Int64);
        state.Select(picks);
        return state;
    }

    private void Sort(IReadOnlyList<int[]> walked)
    {
        texts = [.. walked];
        int[] order = [.. Enumerable.Range(0, texts.Length).OrderBy(i => texts[i], Comparer<int[]>.Create((a, b) => a.AsSpan().SequenceCompareTo(b)))];
        groups = [.. order.Chunk(batch)];
    }

    private void Walk(int from, int to, int depth, ModelState? state)
    {
        int shared = Shared(from, to, depth);
        ModelState? here = null;
        try
        {
            if (shared > depth)
            {
                here = state is null ? model.NewState(1, shared) : state.Clone();
                for (int at = depth; at < shared; at += Chunk)
                {
                    long[] ids = [.. texts[groups[from][0]][at..Math.Min(at + Chunk, shared)].Select(id => (long)id)];
                    using Tensor piece = tensor(ids, [1, ids.Length], dtype: ScalarType.Int64, device: model.Weights.Device);
                    model.Advance(piece, here, last: true).Dispose();
                }
            }

            if (to - from == 1)
            {
                read(new PrefixGroup(groups[from], shared, here ?? state));
                return;
            }

            int split = Split(from, to);
            Walk(from, split, shared, here ?? state);
            Walk(split, to, shared, here ?? state);
        }
        finally
        {
            here?.Dispose();
        }
    }

    /// <summary>What all texts of some groups begin with, less one id of the shortest; the depth before where that is hardly more.</summary>
    private int Shared(int from, int to, int depth)
    {
        int[] first = texts[groups[from][0]], last = texts[groups[to - 1][^1]];
        int rows = 0, shortest = int.MaxValue;
        foreach (int row in groups[from..to].SelectMany(group => group))
        {
            (rows, shortest) = (rows + 1, Math.Min(shortest, texts[row].Length));
        }

        int common = Math.Min(first.AsSpan().CommonPrefixLength(last), shortest - 1);
        return rows > 1 && common - depth >= LeastShared ? common : depth;
    }

    /// <summary>Where neighbours have the least in common.</summary>
    private int Split(int from, int to) => Enumerable.Range(from + 1, to - from - 1)
        .MinBy(place => texts[groups[place - 1][^1]].AsSpan().CommonPrefixLength(texts[groups[place][0]]));
}
