using System;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>A mask rule laid out over the places of one call: what is added to the scores, and which queries read nothing at all.</summary>
internal sealed class AttentionMask : IDisposable
{
    private Tensor? closed;
    private Tensor? open;

    private AttentionMask(Tensor bias, Tensor? empty)
    {
        Bias = bias.DetachFromDisposeScope();
        Reads = empty?.DetachFromDisposeScope();
    }

    /// <summary>[b or 1, 1, t, s]: 0 where a key may be read, the lowest finite number where not.</summary>
    internal Tensor Bias { get; }

    /// <summary>bool [b or 1, 1, t, s]: true where a key may not be read; made when it is asked for.</summary>
    internal Tensor Closed => closed ??= Bias.ne(Scalars.Of(0L)).DetachFromDisposeScope();

    /// <summary>The opposite of <see cref="Closed"/>.</summary>
    internal Tensor Open => open ??= Closed.logical_not().DetachFromDisposeScope();

    /// <summary>[b or 1, t, 1, 1]: 0 for a query that may read nothing, 1 for the others; null when each reads something.</summary>
    internal Tensor? Reads { get; }

    internal static AttentionMask Of(MaskRule rule, Places queries, Places keys, ScalarType dtype, Device device)
    {
        bool alike = queries.Uniform && keys.Uniform && !keys.Padded;
        int rows = alike ? 1 : keys.Batch, t = queries.Count, s = keys.Count;
        var allowed = new byte[checked(rows * t * s)];
        var reads = new bool[rows * t];
        bool all = true;
        for (int row = 0; row < rows; row++)
        {
            for (int query = 0; query < t; query++)
            {
                int at = (row * t) + query;
                reads[at] = rule.Fill(queries, query, keys, row, allowed.AsSpan(at * s, s));
                all &= reads[at];
            }
        }

        using Tensor bytes = torch.tensor(allowed, [rows, 1, t, s], device: device);
        using Tensor closed = bytes.eq(Scalars.Of(0));
        Tensor bias = torch.zeros([rows, 1, t, s], dtype: dtype, device: device);
        bias.masked_fill_(closed, Scalars.Of(Tensors.Lowest(dtype)));
        return new AttentionMask(bias, all ? null : torch.tensor(reads, [rows, t, 1, 1], dtype: dtype, device: device));
    }

    public void Dispose()
    {
        Bias.Dispose();
        closed?.Dispose();
        open?.Dispose();
        Reads?.Dispose();
    }
}
