using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Model;
using Dsl.Reference.Interpreting;
using Ops = Dsl.Generators.Parts;

namespace Dsl.Reference.Parts;

/// <summary>
/// Layer norm (Ba et al. 2016): (x - mean) / sqrt(variance + eps); root-mean-square norm (Zhang and Sennrich 2019): x / sqrt(mean of squares + eps). Then
/// times the weight, plus the bias.
/// </summary>
internal sealed class NormReference : PartReference<Ops.Norm>
{
    protected override void Compute(Node node, Ops.Norm operation, Frame frame)
    {
        NumberArray x = frame.Get(node.Inputs[0]);
        int width = frame.SizeOf(operation.Width);
        double eps = frame.Number(operation.Eps);
        int[] shape = Stored(node, operation, frame, width);
        NumberArray? weight = operation.Key is null ? null : frame.Weight(Frame.Below(operation.Key, operation.Storage.Weight ?? "weight"), shape);
        NumberArray? bias = operation.Key is null || operation.RootMeanSquare || !frame.Truth(operation.Bias)
            ? null
            : frame.Weight(Frame.Below(operation.Key, operation.Storage.Bias ?? "bias"), shape);
        NumberArray y = NumberArray.Zeros(x.Shape);
        for (int start = 0; start < x.Count; start += width)
        {
            double mean = 0, square = 0;
            for (int i = 0; i < width; i++)
            {
                mean += operation.RootMeanSquare ? 0 : x.Values[start + i] / width;
            }

            for (int i = 0; i < width; i++)
            {
                square += (x.Values[start + i] - mean) * (x.Values[start + i] - mean) / width;
            }

            for (int i = 0; i < width; i++)
            {
                double normed = (x.Values[start + i] - mean) / Math.Sqrt(square + eps);
                int at = (start + i) % Math.Max(weight?.Count ?? bias?.Count ?? 1, 1);
                y.Values[start + i] = (normed * (weight?.Values[at] ?? 1)) + (bias?.Values[at] ?? 0);
            }
        }

        frame.Set(node.Output, y);
    }

    /// <summary>The weight covers the value's last axes in their order, so that its elements repeat from start to start.</summary>
    private static int[] Stored(Node node, Ops.Norm operation, Frame frame, int width)
    {
        if (operation.Spans.Count == 0)
        {
            return [width];
        }

        var sizes = operation.Spans.ToDictionary(s => s.Name, s => frame.SizeOf(s.Size));
        return [.. AxisText.Groups(operation.Storage.WeightAxes!).Select(g => g.Aggregate(1, (product, name) => product * sizes[name]))];
    }
}
