using System;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>
/// The positions of one time axis, known on the host: counted from each row's first real token and going on through padding on the right; and which of them
/// are real.
/// </summary>
public sealed class Places : IDisposable
{
    private readonly int[]? positions;
    private readonly bool[]? real;
    private readonly int stride;
    private readonly int first;
    private readonly Device device;
    private Tensor? tensor;
    private Tensor? mask;

    internal Places(int batch, int start, int count, Device device)
    {
        Batch = batch;
        Start = start;
        Count = count;
        End = start + count;
        this.device = device;
    }

    /// <summary>Columns [first, first + count) of row-major arrays that are <paramref name="stride"/> wide; the arrays are not copied.</summary>
    internal Places(int batch, int[] positions, bool[] real, int stride, int first, int count, Device device)
    {
        Batch = batch;
        Count = count;
        this.device = device;
        this.stride = stride;
        this.first = first;
        bool padded = false, uniform = true;
        int end = 0, start = count == 0 ? 0 : positions[first];
        for (int row = 0; row < batch; row++)
        {
            for (int i = 0; i < count; i++)
            {
                int at = (row * stride) + first + i;
                padded |= !real[at];
                uniform &= positions[at] == start + i;
                end = Math.Max(end, positions[at] + 1);
            }
        }

        End = end;
        Start = start;
        this.positions = uniform ? null : positions;
        this.real = padded ? real : null;
    }

    /// <summary>Rows.</summary>
    public int Batch { get; }

    /// <summary>Tokens in each row, padding included.</summary>
    public int Count { get; }

    /// <summary>One more than the largest position.</summary>
    public int End { get; }

    /// <summary>Every row has the positions <see cref="Start"/>, Start + 1, ...</summary>
    public bool Uniform => positions is null;

    /// <summary>The first position where rows are uniform.</summary>
    public int Start { get; }

    /// <summary>Some tokens are padding.</summary>
    public bool Padded => real is not null;

    /// <summary>The position of token <paramref name="index"/> of a row.</summary>
    public int At(int row, int index) => positions is null ? Start + index : positions[(row * stride) + first + index];

    /// <summary>False for padding.</summary>
    public bool IsReal(int row, int index) => real is null || real[(row * stride) + first + index];

    /// <summary>int64 [count] where rows are uniform, else [batch, count]; owned by this object.</summary>
    public Tensor Positions
    {
        get
        {
            if (tensor is null)
            {
                var values = new long[Uniform ? Count : Batch * Count];
                for (int i = 0; i < values.Length; i++)
                {
                    values[i] = At(i / Count, i % Count);
                }

                tensor = torch.tensor(values, Uniform ? [Count] : [Batch, Count], device: device).DetachFromDisposeScope();
            }

            return tensor;
        }
    }

    /// <summary>bool [batch, count], true for a real token; null where nothing is padded; owned by this object.</summary>
    public Tensor? Real
    {
        get
        {
            if (mask is null && real is not null)
            {
                var values = new bool[Batch * Count];
                for (int i = 0; i < values.Length; i++)
                {
                    values[i] = IsReal(i / Count, i % Count);
                }

                mask = torch.tensor(values, [Batch, Count], device: device).DetachFromDisposeScope();
            }

            return mask;
        }
    }

    /// <summary>The last <paramref name="count"/> tokens of each row.</summary>
    public Places Last(int count)
    {
        if (count == Count)
        {
            return this;
        }

        if (count > Count)
        {
            throw new ArgumentOutOfRangeException(nameof(count), $"There are {Count} places, {count} were asked for.");
        }

        int skip = Count - count;
        if (positions is not null && real is not null)
        {
            return new Places(Batch, positions, real, stride, first + skip, count, device);
        }

        if (positions is null && real is null)
        {
            return new Places(Batch, Start + skip, count, device);
        }

        var p = new int[Batch * count];
        var r = new bool[Batch * count];
        for (int i = 0; i < p.Length; i++)
        {
            p[i] = At(i / count, skip + (i % count));
            r[i] = IsReal(i / count, skip + (i % count));
        }

        return new Places(Batch, p, r, count, 0, count, device);
    }

    /// <summary>How many tokens of a row are real.</summary>
    public int Length(int row)
    {
        int length = 0;
        for (int i = 0; i < Count; i++)
        {
            length += IsReal(row, i) ? 1 : 0;
        }

        return length;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        tensor?.Dispose();
        mask?.Dispose();
        tensor = null;
        mask = null;
    }
}
