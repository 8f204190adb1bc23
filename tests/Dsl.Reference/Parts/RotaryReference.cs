using System;
using Dsl.Generators.Model;
using Dsl.Reference.Interpreting;
using Dsl.Runtime;
using Ops = Dsl.Generators.Parts;

namespace Dsl.Reference.Parts;

/// <summary>
/// Turns pairs of a head's channels by position times frequency (Su et al., arXiv 2104.09864): (a cos - b sin, b cos + a sin). Frequencies and angles are
/// numbers of float32, as published; their sines and cosines are not rounded.
/// </summary>
internal sealed class RotaryReference : PartReference<Ops.Rotary>
{
    protected override void Compute(Node node, Ops.Rotary operation, Frame frame)
    {
        NumberArray y = frame.Get(node.Inputs[0]).Clone();
        TimeAxis time = frame.TimeOf(node.Inputs[0]);
        int width = operation.Width is null ? frame.SizeOf(operation.HeadWidth) : (int)frame.Number(operation.Width), half = (width + 1) / 2;
        var scaling = (RopeScaling?)(operation.Frequency is null ? null : frame.Read(operation.Frequency.ToCode()));
        var rule = new RotaryRule(width, frame.Number(operation.Theta), scaling, operation.Context is null ? 0 : (int)frame.Number(operation.Context));
        if (rule.ReadsLengthBeyond is { } trained)
        {
            frame.Run.Alike.Value = Math.Min(frame.Run.Alike.Value, trained);
        }

        for (int row = 0; row < time.Rows; row++)
        {
            (float[] frequencies, double magnitude) = rule.Frequencies(time.Count(row));
            for (int token = 0; token < time.Length; token++)
            {
                int position = Position(node, operation, frame, time.Position(row, token));
                for (int head = 0; head < y.Shape[2]; head++)
                {
                    for (int i = 0; i < half; i++)
                    {
                        float angle = position * frequencies[i];
                        (double sin, double cos) = Math.SinCos(angle);
                        (int first, int second) = operation.Pairs == "neighbours" ? (2 * i, (2 * i) + 1) : (i, i + half);
                        double a = y[row, token, head, first], b = y[row, token, head, second];
                        y[row, token, head, first] = ((a * cos) - (b * sin)) * magnitude;
                        y[row, token, head, second] = ((b * cos) + (a * sin)) * magnitude;
                    }
                }
            }
        }

        frame.Set(node.Output, y);
    }

    /// <summary>A function of a position that returns an int is called through its own delegate; its result is exact in double.</summary>
    private static int Position(Node node, Ops.Rotary operation, Frame frame, int position)
    {
        if (operation.Position is null)
        {
            return position;
        }

        UserFunction function = frame.Run.Function(operation.Position);
        CallSlots slots = function.NewSlots(frame.Run);
        slots.Indices[Array.FindIndex(function.Parameters, p => p.ParameterType == typeof(int))] = position;
        return (int)function.Call(slots);
    }
}
