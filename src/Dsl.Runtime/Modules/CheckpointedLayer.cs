using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Runtime.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>
/// A layer that keeps what it read alone, and is run again on the way back: its inner values live for one layer at a time. The way there is run as it always
/// is, gradients recorded, since what records none may multiply by other kernels; then what it recorded is dropped.
/// </summary>
internal sealed class CheckpointedLayer : FusedFunction
{
    // A block within a block that is run again keeps its values: they live no longer than the outer one's.
    [ThreadStatic]
    private static bool isInside;

    private readonly WeightTable table;
    private readonly IReadOnlyList<Weight> weights;
    private readonly Func<Tensor, Tensor> apply;
    private readonly IReadOnlyList<Pass> passes;
    private readonly Draws draws;
    private readonly bool training;
    private readonly Adapter? adapter;
    private Tensor[] results = [];

    private CheckpointedLayer(WeightTable table, IReadOnlyList<Weight> weights, Func<Tensor, Tensor> apply, IReadOnlyList<Pass> passes, Draws draws)
    {
        (this.table, this.weights, this.apply, this.passes, this.draws) = (table, weights, apply, passes, draws);
        (training, adapter) = (table.Training, table.Adapters.Asked);
    }

    /// <summary>The block, where it is to be run so; else null.</summary>
    internal static GeneratedModule? Takes(object? block) =>
        !isInside && block is GeneratedModule { Weights.Table.CheckpointsActivations: true } module && is_grad_enabled() ? module : null;

    /// <summary>What the block gives.</summary>
    /// <param name="block">A block of a model.</param>
    /// <param name="place">Among the others.</param>
    /// <param name="call">How generated code calls it.</param>
    /// <param name="x">What it reads.</param>
    /// <exception cref="NotSupportedException">It reads something else that has a gradient; the message is one sentence.</exception>
    internal static Tensor Run<TBlock>(GeneratedModule block, int place, Func<TBlock, Tensor, int, Tensor> call, Tensor x)
    {
        WeightTable table = block.Weights.Table;
        LayerCall read = LayerCall.Of(call);
        if (read.WithGradient is { } other)
        {
            throw new NotSupportedException($"the layers at '{block.Weights.Key}' read '{other}' beside what the layer before gives, "
                + "whose gradient activation checkpointing cannot keep to the bit: run without it");
        }

        Weight[] weights = [.. Trained(block.Weights)];
        Tensor Apply(Tensor value) => call((TBlock)(object)block, value, place);
        if (!x.requires_grad && weights.Length == 0)
        {
            return Apply(x);
        }

        table.Checkpointed++;
        var layer = new CheckpointedLayer(table, weights, Apply, read.Passes, Draws.Begin(x.device));
        return layer.RunOnce(x);
    }

    /// <inheritdoc/>
    protected override Tensor[] Forward(Tensor?[] inputs)
    {
        Save(inputs[0]);
        return results;
    }

    /// <inheritdoc/>
    protected override Tensor?[] Backward(Tensor?[] gradients, Tensor?[] saved)
    {
        bool trains = table.Training;
        Weight[] asked = [.. weights.Where((_, i) => Needs(i + 1))];
        Tensor?[] before = [.. asked.Select(weight => weight.Value.grad)];
        using IDisposable? adapted = table.Adapters.All.Count > 0 ? table.Adapters.Use(adapter) : null;
        IDisposable[] anew = [.. passes.Select(pass => pass.Anew())];
        using IDisposable drawn = draws.Again();
        (isInside, table.Training) = (true, training);
        try
        {
            foreach (Weight weight in asked)
            {
                weight.Value.grad = null;
            }

            using Tensor x = saved[0]!.detach();
            x.requires_grad = Needs(0);
            Differentiate(x, gradients, asked);
            var given = new Queue<Tensor?>(asked.Select(weight => weight.Value.grad));
            return [Needs(0) ? x.grad : null, .. weights.Select((_, i) => Needs(i + 1) ? given.Dequeue() : null)];
        }
        finally
        {
            foreach ((Weight weight, Tensor? gradient) in asked.Zip(before))
            {
                weight.Value.grad = gradient;
            }

            (isInside, table.Training) = (false, trains);
            Array.ForEach(anew, each => each.Dispose());
        }
    }

