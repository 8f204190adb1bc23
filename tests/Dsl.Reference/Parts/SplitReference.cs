using System.Linq;
using Dsl.Generators.Model;
using Dsl.Reference.Interpreting;
using Ops = Dsl.Generators.Parts;

namespace Dsl.Reference.Parts;

/// <summary>The last axis in parts, one after the other.</summary>
internal sealed class SplitReference : PartReference<Ops.Split>
{
    protected override void Compute(Node node, Ops.Split operation, Frame frame)
    {
        NumberArray x = frame.Get(node.Inputs[0]);
        int[] sizes = [.. operation.Lengths.Select(frame.SizeOf)];
        if (sizes.Sum() != x.Last)
        {
            throw new System.InvalidOperationException($"parts of {string.Join(" + ", sizes)} are not the whole of {x.Last}");
        }

        for (int part = 0, start = 0; part < sizes.Length; start += sizes[part++])
        {
            frame.Set(node.Outputs[part], SliceReference.Run(x, start, sizes[part]));
        }
    }
}
