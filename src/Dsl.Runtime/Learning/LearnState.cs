using System;
using System.Collections.Generic;
using System.Linq;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>
/// What a learner keeps between calls, constant in size: the weights that the mini-batch started with, the sum of rate times gradient over its tokens so
/// far (without the rate of the reading row), and how many tokens each row has read. Rows may stand at different places.
/// </summary>
public sealed class LearnState : IStatePart
{
    private FastMap[] maps = [];
    private int[] read = [];
    private int slots;

    /// <inheritdoc/>
    public long Bytes => Tensors.Sum(t => t.numel() * t.element_size());

    /// <summary>
    /// What the mini-batch started with, by the last word of the weight's key: weights [batch, groups, in, out] and biases [batch, groups, 1, out].
    /// </summary>
    public IReadOnlyDictionary<string, Tensor> Starts => Named(m => m.Weight, m => m.Bias);

    /// <summary>The sums so far of rate times gradient, by the same words.</summary>
    public IReadOnlyDictionary<string, Tensor> Sums => Named(m => m.Gathered, m => m.GatheredBias);

    private IEnumerable<Tensor> Tensors => maps.SelectMany(m => new[] { m.Weight, m.Bias, m.Gathered, m.GatheredBias }).OfType<Tensor>();

    /// <inheritdoc/>
    public void Select(Tensor rows)
    {
        if (maps.Length > 0)
        {
            using Tensor picks = rows.to(ScalarType.Int64, maps[0].Weight.device);
            using Tensor host = picks.cpu();
            int[] before = read;
            Replace(t => t.index_select(0, picks), [.. host.data<long>().ToArray().Select(row => before[row])]);
        }
    }

    /// <inheritdoc/>
    public void CopyFrom(IStatePart other)
    {
        var source = (LearnState)other;
        Reset();
        maps = [.. source.maps.Select(m => Each(m, t => t.clone().DetachFromDisposeScope()))];
        read = [.. source.read];
        slots = source.slots;
    }

    /// <inheritdoc/>
    public void CheckTruncate(Timeline timeline, int slots)
    {
        if (slots != 0 && slots != this.slots)
        {
            throw new InvalidOperationException(
                $"The state cannot be cut to {slots} tokens: a learner keeps the weights after the {this.slots} it has read; keep a Clone to return to.");
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
        foreach (Tensor tensor in Tensors)
        {
            tensor.Dispose();
        }

        maps = [];
        read = [];
        slots = 0;
    }

    /// <inheritdoc/>
    public void Dispose() => Reset();

    /// <summary>Real tokens that each of <paramref name="batch"/> rows has read.</summary>
    public int[] ReadBy(int batch) => read.Length == 0 ? new int[batch] : read;

    internal FastWeights? Start => maps.Length == 0 ? null : new FastWeights(maps);

    /// <summary>Stays as it is over a pass that has padding alone.</summary>
    internal void Wait(Pass pass) => slots = pass.Keys.Count;

    /// <summary>Goes on to what the weights are after a pass.</summary>
    internal void Keep(FastWeights after, Pass pass)
    {
        Tensor Whole(Tensor t) => t.detach().expand([pass.Batch, .. t.shape[1..]]).clone().DetachFromDisposeScope();
        FastMap[] next = [.. after.Maps.Select(m => Each(
            m with
            {
                Gathered = m.Gathered ?? torch.zeros_like(m.Weight),
                GatheredBias = m.Bias is null ? null : m.GatheredBias ?? torch.zeros_like(m.Bias),
            },
            Whole))];
        int[] counts = [.. ReadBy(pass.Batch).Select((count, row) => count + pass.Queries.Length(row))];
        Reset();
        maps = next;
        read = counts;
        slots = pass.Keys.Count;
    }

    private static FastMap Each(FastMap map, Func<Tensor, Tensor> f) =>
        map with
        {
            Weight = f(map.Weight),
            Bias = map.Bias is null ? null : f(map.Bias),
            Gathered = map.Gathered is null ? null : f(map.Gathered),
            GatheredBias = map.GatheredBias is null ? null : f(map.GatheredBias),
        };

    private Dictionary<string, Tensor> Named(Func<FastMap, Tensor?> weight, Func<FastMap, Tensor?> bias) =>
        maps.SelectMany(m => new[] { (m.Name, weight(m)), (m.BiasName, bias(m)) }).Where(m => m.Item2 is not null).ToDictionary(m => m.Item1, m => m.Item2!);

    private void Replace(Func<Tensor, Tensor> f, int[] counts)
    {
        FastMap[] next = [.. maps.Select(m => Each(m, t => f(t).DetachFromDisposeScope()))];
        int kept = slots;
        Reset();
        maps = next;
        read = counts;
        slots = kept;
    }
}
