using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Model;
using Dsl.Reference.Interpreting;
using Ops = Dsl.Generators.Parts;

namespace Dsl.Reference.Parts;

/// <summary>1 at the largest elements of the last axis, 0 elsewhere; of equal ones the first. What is no number is larger than any.</summary>
internal sealed class RouteReference : PartReference<Ops.Route>
{
    protected override void Compute(Node node, Ops.Route operation, Frame frame) =>
        frame.Set(node.Output, Chosen(frame.Get(node.Inputs[0]), frame.SizeOf(operation.Count)));

    internal static NumberArray Chosen(NumberArray x, int count)
    {
        NumberArray y = NumberArray.Zeros(x.Shape);
        for (int row = 0; row < x.Count; row += x.Last)
        {
            foreach (int i in Largest(x, row, count))
            {
                y.Values[i] = 1;
            }
        }

        return y;
    }

    /// <summary>Where the largest numbers of a row are.</summary>
    internal static IEnumerable<int> Largest(NumberArray x, int row, int count) =>
        Enumerable.Range(row, x.Last).OrderByDescending(i => double.IsNaN(x.Values[i])).ThenByDescending(i => x.Values[i]).Take(count);
}

/// <summary>exp(x) over the sum of these along the last axis, of those elements that take part.</summary>
internal sealed class SoftmaxReference : PartReference<Ops.Softmax>
{
    protected override void Compute(Node node, Ops.Softmax operation, Frame frame)
    {
        NumberArray x = frame.Get(node.Inputs[0]), y = NumberArray.Zeros(x.Shape);
        NumberArray? over = node.Inputs.Count > 1 ? frame.Get(node.Inputs[1]) : null;
        for (int row = 0; row < x.Count; row += x.Last)
        {
            int[] those = [.. Enumerable.Range(row, x.Last).Where(i => over is null || over.Values[i] != 0)];
            double most = those.Select(i => x.Values[i]).DefaultIfEmpty().Max(), sum = those.Sum(i => Math.Exp(x.Values[i] - most));
            foreach (int i in those)
            {
                y.Values[i] = Math.Exp(x.Values[i] - most) / sum;
            }
        }

        frame.Set(node.Output, y);
    }
}

/// <summary>All experts compute all tokens; of a token, those that it has chosen count, each times its weight.</summary>
internal sealed class ExpertsReference : PartReference<Ops.Experts>
{
    protected override void Compute(Node node, Ops.Experts operation, Frame frame)
    {
        NumberArray x = frame.Get(node.Inputs[0]), chosen = frame.Get(node.Inputs[1]), weights = frame.Get(node.Inputs[2]);
        int experts = chosen.Last, tokens = x.Count / x.Last;
        NumberArray each = NumberArray.Zeros(x.Shape[0], x.Shape[1], experts, x.Last);
        for (int i = 0; i < each.Count; i++)
        {
            each.Values[i] = x.Values[(i / (experts * x.Last) * x.Last) + (i % x.Last)];
        }

        NumberArray all = UseReference.Result(operation.Block, frame, frame.Absolute(operation.Key), frame.Layer, each, [node.Inputs[0]]);
        NumberArray y = NumberArray.Zeros(x.Shape[0], x.Shape[1], all.Last);
        for (int i = 0; i < all.Count; i++)
        {
            int pair = i / all.Last, token = pair / experts;
            y.Values[(token * all.Last) + (i % all.Last)] += chosen.Values[pair] == 0 ? 0 : weights.Values[pair] * all.Values[i];
        }

        frame.Set(node.Output, y);
    }
}

/// <summary>The value as it is; the run keeps it.</summary>
internal sealed class CollectReference : PartReference<Ops.Collect>
{
    protected override void Compute(Node node, Ops.Collect operation, Frame frame)
    {
        NumberArray x = frame.Get(node.Inputs[0]);
        (string, TimeAxis) key = (operation.Name, frame.TimeOf(node.Inputs[0]));
        if (!frame.Run.Collected.TryGetValue(key, out List<NumberArray>? known))
        {
            frame.Run.Collected.Add(key, known = []);
        }

        known.Add(x);
        frame.Set(node.Output, x);
    }
}

/// <summary>What was collected, one beside the other: [b, t, layers, d].</summary>
internal sealed class CollectedReference : PartReference<Ops.Collected>
{
    protected override void Compute(Node node, Ops.Collected operation, Frame frame)
    {
        NumberArray like = frame.Get(node.Inputs[0]);
        List<NumberArray> layers = frame.Run.Collected.GetValueOrDefault((operation.Name, frame.TimeOf(node.Inputs[0]))) ?? [];
        NumberArray y = NumberArray.Zeros(like.Shape[0], like.Shape[1], layers.Count, frame.SizeOf(operation.Size));
        for (int i = 0; i < y.Count; i++)
        {
            int place = i / y.Last;
            y.Values[i] = layers[place % layers.Count].Values[(place / layers.Count * y.Last) + (i % y.Last)];
        }

        frame.Set(node.Output, y);
    }
}

/// <summary>experts times the sum over them of (how often one is chosen / rows) times (the sum of its probabilities / rows), over rows of real tokens.</summary>
internal sealed class BalanceReference : PartReference<Ops.Balance>
{
    protected override void Compute(Node node, Ops.Balance operation, Frame frame)
    {
        NumberArray x = frame.Get(node.Inputs[0]), chosen = RouteReference.Chosen(x, frame.SizeOf(operation.Count));
        TimeAxis time = frame.TimeOf(node.Inputs[0]);
        int each = x.Count / Math.Max(1, x.Shape[0] * x.Shape[1]);
        int[] rows = [.. Enumerable.Range(0, x.Count / x.Last).Where(row => time.IsReal(row * x.Last / each / time.Length, row * x.Last / each % time.Length))];
        double sum = 0;
        for (int expert = 0; expert < x.Last && rows.Length > 0; expert++)
        {
            sum += rows.Sum(row => chosen.Values[(row * x.Last) + expert]) / rows.Length * (rows.Sum(row => x.Values[(row * x.Last) + expert]) / rows.Length);
        }

        frame.Set(node.Output, new NumberArray([], [x.Last * sum]));
    }
}
