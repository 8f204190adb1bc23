using System;
using System.Collections.Generic;
using TorchSharp;
using static TorchSharp.torch;

namespace Benchmarks.Baselines;

/// <summary>A decoder written op by op.</summary>
public interface IEager
{
    /// <summary>Logits [batch, time, vocabulary] of int64 ids [batch, time], read after what <paramref name="cache"/> holds.</summary>
    Tensor Logits(Tensor ids, EagerCache? cache = null);
}

/// <summary>
/// Keys and values of every layer, [batch, heads, time, width], grown by concatenation as Hugging Face's DynamicCache does; or states of recurrences.
/// </summary>
public sealed class EagerCache : IDisposable
{
    private readonly List<(Tensor Keys, Tensor Values)> layers = [];
    private readonly Dictionary<string, Tensor> states = [];

    /// <summary>Tokens held by every layer (by the layers read so far, within a forward).</summary>
    public long Length => layers.Count == 0 ? 0 : layers[0].Keys.shape[2];

    public (Tensor Keys, Tensor Values) Append(int layer, Tensor keys, Tensor values)
    {
        if (layer == layers.Count)
        {
            layers.Add((keys.DetachFromDisposeScope(), values.DetachFromDisposeScope()));
        }
        else
        {
            var (oldKeys, oldValues) = layers[layer];
            layers[layer] = (cat([oldKeys, keys], dim: 2).DetachFromDisposeScope(), cat([oldValues, values], dim: 2).DetachFromDisposeScope());
            oldKeys.Dispose();
            oldValues.Dispose();
        }

        return layers[layer];
    }

    /// <summary>What a recurrence kept under a name; null before the first call.</summary>
    public Tensor? State(string name) => states.GetValueOrDefault(name);

    /// <summary>Keeps a recurrence's state for the next call.</summary>
    public void Keep(string name, Tensor state)
    {
        using var old = State(name);
        states[name] = state.clone().DetachFromDisposeScope();
    }

    public void Dispose()
    {
        foreach (var state in states.Values)
        {
            state.Dispose();
        }

        foreach (var (keys, values) in layers)
        {
            keys.Dispose();
            values.Dispose();
        }
    }
}

/// <summary>What the eager models share.</summary>
public static class Eager
{
    /// <summary>Rows of a table [rows, width] by ids [batch, time]: an embedding (TorchSharp has no functional one).</summary>
    public static Tensor Rows(Tensor table, Tensor ids) => table.index_select(0, ids.reshape(-1)).view(ids.shape[0], ids.shape[1], -1);

    /// <summary>Additive mask [1, 1, queries, past + queries]: 0 where a query may look, the dtype's lowest value elsewhere.</summary>
    public static Tensor CausalMask(long queries, long past, ScalarType dtype, Device device)
    {
        double lowest = dtype == float64 ? double.MinValue : float.MinValue;
        return full([queries, past + queries], lowest, dtype, device).triu(past + 1).unsqueeze(0).unsqueeze(0);
    }

    /// <summary>softmax(q k' / divisor + mask) v for [batch, heads, time, width], merged to [batch, time, heads x width].</summary>
    public static Tensor Attend(Tensor q, Tensor k, Tensor v, Tensor mask, double divisor)
    {
        var scores = matmul(q, k.transpose(2, 3)) / divisor;
        var weights = nn.functional.softmax(scores + mask, dim: -1);
        return matmul(weights, v).transpose(1, 2).contiguous().view(q.shape[0], q.shape[2], -1);
    }

    /// <summary>Mean cross entropy of predicting each next label; -100 is ignored.</summary>
    public static Tensor CausalLoss(Tensor logits, Tensor labels)
    {
        using var scope = NewDisposeScope();
        var predicted = logits.narrow(1, 0, logits.shape[1] - 1).contiguous().view(-1, logits.shape[2]);
        var wanted = labels.narrow(1, 1, labels.shape[1] - 1).contiguous().view(-1);
        return nn.functional.cross_entropy(predicted, wanted, ignore_index: -100).MoveToOuterDisposeScope();
    }
}
