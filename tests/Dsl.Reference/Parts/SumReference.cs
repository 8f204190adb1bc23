using System;
using System.Linq;
using Dsl.Generators.Model;
using Dsl.Reference.Interpreting;
using Ops = Dsl.Generators.Parts;

namespace Dsl.Reference.Parts;

/// <summary>The sum of equally shaped values.</summary>
internal sealed class SumReference : PartReference<Ops.Sum>
{
    protected override void Compute(Node node, Ops.Sum operation, Frame frame)
    {
        NumberArray sum = frame.Get(node.Inputs[0]).Clone();
        foreach (NumberArray term in node.Inputs.Skip(1).Select(frame.Get))
        {
            Elementwise.RequireEqual(sum, term);
            for (int i = 0; i < sum.Count; i++)
            {
                sum.Values[i] += term.Values[i];
            }
        }

        frame.Set(node.Output, sum);
    }
}

/// <summary>What parts that work on elements ask of their values.</summary>
internal static class Elementwise
{
    internal static void RequireEqual(NumberArray a, NumberArray b)
    {
        if (!a.Shape.SequenceEqual(b.Shape))
        {
            throw new InvalidOperationException($"{a} and {b} are combined element by element");
        }
    }
}
