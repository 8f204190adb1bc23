using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Lowering;
using Dsl.Reference.Interpreting;

namespace Dsl.Reference.Parts;

/// <summary>y = W x + b along the last axis; with groups, each element of the axes before it has a map of its own.</summary>
internal sealed class LinearReference : PartReference<LinearNode>
{
    protected override void Compute(LinearNode node, Frame frame)
    {
        NumberArray x = frame.Get(node.Inputs[0]);
        int width = frame.SizeOf(node.In), size = frame.SizeOf(node.Out);
        int[] groups = [.. node.Groups.Select(g => frame.SizeOf(g.Size))];
        NumberArray weight = Arranged(node, frame, WeightKey(node, frame), isWeight: true);
        NumberArray? bias = frame.Truth(node.Bias) ? Arranged(node, frame, BiasKey(node), isWeight: false) : null;
        if (node.Fast)
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

        Nudged(node, frame, y, maps * size);
        frame.Set(node.Output, y);
    }

    internal static string WeightKey(LinearNode node, Frame frame) =>
        Frame.Below(node.TiedTo is { } tied && frame.Truth(node.Tied) ? tied : node.Key, node.Storage.Weight ?? "weight");

    /// <summary>A head's bias with a name of its own stands beside the head, that of any other map below its key.</summary>
    internal static string BiasKey(LinearNode node) =>
        node.IsHead && node.Storage.Bias is { } own ? own : Frame.Below(node.Key, node.Storage.Bias ?? "bias");

    /// <summary>A tensor [maps, out(, in)] with its axes as the file stores them.</summary>
    internal static NumberArray Stored(LinearNode node, Frame frame, NumberArray arranged, bool isWeight)
    {
        (string[] stored, string[] wanted, Dictionary<string, int> sizes, int[] shape) = AxesOf(node, frame, isWeight);
        return arranged.Reshape([.. wanted.Select(n => sizes[n])]).Permute([.. stored.Select(n => Array.IndexOf(wanted, n))]).Reshape(shape);
    }

    /// <summary>For each element of a stored tensor, which of the maps it belongs to.</summary>
    internal static int[] MapOfEach(LinearNode node, Frame frame, bool isWeight)
    {
        (_, _, Dictionary<string, int> sizes, _) = AxesOf(node, frame, isWeight);
        int maps = node.Groups.Aggregate(1, (product, g) => product * sizes[g.Name]), each = sizes["out"] * (isWeight ? sizes["in"] : 1);
        var numbered = new NumberArray([maps * each], [.. Enumerable.Range(0, maps * each).Select(i => (double)(i / each))]);
        return Array.ConvertAll(Stored(node, frame, numbered, isWeight).Values, map => (int)map);
    }

    /// <summary>A stored tensor with its axes in the order maps, out(, in).</summary>
    private static NumberArray Arranged(LinearNode node, Frame frame, string key, bool isWeight)
    {
        (string[] stored, string[] wanted, Dictionary<string, int> sizes, int[] shape) = AxesOf(node, frame, isWeight);
        return frame.Weight(key, shape).Reshape([.. stored.Select(n => sizes[n])]).Permute([.. wanted.Select(n => Array.IndexOf(stored, n))]);
    }

    private static (string[] Stored, string[] Wanted, Dictionary<string, int> Sizes, int[] Shape) AxesOf(LinearNode node, Frame frame, bool isWeight)
    {
        var sizes = new Dictionary<string, int> { ["out"] = frame.SizeOf(node.Out), ["in"] = frame.SizeOf(node.In) };
        foreach (var (name, size) in node.Groups)
        {
            sizes[name] = frame.SizeOf(size);
        }

        string[] maps = [.. node.Groups.Select(g => g.Name)], wanted = isWeight ? [.. maps, "out", "in"] : [.. maps, "out"];
        string axes = isWeight ? node.Storage.WeightAxes ?? "out in" : node.Storage.BiasAxes ?? string.Join(" ", wanted);
        return (AxisText.Names(axes), wanted, sizes, [.. AxisText.Groups(axes).Select(g => g.Aggregate(1, (product, name) => product * sizes[name]))]);
    }

    /// <summary>Differences by a fast map's result are taken at every token at once.</summary>
    private static void Nudged(LinearNode node, Frame frame, NumberArray y, int period)
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
