using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Model;
using Dsl.Reference.Interpreting;
using Ops = Dsl.Generators.Parts;

namespace Dsl.Reference.Parts;

/// <summary>Cuts each axis into its elementary ones (the slowest first), puts them in their new order, and joins them.</summary>
internal sealed class RearrangeReference : PartReference<Ops.Rearrange>
{
    protected override void Compute(Node node, Ops.Rearrange operation, Frame frame)
    {
        NumberArray x = frame.Get(node.Inputs[0]);
        string[] sides = operation.Pattern.Text.Split("->");
        IReadOnlyList<string[]> before = AxisText.Groups(sides[0]), after = AxisText.Groups(sides[1]);
        var sizes = new Dictionary<string, int>();
        for (int axis = 0; axis < before.Count; axis++)
        {
            foreach (string name in before[axis])
            {
                sizes[name] = operation.Axes.FirstOrDefault(a => a.Name == name) is { } known ? frame.SizeOf(known.Size) : x.Shape[axis];
            }
        }

        string[] old = [.. before.SelectMany(g => g)], others = [.. after.SelectMany(g => g)];
        NumberArray cut = x.Reshape([.. old.Select(n => sizes[n])]).Permute([.. others.Select(n => Array.IndexOf(old, n))]);
        frame.Set(node.Output, cut.Reshape([.. after.Select(g => g.Aggregate(1, (product, name) => product * sizes[name]))]));
    }
}
