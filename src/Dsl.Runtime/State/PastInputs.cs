using System;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>
/// The last inputs of a place, as a shift (one of them) or a causal convolution (kernel - 1) needs them. A padded token leaves them as they were. Before
/// the first
/// token they are zero.
/// </summary>
public class PastInputs : IStatePart
{
    private readonly int length;
    private Tensor? past;
    private int slots;

    /// <summary>Nothing read yet.</summary>
    /// <param name="length">How many inputs are kept; 0 for what looks at its own token alone.</param>
    public PastInputs(int length)
    {
        if (length < 0)
        {
            throw new ArgumentOutOfRangeException(nameof(length), $"{length} past inputs were to be kept, expected 0 or more.");
        }

        this.length = length;
    }

    /// <inheritdoc/>
    public long Bytes => past is null ? 0 : past.numel() * past.element_size();

    /// <summary>The kept inputs [b, length, ...], the latest last, each row's own last real tokens; null before the first call.</summary>
    public Tensor? Values => past;

    /// <summary>
    /// The past inputs, then the new ones, each row's padding moved to the end (<see cref="Pass.Compact"/>): [b, length + t, ...]. What is computed from it
    /// returns to its
    /// places by <see cref="Pass.Expand"/>. A state, if given, goes on to the last real tokens.
    /// </summary>
    public static Tensor Before(Tensor x, Pass pass, int length, PastInputs? state)
    {
        using Tensor real = pass.Compact(x);
        long[] shape = x.shape;
        shape[1] = length;
        using Tensor past = state?.past?.alias() ?? torch.zeros(shape, dtype: x.dtype, device: x.device);
        Tensor all = torch.cat([past, real], 1);
        state?.Keep(all, pass);
        return all;
    }

    /// <summary>x one token earlier: each token gets the real token before it, the first one gets the state's or zero.</summary>
    public static Tensor Shift(Tensor x, Pass pass, PastInputs? state = null)
    {
        using Tensor all = Before(x, pass, 1, state);
        using Tensor earlier = all.narrow(1, 0, x.shape[1]);
        return pass.Padded ? pass.Expand(earlier) : earlier.alias();
    }

    /// <inheritdoc/>
    public void Select(Tensor rows)
    {
        if (past is not null)
        {
            using Tensor picks = rows.to(ScalarType.Int64, past.device);
            Replace(past.index_select(0, picks));
        }
    }

    /// <inheritdoc/>
    public void CopyFrom(IStatePart other)
    {
        var source = (PastInputs)other;
        Reset();
        past = source.past?.clone().DetachFromDisposeScope();
        slots = source.slots;
    }

    /// <inheritdoc/>
    public void CheckTruncate(Timeline timeline, int slots)
    {
        if (slots != 0 && slots != this.slots)
        {
            throw new InvalidOperationException(
                $"The state cannot be cut to {slots} tokens: it keeps the last {length} inputs only and has read {this.slots}; keep a Clone to return to.");
        }
    }

    /// <inheritdoc/>
    public void Truncate(int slots)
    {
        if (slots == 0)
        {
            Reset();
        }
    }

    /// <inheritdoc/>
    public void Reset()
    {
        past?.Dispose();
        past = null;
        slots = 0;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Reset();
        GC.SuppressFinalize(this);
    }

    private void Replace(Tensor with)
    {
        past?.Dispose();
        past = with.DetachFromDisposeScope();
    }

    private void Keep(Tensor all, Pass pass)
    {
        using IDisposable off = torch.no_grad();
        slots = pass.Keys.Count;
        if (length == 0)
        {
            return;
        }

        if (!pass.Padded)
        {
            using Tensor tail = all.narrow(1, all.shape[1] - length, length);
            using Tensor detached = tail.detach();
            Replace(detached.clone());
            return;
        }

        var index = new long[pass.Batch * length];
        for (int i = 0; i < index.Length; i++)
        {
            index[i] = pass.Queries.Length(i / length) + (i % length);
        }

        using Tensor picks = torch.tensor(index, [pass.Batch, length], device: all.device);
        using Tensor source = all.detach();
        Replace(Pass.Gather(source, picks));
    }
}

/// <summary>The previous token's input.</summary>
public sealed class ShiftState : PastInputs
{
    /// <summary>Nothing read yet.</summary>
    public ShiftState()
        : base(1)
    {
    }
}

/// <summary>The last kernel - 1 inputs of a causal convolution.</summary>
public sealed class ConvState : PastInputs
{
    /// <summary>Nothing read yet.</summary>
    /// <param name="kernel">Width of the kernel; at least 1.</param>
    public ConvState(int kernel)
        : base(kernel - 1)
    {
    }
}
