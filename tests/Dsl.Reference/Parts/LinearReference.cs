using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Model;
using Dsl.Reference.Interpreting;
using Ops = Dsl.Generators.Parts;

namespace Dsl.Reference.Parts;

/// <summary>y = W x + b along the last axis; with groups, each element of the axes before it has a map of its own.</summary>
internal sealed class LinearReference : PartReference<Ops.Linear>
{
    protected override void Compute(Node node, Ops.Linear operation, Frame frame)
    {
        NumberArray x = frame.Get(node.Inputs[0]);
        int width = frame.SizeOf(operation.In), size = frame.SizeOf(operation.Out);
        int[] groups = [.. operation.Groups.Select(g => frame.SizeOf(g.Size))];
        NumberArray weight = Arranged(operation, frame, WeightKey(operation, frame), isWeight: true);
        NumberArray? bias = frame.Truth(operation.Bias) ? Arranged(operation, frame, BiasKey(operation), isWeight: false) : null;
        if (operation.IsFast)
        {
            frame.Run.FastInput?.Invoke(node, frame, x);
        }

        int maps = NumberArray.CountOf(groups), rows = x.Count / Math.Max(width, 1);
        NumberArray y = NumberArray.Zeros([.. x.Shape[..^1], size]);
        for (int row = 0; row < rows; row++)
        {
            int map = row % maps;
            for (int o = 0; o < size; o++)
            {
                double sum = bias?.Values[(map * size) + o] ?? 0;
                for (int i = 0; i < width; i++)
                {
                    sum += weight.Values[(((map * size) + o) * width) + i] * x.Values[(row * width) + i];
                }

                y.Values[(row * size) + o] = sum;
            }
        }

        Adapt(operation, frame, x, y);
        Nudged(node, frame, y, size);
        frame.Set(node.Output, y);
    }

    /// <summary>Adds what the matrices beside this map give, where there are any.</summary>
    private static void Adapt(Ops.Linear operation, Frame frame, NumberArray x, NumberArray y)
    {
        string own = operation.Storage.Weight is null or "weight" ? operation.Key : Frame.Below(operation.Key, operation.Storage.Weight);
        string key = frame.Absolute(own);
        if (frame.Run.Adapter is not { } adapter || operation.Groups.Count > 0 || operation.IsFast || !adapter.Adapts(key))
        {
            return;
        }

        int width = x.Shape[^1], size = y.Shape[^1];
        (NumberArray a, NumberArray b) = adapter.Beside(frame.Run, key, width, size);
        for (int row = 0; row < x.Count / width; row++)
        {
            for (int r = 0; r < adapter.Rank; r++)
            {
                double low = 0;
                for (int i = 0; i < width; i++)
                {
                    low += a.Values[(r * width) + i] * x.Values[(row * width) + i];
                }

                for (int o = 0; o < size; o++)
                {
                    y.Values[(row * size) + o] += adapter.Scale * b.Values[(o * adapter.Rank) + r] * low;
                }
            }
        }
    }

    internal static string WeightKey(Ops.Linear operation, Frame frame) =>
        Frame.Below(operation.Head is { TiedTo: { } tied } head && frame.Truth(head.Tied) ? tied : operation.Key, operation.Storage.Weight ?? "weight");

    /// <summary>A head's bias with a name of its own stands beside the head, that of any other map below its key.</summary>
    internal static string BiasKey(Ops.Linear operation) =>
        operation.Head is not null && operation.Storage.Bias is { } own ? own : Frame.Below(operation.Key, operation.Storage.Bias ?? "bias");

    /// <summary>A tensor [maps, out(, in)] with its axes as the file stores them.</summary>
    internal static NumberArray Stored(Ops.Linear operation, Frame frame, NumberArray arranged, bool isWeight)
    {
        (string[] stored, string[] wanted, Dictionary<string, int> sizes, int[] shape) = AxesOf(operation, frame, isWeight);
        return arranged.Reshape([.. wanted.Select(n => sizes[n])]).Permute([.. stored.Select(n => Array.IndexOf(wanted, n))]).Reshape(shape);
    }

    /// <summary>For each element of a stored tensor, which of the maps it belongs to.</summary>
    internal static int[] MapOfEach(Ops.Linear operation, Frame frame, bool isWeight)
    {
        (_, _, Dictionary<string, int> sizes, _) = AxesOf(operation, frame, isWeight);
        int maps = operation.Groups.Aggregate(1, (product, g) => product * sizes[g.Name]), each = sizes["out"] * (isWeight ? sizes["in"] : 1);
        var numbered = new NumberArray([maps * each], [.. Enumerable.Range(0, maps * each).Select(i => (double)(i / each))]);
        return Array.ConvertAll(Stored(operation, frame, numbered, isWeight).Values, map => (int)map);
    }

    /// <summary>A stored tensor with its axes in the order maps, out(, in).</summary>
    private static NumberArray Arranged(Ops.Linear operation, Frame frame, string key, bool isWeight)
    {
        NumberArray stored = frame.Run.Weight(frame.Absolute(key), null);
        if (!frame.Run.Arranged.TryGetValue(stored, out (object Map, NumberArray Weight) known) || !ReferenceEquals(known.Map, operation))
        {
            known = frame.Run.Arranged[stored] = (operation, Arrange(operation, frame, key, isWeight));
        }

        return known.Weight;
    }

    private static NumberArray Arrange(Ops.Linear operation, Frame frame, string key, bool isWeight)
    {
        (string[] stored, string[] wanted, Dictionary<string, int> sizes, int[] shape) = AxesOf(operation, frame, isWeight);
        return frame.Weight(key, shape).Reshape([.. stored.Select(n => sizes[n])]).Permute([.. wanted.Select(n => Array.IndexOf(stored, n))]);
    }

    private static (string[] Stored, string[] Wanted, Dictionary<string, int> Sizes, int[] Shape) AxesOf(Ops.Linear operation, Frame frame, bool isWeight)
    {
        var sizes = new Dictionary<string, int> { ["out"] = frame.SizeOf(operation.Out), ["in"] = frame.SizeOf(operation.In) };
        foreach (var (name, size) in operation.Groups)
        {
            sizes[name] = frame.SizeOf(size);
        }

        string[] maps = [.. operation.Groups.Select(g => g.Name)], wanted = isWeight ? [.. maps, "out", "in"] : [.. maps, "out"];
        string axes = isWeight ? operation.Storage.WeightAxes ?? "out in" : operation.Storage.BiasAxes ?? string.Join(" ", wanted);
        return (AxisText.Names(axes), wanted, sizes, [.. AxisText.Groups(axes).Select(g => g.Aggregate(1, (product, name) => product * sizes[name]))]);
    }

    /// <summary>Differences by a fast map's result are taken at every token and in every group at once.</summary>
    private static void Nudged(Node node, Frame frame, NumberArray y, int period)
    {
        if (frame.Run.Nudge is { } nudge && nudge.Map == node)
        {
            for (int at = nudge.Element; at < y.Count; at += period)
            {
                y.Values[at] += nudge.Amount;
            }
        }
    }
}
