using System;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>A tensor [b, ...] that is computed once and kept: what depends on an input that doesn't step (an encoder's memory, cross keys).</summary>
public sealed class HeldValue : IStatePart
{
    private Tensor? value;

    /// <summary>The tensor, or null before it was computed; owned by the state.</summary>
    public Tensor? Value => value;

    /// <inheritdoc/>
    public long Bytes => value is null ? 0 : value.numel() * value.element_size();

    /// <summary>Takes over the tensor; returns it.</summary>
    public Tensor Hold(Tensor tensor)
    {
        value?.Dispose();
        value = tensor.DetachFromDisposeScope();
        return value;
    }

    /// <inheritdoc/>
    public void Select(Tensor rows)
    {
        if (value is not null)
        {
            using Tensor picks = rows.to(ScalarType.Int64, value.device);
            Hold(value.index_select(0, picks));
        }
    }

    /// <inheritdoc/>
    public void CopyFrom(IStatePart other)
    {
        Dispose();
        value = ((HeldValue)other).value?.clone().DetachFromDisposeScope();
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
}
