using System;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>Blocks one after the other.</summary>
public static class Layers
{
    /// <summary>What the last of the blocks gives, each reading what the one before gave; x itself where there are none.</summary>
    /// <param name="blocks">In their order.</param>
    /// <param name="x">What the first one reads.</param>
    /// <param name="apply">Calls a block on a value; the third argument is the block's place.</param>
    public static Tensor Run<TBlock>(TBlock[] blocks, Tensor x, Func<TBlock, Tensor, int, Tensor> apply)
    {
        Tensor h = x.alias();
        for (int i = 0; i < blocks.Length; i++)
        {
            using Tensor before = h;
            h = apply(blocks[i], before, i);
        }

        return h;
    }
}
