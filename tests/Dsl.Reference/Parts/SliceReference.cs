using System;
using Dsl.Generators.Lowering;
using Dsl.Reference.Interpreting;

namespace Dsl.Reference.Parts;

/// <summary>A run of the last axis.</summary>
internal sealed class SliceReference : PartReference<SliceNode>
{
    protected override void Compute(SliceNode node, Frame frame) =>
        frame.Set(node.Output, Run(frame.Get(node.Inputs[0]), frame.SizeOf(node.Start), frame.SizeOf(node.Length)));

    internal static NumberArray Run(NumberArray x, int start, int length)
    {
        if (start + length > x.Last)
        {
            throw new InvalidOperationException($"a run of {length} from {start} does not fit into {x.Last}");
        }

        NumberArray y = NumberArray.Zeros([.. x.Shape[..^1], length]);
        for (int i = 0; i < y.Count; i++)
        {
            y.Values[i] = x.Values[(i / length * x.Last) + start + (i % length)];
        }

        return y;
    }
}
