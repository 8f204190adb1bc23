using System;
using System.Globalization;
using System.Linq;
using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>Rows of a table of weights by id.</summary>
internal static class TableRows
{
    /// <summary>The rows of these ids.</summary>
    /// <param name="table">[rows, width].</param>
    /// <param name="flat">int64 [n], of the same ids.</param>
    /// <param name="ids">int64 [...], whose axes messages count along.</param>
    /// <returns>[n, width].</returns>
    /// <exception cref="ArgumentException">An id is beyond the table; the message says which, where, and the table's size.</exception>
    public static Tensor Pick(Weight table, Tensor flat, Tensor ids)
    {
        try
        {
            return table.Value.index_select(0, flat);
        }
        catch (ExternalException e)
        {
            // Looked for only now: reading ids back from a device would stop it at every call.
            throw Beyond(table, flat, ids.shape) is { } message ? new ArgumentException(message, e) : e;
        }
    }

    private static string? Beyond(Weight table, Tensor flat, long[] shape)
    {
        using Tensor host = flat.to(ScalarType.Int64, CPU);
        long[] all = host.data<long>().ToArray();
        long rows = table.Shape[0];
        int at = Array.FindIndex(all, id => id < 0 || id >= rows);
        if (at < 0)
        {
            return null;
        }

        long[] place = new long[shape.Length];
        long rest = at;
        for (int axis = shape.Length - 1; axis >= 0; axis--)
        {
            (rest, place[axis]) = Math.DivRem(rest, shape[axis]);
        }

        string where = string.Join(", ", place.Select(p => p.ToString(CultureInfo.InvariantCulture)));
        return string.Create(CultureInfo.InvariantCulture, $"id {all[at]} at [{where}], expected 0 to {rows - 1}: the table '{table.Key}' has {rows} rows");
    }
}
