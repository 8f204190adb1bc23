using System;
using System.Collections.Generic;
using System.Linq;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Dsl.Runtime;

/// <summary>
/// NormalFloat4 (QLoRA: Dettmers et al., arXiv 2305.14314) as bitsandbytes computes it: numbers in blocks of 64, each the nearest of 16 codes times the
/// block's largest magnitude; two numbers a byte, the first in the high half. All in float32, bit for bit.
/// </summary>
public static class Nf4
{
    /// <summary>Numbers that share one magnitude.</summary>
    public const int Block = 64;

    /// <summary>Magnitudes that share one of their own, where they are quantised in turn.</summary>
    public const int NestedBlock = 256;

    private static readonly float[] code =
    [
        -1f, -0.6961928009986877f, -0.5250730514526367f, -0.39491748809814453f, -0.28444138169288635f, -0.18477343022823334f, -0.09105003625154495f, 0f,
        0.07958029955625534f, 0.16093020141124725f, 0.24611230194568634f, 0.33791524171829224f, 0.44070982933044434f, 0.5626170039176941f, 0.7229568362236023f,
        1f,
    ];

    private static readonly float[] midpoints = [.. code.Zip(code.Skip(1), (low, high) => (low + high) / 2)];
    private static readonly float[] dynamicMap = MakeDynamicMap();

    // Both numbers of a byte, next to each other as they stand in a row.
    private static readonly ulong[] pairs = [.. Enumerable.Range(0, 256).Select(both =>
        (BitConverter.SingleToUInt32Bits(code[both & 15]) * (1UL << 32)) | BitConverter.SingleToUInt32Bits(code[both >> 4]))];

    /// <summary>The 16 codes, from -1 to 1.</summary>
    public static ReadOnlySpan<float> Code => code;

    /// <summary>Where one code ends and the next begins; a number that lies on one belongs to the lower code.</summary>
    public static ReadOnlySpan<float> Midpoints => midpoints;

    /// <summary>The 256 codes of quantised magnitudes: seven decades of both signs, finer towards one.</summary>
    public static ReadOnlySpan<float> DynamicMap => dynamicMap;

    /// <summary>Quantises numbers, row by row.</summary>
    /// <param name="values">The numbers; the last block may be short.</param>
    /// <param name="packed">Half as many bytes, rounded up.</param>
    /// <param name="magnitudes">One for each block.</param>
    public static void Quantise(ReadOnlySpan<float> values, Span<byte> packed, Span<float> magnitudes)
    {
        Require(packed.Length == (values.Length + 1) / 2 && magnitudes.Length == Blocks(values.Length), "packed bytes or magnitudes of another length");
        packed.Clear();
        for (int block = 0; block < magnitudes.Length; block++)
        {
            ReadOnlySpan<float> own = values.Slice(block * Block, Math.Min(Block, values.Length - (block * Block)));
            float most = 0;
            foreach (float value in own)
            {
                most = Math.Max(most, Math.Abs(value));
            }

            magnitudes[block] = most;
            float scale = most > 0 ? 1 / most : 0;
            for (int i = 0; i < own.Length; i++)
            {
                int at = (block * Block) + i, index = Index(own[i] * scale);
                packed[at / 2] |= (byte)((at & 1) == 0 ? index << 4 : index);
            }
        }
    }

    /// <summary>The numbers of whole blocks and of the last, short one.</summary>
    /// <param name="packed">From the first byte of a block.</param>
    /// <param name="magnitudes">Of each block.</param>
    /// <param name="values">As many numbers as are wanted.</param>
    public static void Dequantise(ReadOnlySpan<byte> packed, ReadOnlySpan<float> magnitudes, Span<float> values)
    {
        Require(packed.Length >= (values.Length + 1) / 2 && magnitudes.Length >= Blocks(values.Length), "fewer packed bytes or magnitudes than numbers");
        Span<ulong> both = MemoryMarshal.Cast<float, ulong>(values[..(values.Length & ~1)]);
        for (int i = 0; i < both.Length; i++)
        {
            both[i] = pairs[packed[i]];
        }

        if ((values.Length & 1) == 1)
        {
            values[^1] = code[packed[values.Length / 2] >> 4];
        }

        for (int block = 0, at = 0; at < values.Length; block++, at += Block)
        {
            Scale(values.Slice(at, Math.Min(Block, values.Length - at)), magnitudes[block]);
        }
    }

