using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Model;
using Dsl.Reference.Interpreting;
using Ops = Dsl.Generators.Parts;

namespace Dsl.Reference.Parts;

/// <summary>For each element of the result, the sum of products over the axes that both values have and the result has not.</summary>
internal sealed class ProductReference : PartReference<Ops.Product>
{
    protected override void Compute(Node node, Ops.Product operation, Frame frame)
    {
        NumberArray a = frame.Get(node.Inputs[0]), b = frame.Get(node.Inputs[1]);
        string[] sides = operation.Pattern.Split("->"), operands = sides[0].Split(',');
        string[] ofA = Axes(operands[0]), ofB = Axes(operands[1]), kept = Axes(sides[1]);
        var sizes = ofA.Zip(a.Shape).Concat(ofB.Zip(b.Shape)).DistinctBy(p => p.First).ToDictionary(p => p.First, p => p.Second);
        string[] all = [.. kept, .. sizes.Keys.Except(kept)];
        NumberArray y = NumberArray.Zeros([.. kept.Select(n => sizes[n])]);
        int[] index = new int[all.Length];
        int[] inA = Places(ofA, all), inB = Places(ofB, all), inY = Places(kept, all);
        for (int left = NumberArray.CountOf([.. all.Select(n => sizes[n])]); left > 0; left--)
        {
            y[Of(index, inY)] += a[Of(index, inA)] * b[Of(index, inB)];
            for (int axis = all.Length - 1; axis >= 0 && ++index[axis] == sizes[all[axis]]; axis--)
            {
                index[axis] = 0;
            }
        }

        frame.Set(node.Output, y);
    }

    private static string[] Axes(string text) => text.Split(' ', StringSplitOptions.RemoveEmptyEntries);

    private static int[] Places(string[] names, string[] all) => Array.ConvertAll(names, n => Array.IndexOf(all, n));

    private static int[] Of(int[] index, int[] places) => Array.ConvertAll(places, p => index[p]);
}
