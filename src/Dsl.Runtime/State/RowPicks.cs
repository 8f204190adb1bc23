using System.Linq;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>Which old row each new row of a state is (beams), on the host.</summary>
internal static class RowPicks
{
    /// <param name="rows">int64 [new batch], on any device.</param>
    public static long[] Of(Tensor rows)
    {
        using Tensor host = rows.to(ScalarType.Int64, torch.CPU);
        using Tensor flat = host.contiguous();
        return flat.data<long>().ToArray();
    }

    /// <summary>The rows that change where the number of rows stays.</summary>
    public static long[] Changed(long[] picks) => [.. Enumerable.Range(0, picks.Length).Where(row => picks[row] != row).Select(row => (long)row)];
}