    /// <summary>Quantises magnitudes: an offset, which is their mean, and in blocks of 256 the nearest code of <see cref="DynamicMap"/>.</summary>
    /// <param name="magnitudes">Of the blocks.</param>
    /// <param name="offset">Their mean.</param>
    /// <param name="quantised">A byte for each.</param>
    /// <param name="nested">The largest distance from the offset in each block of 256.</param>
    public static void QuantiseMagnitudes(ReadOnlySpan<float> magnitudes, float offset, Span<byte> quantised, Span<float> nested)
    {
        Require(quantised.Length == magnitudes.Length && nested.Length == NestedBlocks(magnitudes.Length), "bytes or nested magnitudes of another length");
        for (int block = 0; block < nested.Length; block++)
        {
            ReadOnlySpan<float> own = magnitudes.Slice(block * NestedBlock, Math.Min(NestedBlock, magnitudes.Length - (block * NestedBlock)));
            float most = 0;
            foreach (float value in own)
            {
                most = Math.Max(most, Math.Abs(value - offset));
            }

            nested[block] = most;
            float scale = most > 0 ? 1 / most : 0;
            for (int i = 0; i < own.Length; i++)
            {
                quantised[(block * NestedBlock) + i] = Nearest((own[i] - offset) * scale);
            }
        }
    }

    /// <summary>The magnitudes again: map[q] times that of its block, plus the offset.</summary>
    public static void RestoreMagnitudes(
        ReadOnlySpan<byte> quantised, ReadOnlySpan<float> nested, float offset, ReadOnlySpan<float> map, Span<float> magnitudes)
    {
        Require(quantised.Length == magnitudes.Length && nested.Length >= NestedBlocks(magnitudes.Length) && map.Length == 256, "sizes that do not fit");
        for (int i = 0; i < magnitudes.Length; i++)
        {
            // Rounded in between, as there.
            float own = map[quantised[i]] * nested[i / NestedBlock];
            magnitudes[i] = own + offset;
        }
    }

    /// <summary>How many blocks so many numbers have.</summary>
    internal static int Blocks(long count) => checked((int)((count + Block - 1) / Block));

    internal static int NestedBlocks(long count) => checked((int)((count + NestedBlock - 1) / NestedBlock));

    /// <summary>How many midpoints lie strictly below.</summary>
    private static int Index(float value)
    {
        int low = 0, high = midpoints.Length;
        while (low < high)
        {
            int middle = (low + high) / 2;
            (low, high) = midpoints[middle] < value ? (middle + 1, high) : (low, middle);
        }

        return low;
    }

    /// <summary>The nearest entry of the dynamic map, the lower one of two that are as near.</summary>
    private static byte Nearest(float value)
    {
        int at = Array.BinarySearch(dynamicMap, value);
        if (at >= 0)
        {
            return (byte)at;
        }

        int above = Math.Min(~at, 255), below = Math.Max(above - 1, 0);
        return (byte)(Math.Abs(value - dynamicMap[below]) <= Math.Abs(value - dynamicMap[above]) ? below : above);
    }

    private static void Scale(Span<float> values, float by)
    {
        int i = 0;
        for (; i <= values.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            Span<float> part = values[i..];
            (new Vector<float>(part) * by).CopyTo(part);
        }

        for (; i < values.Length; i++)
        {
            values[i] *= by;
        }
    }

    /// <summary>bitsandbytes' create_dynamic_map(signed=True): in decade k there are 2^k middles of equal steps from 0.1 to 1.</summary>
    private static float[] MakeDynamicMap()
    {
        var entries = new List<float> { 0, 1 };
        for (int decade = 0; decade < 7; decade++)
        {
            int steps = 1 << decade;
            float unit = (float)Math.Pow(10, decade - 6), step = (1f - 0.1f) / steps;

            // As torch.linspace: counted from whichever end is nearer, each rounded once.
            float At(int i) => i < (steps + 1) / 2 ? MathF.FusedMultiplyAdd(step, i, 0.1f) : MathF.FusedMultiplyAdd(-step, steps - i, 1f);
            for (int i = 0; i < steps; i++)
            {
                float middle = (At(i) + At(i + 1)) / 2;
                entries.Add(unit * middle);
                entries.Add(-unit * middle);
            }
        }

        entries.Sort();
        return [.. entries];
    }

    private static void Require(bool holds, string problem)
    {
        if (!holds)
        {
            throw new ArgumentException(problem);
        }
    }
}
