using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Model;
using Dsl.Reference.Parts;
using Ops = Dsl.Generators.Parts;

namespace Dsl.Reference.Interpreting;

/// <summary>
/// A block whose fast weights change. The gradient of the loss by a fast map's weight is that by its result times what it read; the gradient by its result
/// is a difference of sixth order: exact to rounding where the block is smooth.
/// </summary>
internal sealed class FastBlock
{
    private static readonly (int At, double Weight)[] SixthOrder =
        [(-3, -1.0 / 60), (-2, 3.0 / 20), (-1, -3.0 / 4), (1, 3.0 / 4), (2, -3.0 / 20), (3, 1.0 / 60)];

    private readonly Frame frame;
    private readonly Graph graph;
    private readonly UserFunction loss;
    private readonly List<Node> maps = [];
    private readonly Dictionary<string, NumberArray> start = [];
    private readonly Dictionary<string, NumberArray> gathered = [];

    internal FastBlock(Frame inner, Graph graph, Ops.Learn operation, Frame outer)
    {
        frame = inner;
        this.graph = graph;
        loss = outer.Run.Function(operation.Loss);
    }

    /// <summary>For each token, the gradient of its loss by every fast weight, all at the weights that the mini-batch started with.</summary>
    internal IReadOnlyList<Dictionary<string, NumberArray>> Gradients(NumberArray x, NumberArray target)
    {
        var inputs = new Dictionary<Node, NumberArray>();
        frame.Run.FastInput = (node, _, read) => inputs[node] = read;
        Apply(x, start);
        frame.Run.FastInput = null;
        maps.Clear();
        maps.AddRange(inputs.Keys);
        int tokens = x.Shape[1];
        double step = frame.Run.LearnerStep;
        List<Dictionary<string, NumberArray>> gradients = [.. Enumerable.Range(0, tokens).Select(_ => new Dictionary<string, NumberArray>())];
        foreach (Node node in maps)
        {
            var map = (Ops.Linear)node.Operation;
            int size = frame.SizeOf(map.Out), count = map.Groups.Aggregate(1, (product, g) => product * frame.SizeOf(g.Size));
            var byResult = new double[tokens, count * size];
            for (int element = 0; element < size; element++)
            {
                foreach ((int at, double weight) in SixthOrder)
                {
                    // A block with fast maps mixes none of their groups (heads, say): the same element of all is nudged at once.
                    frame.Run.Nudge = (node, element, at * step);
                    double[,] losses = Losses(Apply(x, start), target, count);
                    frame.Run.Nudge = null;
                    for (int token = 0; token < tokens; token++)
                    {
                        for (int group = 0; group < count; group++)
                        {
                            byResult[token, (group * size) + element] += weight * losses[token, group] / step;
                        }
                    }
                }
            }

            for (int token = 0; token < tokens; token++)
            {
                Products(map, inputs[node], byResult, token, gradients[token]);
            }
        }

        return gradients;
    }

    /// <summary>Gathers one token's gradients, each map's at its own rate.</summary>
    internal void Step(Dictionary<string, NumberArray> gradient, Func<int, double> rateOf)
    {
        foreach (Node node in maps)
        {
            var map = (Ops.Linear)node.Operation;
            foreach (string key in KeysOf(map))
            {
                NumberArray sum = gathered.TryGetValue(key, out NumberArray? before) ? before : gathered[key] = NumberArray.Zeros(gradient[key].Shape);
                int[] mapOf = LinearReference.MapOfEach(map, frame, key == frame.Absolute(LinearReference.WeightKey(map, frame)));
                for (int i = 0; i < sum.Count; i++)
                {
                    sum.Values[i] += rateOf(mapOf[i]) * gradient[key].Values[i];
                }
            }
        }
    }

    /// <summary>The block with the weights that a token reads with.</summary>
    internal NumberArray Read(NumberArray x, double rowRate) => Apply(x, Moved(rowRate));

    /// <summary>The mini-batch is full: the next one starts from its last token's weights.</summary>
    internal void Settle(double rowRate)
    {
        foreach ((string key, NumberArray weight) in Moved(rowRate))
        {
            start[key] = weight;
        }

        gathered.Clear();
    }

    private Dictionary<string, NumberArray> Moved(double rowRate)
    {
        var moved = new Dictionary<string, NumberArray>(start);
        foreach ((string key, NumberArray sum) in gathered)
        {
            NumberArray weight = (start.TryGetValue(key, out NumberArray? own) ? own : frame.Run.Weight(key, null)).Clone();
            for (int i = 0; i < weight.Count; i++)
            {
                weight.Values[i] -= rowRate * sum.Values[i];
            }

            moved[key] = weight;
        }

        return moved;
    }

    private IEnumerable<string> KeysOf(Ops.Linear map)
    {
        yield return frame.Absolute(LinearReference.WeightKey(map, frame));
        if (frame.Truth(map.Bias))
        {
            yield return frame.Absolute(LinearReference.BiasKey(map));
        }
    }

    private NumberArray Apply(NumberArray x, IReadOnlyDictionary<string, NumberArray> weights)
    {
        var time = new Dictionary<string, TimeAxis> { [graph.Inputs[0].Output.TimeAxis!] = new(1, x.Shape[1], null) };
        Frame own = frame.At(time);
        frame.Run.Fast = weights;
        own.Set(graph.Inputs[0].Output, x);
        own.Compute(graph.Nodes);
        frame.Run.Fast = null;
        return own.Get(graph.Result!);
    }

    /// <summary>The loss of each token and group, summed over its elements.</summary>
    private double[,] Losses(NumberArray output, NumberArray target, int groups)
    {
        CallSlots slots = loss.NewSlots(frame.Run);
        int[] values = loss.Values;
        int token = output.Count / output.Shape[1], group = token / groups;
        if (output.Last != group)
        {
            throw new NotSupportedException($"{output} has not {groups} groups for each token");
        }

        var sums = new double[output.Shape[1], groups];
        for (int i = 0; i < output.Count; i++)
        {
            (slots.Numbers[values[0]], slots.Numbers[values[1]]) = (output.Values[i], target.Values[i]);
            sums[i / token, i % token / group] += loss.Call(slots);
        }

        return sums;
    }

    /// <summary>The gradients by weight and bias of one token: what was read times the gradient by the result, and that gradient itself.</summary>
    private void Products(Ops.Linear map, NumberArray input, double[,] byResult, int token, Dictionary<string, NumberArray> into)
    {
        int width = frame.SizeOf(map.In), size = frame.SizeOf(map.Out), count = byResult.GetLength(1) / size, perToken = input.Count / input.Shape[1];
        NumberArray weight = NumberArray.Zeros(count, size, width), bias = NumberArray.Zeros(count, size);
        for (int place = 0; place < perToken / width; place++)
        {
            for (int o = 0; o < size; o++)
            {
                double gradient = byResult[token, (place % count * size) + o];
                bias[place % count, o] += gradient;
                for (int i = 0; i < width; i++)
                {
                    weight[place % count, o, i] += gradient * input.Values[(token * perToken) + (place * width) + i];
                }
            }
        }

        into[frame.Absolute(LinearReference.WeightKey(map, frame))] = LinearReference.Stored(map, frame, weight, isWeight: true);
        if (frame.Truth(map.Bias))
        {
            into[frame.Absolute(LinearReference.BiasKey(map))] = LinearReference.Stored(map, frame, bias, isWeight: false);
        }
    }
}
