using System.Linq;
using Dsl.Generators.Model;
using Dsl.Reference.Interpreting;
using Ops = Dsl.Generators.Parts;

namespace Dsl.Reference.Parts;

/// <summary>Outside of training: the number of the largest logit, of equal ones the first. What is no number is larger than any, as in libtorch.</summary>
internal sealed class SampleReference : PartReference<Ops.Sample>
{
    protected override void Compute(Node node, Ops.Sample operation, Frame frame)
    {
        NumberArray x = frame.Get(node.Inputs[0]);
        NumberArray ids = NumberArray.Zeros(x.Shape[..^1]);
        for (int i = 0; i < ids.Count; i++)
        {
            ids.Values[i] = RouteReference.Largest(x, i * x.Last, 1).Single() - (i * x.Last);
        }

        frame.Set(node.Output, ids);
    }
}
