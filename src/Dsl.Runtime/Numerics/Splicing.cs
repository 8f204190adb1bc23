using System;
using System.Collections.Generic;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>Rows of a value in the place of tokens whose ids a predicate holds for.</summary>
public static class Splicing
{
    /// <summary>x with its n-th such token (of each row) replaced by the n-th real row of the value.</summary>
    /// <param name="x">[b, t, d].</param>
    /// <param name="ids">int64 [b, t].</param>
    /// <param name="value">[b, p, d].</param>
    /// <param name="isPlace">The predicate.</param>
    /// <param name="name">What messages call the value.</param>
    /// <param name="pass">Of the tokens.</param>
    /// <param name="rows">Of the value.</param>
    /// <param name="state">How many rows are used up; null: the tokens are all there are.</param>
    /// <exception cref="ArgumentException">The numbers of rows and of such tokens differ; in steps: there are more such tokens.</exception>
    public static Tensor Apply(Tensor x, Tensor ids, Tensor value, Func<int, bool> isPlace, string name, Pass pass, Pass rows, SpliceState? state = null)
    {
        int batch = pass.Batch, length = pass.Length;
        if (rows.Batch != batch)
        {
            throw new ArgumentException($"'{name}' has {rows.Batch} rows in its batch, the tokens have {batch}: expected one for each.");
        }

        long[] known = ids.cpu().contiguous().data<long>().ToArray();
        long[] index = new long[batch * length];
        var places = new List<int>[batch];
        bool any = false;
        for (int row = 0; row < batch; row++)
        {
            places[row] = [];
            int before = state?.Taken(row) ?? 0, real = rows.Queries.Length(row), next = RealRow(rows.Queries, row, before, -1);
            for (int i = 0; i < length; i++)
            {
                int at = (row * length) + i;
                index[at] = i;
                if (!pass.Queries.IsReal(row, i) || !isPlace(checked((int)known[at])))
                {
                    continue;
                }

                places[row].Add(i);
                if (next >= 0)
                {
                    (index[at], any) = (length + next, true);
                    next = RealRow(rows.Queries, row, 1, next);
                }
            }

            int all = before + places[row].Count;
            if (all > real || (state is null && all < real))
            {
                throw new ArgumentException(
                    $"Row {row} has {all} tokens in the place of which rows of '{name}' stand, and {real} such rows: expected equal numbers.");
            }
        }

        state?.Take(places, pass);
        if (!any)
        {
            return x.alias();
        }

        using Tensor joined = torch.cat([x, value], 1);
        using Tensor picks = torch.tensor(index, [batch, length], device: x.device);
        return Pass.Gather(joined, picks);
    }

    /// <summary>The place of the real row that stands <paramref name="count"/> real rows after another; the first one after none (-1) stands 0 after; -1:
    /// none.</summary>
    private static int RealRow(Places rows, int row, int count, int after)
    {
        count = after < 0 ? count : count - 1;
        for (int i = after + 1; i < rows.Count; i++)
        {
            if (rows.IsReal(row, i) && count-- == 0)
            {
                return i;
            }
        }

        return -1;
    }
}
