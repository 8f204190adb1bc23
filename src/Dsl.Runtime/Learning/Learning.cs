using System;
using System.Collections.Generic;
using System.Linq;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>Trains a block's fast weights within the sequence and reads with them (Sun et al. 2024, arXiv 2407.04620).</summary>
public static class Learning
{
    /// <summary>
    /// Each token is learnt from, and read with the weights that it and the tokens before it leave; a padded token leaves them as they were and gives 0.
    /// </summary>
    /// <param name="learner">The block.</param>
    /// <param name="every">Length of a mini-batch.</param>
    /// <param name="slope">The derivative of the loss by the block's output, given the output and the target.</param>
    /// <param name="x">[batch, time, ...]: what is learnt from.</param>
    /// <param name="target">[batch, time, ...]: what the block is to answer.</param>
    /// <param name="read">[batch, time, ...]: what the trained block is read at.</param>
    /// <param name="pass">Tells which tokens are real.</param>
    /// <param name="rate">[batch, time, groups... or 1]: the rate of each token that is learnt from; null for 1.</param>
    /// <param name="rowRate">The rates of the tokens that read, from their places in the mini-batch (int64 [every]); null for 1.</param>
    /// <param name="state">Where the weights come from and go to; null: from the learner's own, and nowhere.</param>
    /// <returns>[batch, time, ...]; autograd differentiates it through the inner gradients.</returns>
    public static Tensor Run(ILearner learner, int every, Func<Tensor, Tensor, Tensor> slope, Tensor x, Tensor target, Tensor read, Pass pass,
        Tensor? rate = null, Func<Tensor, Tensor>? rowRate = null, LearnState? state = null)
    {
        if (every < 1)
        {
            throw new ArgumentOutOfRangeException(nameof(every), $"A mini-batch has at least one token, not {every}.");
        }

        using var scope = torch.NewDisposeScope();
        int[] counts = state?.ReadBy(pass.Batch) ?? new int[pass.Batch];
        LearnGrid grid = pass.Memo((nameof(LearnGrid), every, string.Join(' ', counts)), () => new LearnGrid(pass, every, counts));
        if (grid.IsEmpty)
        {
            state?.Wait(pass);
            return torch.zeros_like(read).MoveToOuterDisposeScope();
        }

        Tensor learning = grid.Lay(x), wanted = grid.Lay(target), reading = grid.Lay(read), rates = Rates(rate, x, pass, grid), rows = Rows(rowRate, every, x);
        FastWeights weights = state?.Start ?? FastWeights.Of(learner);
        var parts = new List<Tensor>();
        for (int batch = 0; batch < grid.Count; batch++)
        {
            var (start, length, place) = grid.Columns(batch);
            using var turn = torch.NewDisposeScope();
            var fast = new FastPass(weights, rates.narrow(-1, start, length), rows.narrow(0, place, length));
            Tensor answer = wanted.narrow(1, start, length);
            learner.Learn(learning.narrow(1, start, length), output => slope(output, answer), fast);
            parts.Add(learner.Read(reading.narrow(1, start, length), fast).MoveToOuterDisposeScope());
            if (state is not null || batch + 1 < grid.Count)
            {
                weights = After(fast.Gather(), grid, batch, rows[every - 1], pass.Device);
                turn.MoveToOuter([.. weights.Maps.SelectMany(m => new IDisposable?[] { m.Weight, m.Bias, m.Gathered, m.GatheredBias }).OfType<IDisposable>()]);
            }
        }

        state?.Keep(weights, pass);
        Tensor all = parts.Count == 1 ? parts[0] : torch.cat(parts, 1);
        return grid.Unlay(all, pass).MoveToOuterDisposeScope();
    }

    /// <summary>Rows at the end of the mini-batch go on to the next one's weights.</summary>
    private static FastWeights After(FastWeights gathered, LearnGrid grid, int batch, Tensor lastRow, Device device)
    {
        bool[] complete = [.. Enumerable.Range(0, grid.Rows).Select(row => grid.Completes(row, batch))];
        return complete.All(c => c) ? gathered.Next(lastRow, null)
            : complete.All(c => !c) ? gathered
            : gathered.Next(lastRow, torch.tensor(complete, [complete.Length, 1, 1, 1], device: device));
    }

    /// <summary>[batch, groups or 1, columns], 0 where no token is.</summary>
    private static Tensor Rates(Tensor? rate, Tensor x, Pass pass, LearnGrid grid)
    {
        Tensor all = rate ?? torch.ones([pass.Batch, pass.Length, 1], dtype: x.dtype, device: x.device);
        Tensor laid = grid.Lay(all.reshape(pass.Batch, pass.Length, -1)).transpose(1, 2);
        return grid.Filled is { } filled ? torch.where(filled.unsqueeze(1), laid, torch.zeros_like(laid)) : laid;
    }

    /// <summary>[every, 1].</summary>
    private static Tensor Rows(Func<Tensor, Tensor>? rowRate, int every, Tensor x)
    {
        Tensor places = Scalars.Range(every, ScalarType.Int64, x.device);
        Tensor rows = rowRate?.Invoke(places) ?? torch.ones([every], dtype: x.dtype, device: x.device);
        return rows.expand(every).reshape(every, 1);
    }
}
