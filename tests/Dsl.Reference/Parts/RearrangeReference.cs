using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Lowering;
using Dsl.Reference.Interpreting;

namespace Dsl.Reference.Parts;

/// <summary>Cuts each axis into its elementary ones (the slowest first), puts them in their new order, and joins them.</summary>
internal sealed class RearrangeReference : PartReference<RearrangeNode>
{
    protected override void Compute(RearrangeNode node, Frame frame)
    {
        NumberArray x = frame.Get(node.Inputs[0]);
        string[] sides = node.Pattern.Text.Split("->");
        IReadOnlyList<string[]> before = AxisText.Groups(sides[0]), after = AxisText.Groups(sides[1]);
        var sizes = new Dictionary<string, int>();
        for (int axis = 0; axis < before.Count; axis++)
        {
            foreach (string name in before[axis])
            {
                sizes[name] = node.Sizes.TryGetValue(name, out var size) ? frame.SizeOf(size) : x.Shape[axis];
            }
        }

        string[] old = [.. before.SelectMany(g => g)], others = [.. after.SelectMany(g => g)];
        NumberArray cut = x.Reshape([.. old.Select(n => sizes[n])]).Permute([.. others.Select(n => Array.IndexOf(old, n))]);
        frame.Set(node.Output, cut.Reshape([.. after.Select(g => g.Aggregate(1, (product, name) => product * sizes[name]))]));
    }
}
