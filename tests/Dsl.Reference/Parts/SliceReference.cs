using System;
using Dsl.Generators.Model;
using Dsl.Reference.Interpreting;
using Ops = Dsl.Generators.Parts;

namespace Dsl.Reference.Parts;

/// <summary>A run of the last axis.</summary>
internal sealed class SliceReference : PartReference<Ops.Slice>
{
    protected override void Compute(Node node, Ops.Slice operation, Frame frame) =>
        frame.Set(node.Output, Run(frame.Get(node.Inputs[0]), frame.SizeOf(operation.Start), frame.SizeOf(operation.Length)));

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
