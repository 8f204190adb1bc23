using System;
using Dsl.Runtime.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace Benchmarks;

/// <summary>oneDNN's product with a weight packed once, where this build of libtorch has it.</summary>
internal static class Onednn
{
    /// <summary>x [rows, in] to x weight', for a weight [out, in]; null where oneDNN cannot be reached.</summary>
    public static Func<Tensor, Tensor>? Linear(Tensor weight, long rows)
    {
        if (!StableC.HasReorder)
        {
            return null;
        }

        var packed = StableC.ReorderLinearWeight(weight, rows);
        return x => StableC.Linear(x, packed);
    }
}