    private Tensor RunOnce(Tensor x)
    {
        Dictionary<Pass.Collection, int> counts = passes.SelectMany(pass => pass.Collections).ToDictionary(each => each, each => each.Values.Count);
        using (Tensor leaf = x.detach())
        {
            (leaf.requires_grad, isInside) = (x.requires_grad, true);
            try
            {
                using Tensor made = apply(leaf);
                results = [made.detach()];
            }
            finally
            {
                isInside = false;
                draws.End();
            }
        }

        // What the layer has put aside for the whole model is a result of it, too.
        (List<Tensor> All, int At)[] collected =
        [
            .. passes.SelectMany(pass => pass.Collections).SelectMany(
                each => Enumerable.Range(0, each.Values.Count).Skip(counts.GetValueOrDefault(each)).Select(at => (each.Values, at))),
        ];
        results = [.. results, .. collected.Select(each => each.All[each.At].detach())];
        Tensor[] given = Apply(this, [x, .. weights.Select(weight => weight.Value)]);
        foreach (((List<Tensor> all, int at), Tensor value) in collected.Zip(given.Skip(1)))
        {
            all[at].Dispose();
            all[at] = value.DetachFromDisposeScope();
        }

        // The graph has its own.
        Array.ForEach(results, each => each.Dispose());
        results = [];
        return given[0];
    }

    private void Differentiate(Tensor x, Tensor?[] gradients, Weight[] asked)
    {
        using IDisposable on = enable_grad();
        using Tensor made = apply(x);
        Tensor[] all = [made, .. passes.SelectMany(pass => pass.Collections).SelectMany(each => each.Values)];
        (Tensor Value, Tensor Gradient)[] pairs =
            [.. all.Zip(gradients).Where(pair => pair.Second is not null && pair.First.requires_grad).Select(pair => (pair.First, pair.Second!))];
        if (pairs.Length > 0)
        {
            using IDisposable off = no_grad();
            autograd.backward([.. pairs.Select(pair => pair.Value)], [.. pairs.Select(pair => pair.Gradient)],
                inputs: [.. asked.Select(weight => weight.Value), .. x.requires_grad ? new[] { x } : []]);
        }
    }

    /// <summary>The weights of a block that are trained, with the matrices that an adapter in use has beside them.</summary>
    private static IEnumerable<Weight> Trained(Weights block)
    {
        HashSet<Weight> own = [.. block.All];
        IEnumerable<Weight> adapted = block.Table.Adapters.All.Count == 0 ? [] : block.Table.Products.Where(product => own.Contains(product.Weight))
            .Select(product => product.Adapted).OfType<LowRank>().SelectMany(matrices => new[] { matrices.A, matrices.B });
        return own.Concat(adapted).Distinct().Where(weight => weight.Trainable);
    }

    /// <summary>The numbers that a layer draws, to be drawn again.</summary>
    private sealed class Draws
    {
        private readonly Tensor state;
        private readonly long? seed;

        private Draws(Tensor state, long? seed) => (this.state, this.seed) = (state.DetachFromDisposeScope(), seed);

        // Other devices' generators cannot be read: there a layer draws from a seed of its own.
        internal static Draws Begin(Device device)
        {
            if (device.type == DeviceType.CPU)
            {
                return new Draws(get_rng_state(), null);
            }

            using Tensor drawn = randint(0, int.MaxValue, [1], dtype: ScalarType.Int64);
            long seed = drawn.item<long>();
            var draws = new Draws(get_rng_state(), seed);
            manual_seed(seed);
            return draws;
        }

        internal void End()
        {
            if (seed is not null)
            {
                set_rng_state(state);
            }
        }

        internal IDisposable Again() => new Replay(this);

        private sealed class Replay : IDisposable
        {
            private readonly Draws draws;
            private readonly Tensor now = get_rng_state();

            internal Replay(Draws draws)
            {
                this.draws = draws;
                if (draws.seed is { } seed)
                {
                    manual_seed(seed);
                }
                else
                {
                    set_rng_state(draws.state);
                }
            }

            public void Dispose()
            {
                set_rng_state(now);
                now.Dispose();
                draws.state.Dispose();
            }
        }
    }
}
