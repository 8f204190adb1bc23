using System;
using System.Collections.Generic;
using System.Linq;
using TorchSharp;
using static TorchSharp.torch;

namespace Zoo.Text;

/// <summary>Rows of ids side by side as int64 tensors [rows, longest], on the right filled up.</summary>
public static class PaddedRows
{
    /// <summary>The ids; shorter rows go on with <paramref name="fill"/>.</summary>
    public static Tensor Ids(IReadOnlyList<int[]> rows, int fill, Device? device = null) => Fill(rows, row => row, fill, device);

    /// <summary>1 where a row has an id, 0 where it is filled up.</summary>
    public static Tensor Real(IReadOnlyList<int[]> rows, Device? device = null) => Fill(rows, row => Enumerable.Repeat(1, row.Length), 0, device);

    private static Tensor Fill(IReadOnlyList<int[]> rows, Func<int[], IEnumerable<int>> values, int fill, Device? device)
    {
        int longest = rows.Max(row => row.Length);
        long[] all = [.. rows.SelectMany(row => values(row).Concat(Enumerable.Repeat(fill, longest - row.Length))).Select(value => (long)value)];
        return tensor(all, [rows.Count, longest], dtype: ScalarType.Int64, device: device);
    }
}
