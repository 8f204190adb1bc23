using System;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>
/// What a state has read: one slot for each column of tokens so far. A plain counter as long as nothing is padded; from the first padded token on, the
/// position and
/// the validity of every slot.
/// </summary>
public sealed class Timeline
{
    private int[]? lengths;
    private int[] positions = [];
    private bool[] real = [];
    private int stride;

    /// <summary>Nothing read yet.</summary>
    /// <param name="batch">Rows.</param>
    /// <param name="capacity">Tokens that caches make room for at first; 0 leaves it to them.</param>
    public Timeline(int batch, int capacity = 0)
    {
        if (batch < 1)
        {
            throw new ArgumentOutOfRangeException(nameof(batch), $"A state needs at least one row, not {batch}.");
        }

        Batch = batch;
        Capacity = capacity;
    }

    /// <summary>Rows.</summary>
    public int Batch { get; private set; }

    /// <summary>Tokens that caches make room for at first.</summary>
    public int Capacity { get; }

    /// <summary>Columns read so far, padding included.</summary>
    public int Slots { get; private set; }

    /// <summary>Some slot so far was padding.</summary>
    public bool Ragged => lengths is not null;

    /// <summary>How many real tokens a row has read: the position of its next one.</summary>
    public int Length(int row) => lengths is null ? Slots : lengths[row];

    /// <summary>Bytes held.</summary>
    public long Bytes => ((long)positions.Length * sizeof(int)) + real.Length;

    /// <summary>Adds a column for each new token and says where the new ones and all of them stand.</summary>
    /// <param name="count">New tokens in each row.</param>
    /// <param name="mask">Row-major, true for a real token; null when all are.</param>
    /// <param name="device">Where the tensors of the places are to be.</param>
    internal (Places Queries, Places Keys) Advance(int count, bool[]? mask, Device device)
    {
        if (mask is not null && Array.IndexOf(mask, false) < 0)
        {
            mask = null;
        }

        if (mask is null && lengths is null)
        {
            Slots += count;
            return (new Places(Batch, Slots - count, count, device), new Places(Batch, 0, Slots, device));
        }

        Reserve(Slots + count);
        lengths ??= Filled();
        for (int row = 0; row < Batch; row++)
        {
            int before = (row * stride) + Slots - 1;
            int behind = Slots > 0 && !real[before] && lengths[row] > 0 ? positions[before] - (lengths[row] - 1) : 0;
            for (int i = 0; i < count; i++)
            {
                int at = (row * stride) + Slots + i;
                bool counts = mask is null || mask[(row * count) + i];
                real[at] = counts;
                behind = counts ? 0 : behind + 1;
                lengths[row] += counts ? 1 : 0;
                positions[at] = lengths[row] == 0 ? 0 : lengths[row] - 1 + behind;
            }
        }

        Slots += count;
        return (new Places(Batch, positions, real, stride, Slots - count, count, device), new Places(Batch, positions, real, stride, 0, Slots, device));
    }

    /// <summary>The first slot that a band of <paramref name="window"/> keys still needs, when the next <paramref name="incoming"/> columns were already
    /// counted.</summary>
    internal int FirstNeeded(int window, int incoming)
    {
        int end = Slots - incoming;
        if (lengths is null)
        {
            return Math.Max(0, end - window + 1);
        }

        int needed = end;
        for (int row = 0; row < Batch; row++)
        {
            int next = lengths[row];
            for (int slot = end; slot < Slots; slot++)
            {
                next -= real[(row * stride) + slot] ? 1 : 0;
            }

            for (int slot = end - 1, found = 0; slot >= 0 && found < window - 1 && found < next; slot--)
            {
                if (real[(row * stride) + slot])
                {
                    found++;
                    needed = Math.Min(needed, slot);
                }
            }
        }

        return needed;
    }

    internal void Truncate(int slots)
    {
        if (slots < 0 || slots > Slots)
        {
            throw new ArgumentOutOfRangeException(nameof(slots), $"The state has read {Slots} tokens and cannot be cut to {slots}.");
        }

        Slots = slots;
        if (lengths is not null)
        {
            bool padded = false;
            for (int row = 0; row < Batch; row++)
            {
                lengths[row] = 0;
                for (int slot = 0; slot < slots; slot++)
                {
                    bool counts = real[(row * stride) + slot];
                    lengths[row] += counts ? 1 : 0;
                    padded |= !counts;
                }
            }

            if (!padded)
            {
                lengths = null;
            }
        }
    }

    internal void Select(long[] rows)
    {
        if (lengths is not null)
        {
            var p = new int[rows.Length * stride];
            var r = new bool[rows.Length * stride];
            var l = new int[rows.Length];
            for (int i = 0; i < rows.Length; i++)
            {
                Array.Copy(positions, rows[i] * stride, p, (long)i * stride, stride);
                Array.Copy(real, rows[i] * stride, r, (long)i * stride, stride);
                l[i] = lengths[rows[i]];
            }

            (positions, real, lengths) = (p, r, l);
        }

        Batch = rows.Length;
    }

    internal void Reset()
    {
        Slots = 0;
        stride = 0;
        lengths = null;
        positions = [];
        real = [];
    }

    internal void CopyFrom(Timeline other)
    {
        Batch = other.Batch;
        Slots = other.Slots;
        stride = other.stride;
        lengths = (int[]?)other.lengths?.Clone();
        positions = (int[])other.positions.Clone();
        real = (bool[])other.real.Clone();
    }

    private void Reserve(int slots)
    {
        if (slots <= stride)
        {
            return;
        }

        int wider = Math.Max(slots, Math.Max(stride * 2, Math.Max(Capacity, 16)));
        var p = new int[Batch * wider];
        var r = new bool[Batch * wider];
        if (lengths is not null)
        {
            for (int row = 0; row < Batch; row++)
            {
                Array.Copy(positions, row * stride, p, row * wider, Slots);
                Array.Copy(real, row * stride, r, row * wider, Slots);
            }
        }

        (positions, real, stride) = (p, r, wider);
    }

    private int[] Filled()
    {
        var filled = new int[Batch];
        for (int row = 0; row < Batch; row++)
        {
            filled[row] = Slots;
            for (int slot = 0; slot < Slots; slot++)
            {
                positions[(row * stride) + slot] = slot;
                real[(row * stride) + slot] = true;
            }
        }

        return filled;
    }
}
