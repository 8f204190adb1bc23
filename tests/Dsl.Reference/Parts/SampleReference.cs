using System;
using System.Linq;
using Dsl.Generators.Model;
using Dsl.Reference.Interpreting;
using Ops = Dsl.Generators.Parts;

namespace Dsl.Reference.Parts;

/// <summary>Outside of training: the number of the largest logit, of equal ones the first.</summary>
internal sealed class SampleReference : PartReference<Ops.Sample>
{
    protected override void Compute(Node node, Ops.Sample operation, Frame frame)
    {
        NumberArray x = frame.Get(node.Inputs[0]);
        NumberArray ids = NumberArray.Zeros(x.Shape[..^1]);
        for (int i = 0; i < ids.Count; i++)
        {
            double[] logits = x.Values[(i * x.Last)..((i + 1) * x.Last)];
            ids.Values[i] = Array.IndexOf(logits, logits.Max());
        }

        frame.Set(node.Output, ids);
    }
}
