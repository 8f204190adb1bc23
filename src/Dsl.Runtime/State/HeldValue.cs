using System;
using System.Linq;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>A tensor [b, ...] that is computed once and kept: what depends on an input that doesn't step (an encoder's memory, cross keys).</summary>
public sealed class HeldValue : IStatePart
{
    private Tensor? value;

    /// <summary>Which of the rows that were held first each row repeats.</summary>
    private long[] origins = [];

    /// <summary>The tensor, or null before it was computed; owned by the state.</summary>
    public Tensor? Value => value;

    /// <inheritdoc/>
    public long Bytes => value is null ? 0 : value.numel() * value.element_size();

    /// <summary>Takes over the tensor; returns it.</summary>
    public Tensor Hold(Tensor tensor)
    {
        origins = [.. Enumerable.Range(0, checked((int)tensor.shape[0])).Select(row => (long)row)];
        return Replace(tensor);
    }

    /// <summary>Rows change places; nothing is copied where every row still repeats the same one (beams of one prompt).</summary>
    public void Select(Tensor rows)
    {
        if (value is null)
        {
            return;
        }

        long[] next = Array.ConvertAll(RowPicks.Of(rows), row => origins[row]);
        if (!next.AsSpan().SequenceEqual(origins))
        {
            using Tensor picks = rows.to(ScalarType.Int64, value.device);
            Replace(value.index_select(0, picks));
            origins = next;
        }
    }

    /// <inheritdoc/>
    public void CopyFrom(IStatePart other)
    {
        Dispose();
        value = ((HeldValue)other).value?.clone().DetachFromDisposeScope();
        origins = ((HeldValue)other).origins;
    }

    /// <inheritdoc/>
    public void CheckTruncate(Timeline timeline, int slots)
    {
    }

    /// <summary>Nothing: the value doesn't depend on the steps.</summary>
    public void Truncate(int slots)
    {
    }

    /// <inheritdoc/>
    public void Reset() => Dispose();

    /// <inheritdoc/>
    public void Dispose()
    {
        value?.Dispose();
        value = null;
    }

    private Tensor Replace(Tensor tensor)
    {
        value?.Dispose();
        value = tensor.DetachFromDisposeScope();
        return value;
    }
}
