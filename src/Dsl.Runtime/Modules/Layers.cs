using System;
using System.Collections.Generic;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>Blocks one after the other.</summary>
public static class Layers
{
    // A thousand times more than any published model has, and so few that a list of them is small.
    private const long Most = 1 << 20;

    /// <summary>Builds a block for each layer.</summary>
    /// <exception cref="ConfigException">There are more than 1,048,576.</exception>
    public static TBlock[] Of<TBlock>(long count, Func<int, TBlock> build) => Of<TBlock, int>(count, layer => layer, (_, layer) => build(layer));

    /// <summary>Builds the blocks of layers, of which those of one key are one block: one set of weights, one gradient.</summary>
    /// <param name="count">How many layers.</param>
    /// <param name="keyOf">A layer's key.</param>
    /// <param name="build">Builds the block of a key, at the first layer that has it.</param>
    /// <exception cref="ConfigException">There are more than 1,048,576 layers.</exception>
    public static TBlock[] Of<TBlock>(long count, Func<int, string> keyOf, Func<string, int, TBlock> build) => Of<TBlock, string>(count, keyOf, build);

    /// <summary>How many of the layers stand before what <c>Take</c> names: from the front, or from the end where it is negative.</summary>
    /// <param name="taken">0 is what the first layer reads, -1 what the last one gives.</param>
    /// <param name="count">How many layers there are.</param>
    /// <exception cref="ConfigException">There are not so many.</exception>
    public static long Before(long taken, long count) => (taken < 0 ? taken + count + 1 : taken) is var before && before >= 0 && before <= count ? before
        : throw new ConfigException("config.json", $"layer {taken} is taken of {count}, expected {-count - 1} to {count}");

    /// <summary>The blocks of layers <paramref name="first"/> to before <paramref name="end"/>.</summary>
    public static TBlock[] Of<TBlock>(long first, long end, Func<int, TBlock> build) =>
        Of<TBlock, int>(end - first, layer => layer, (_, layer) => build(checked((int)first + layer)));

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
            h = CheckpointedLayer.Takes(blocks[i]) is { } layer ? CheckpointedLayer.Run(layer, i, apply, before) : apply(blocks[i], before, i);
        }

        return h;
    }

    private static TBlock[] Of<TBlock, TKey>(long count, Func<int, TKey> keyOf, Func<TKey, int, TBlock> build)
        where TKey : notnull
    {
        if (count > Most)
        {
            throw new ConfigException(Require.File, FormattableString.Invariant($"{count} layers, expected at most {Most}"));
        }

        // No array of that size up front: a config may ask for more layers than a file has weights for, and is refused on the way.
        var blocks = new List<TBlock>();
        var byKey = new Dictionary<TKey, TBlock>();
        for (int layer = 0; layer < count; layer++)
        {
            TKey key = keyOf(layer);
            if (!byKey.TryGetValue(key, out TBlock? block))
            {
                block = byKey[key] = build(key, layer);
            }

            blocks.Add(block);
        }

        return [.. blocks];
    }
}
