using System;
using System.Collections.Generic;
using System.Linq;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>Rows of ids side by side as int64 tensors [rows, longest], filled up on the right unless the left is asked for.</summary>
public static class PaddedRows
{
    /// <summary>The ids; shorter rows are filled up with <paramref name="fill"/>, all of them to <paramref name="least"/> at least.</summary>
    public static Tensor Ids(IReadOnlyList<int[]> rows, int fill, Device? device = null, bool left = false, int least = 0) =>
        Fill(rows, fill, Math.Max(least, Longest(rows)), device, left);

    /// <summary>1 where a row has an id, 0 where it is filled up.</summary>
    public static Tensor Real(IReadOnlyList<int[]> rows, Device? device = null, bool left = false) =>
        Fill([.. rows.Select(row => Enumerable.Repeat(1, row.Length).ToArray())], 0, Longest(rows), device, left);

    private static int Longest(IReadOnlyList<int[]> rows) => rows.Max(row => row.Length);

    private static Tensor Fill(IReadOnlyList<int[]> rows, int fill, int longest, Device? device, bool left)
    {
        var all = new long[rows.Count * longest];
        Array.Fill(all, fill);
        for (int r = 0; r < rows.Count; r++)
        {
            int from = (r * longest) + (left ? longest - rows[r].Length : 0);
            for (int i = 0; i < rows[r].Length; i++)
            {
                all[from + i] = rows[r][i];
            }
        }

        return tensor(all, [rows.Count, longest], dtype: ScalarType.Int64, device: device);
    }
}
