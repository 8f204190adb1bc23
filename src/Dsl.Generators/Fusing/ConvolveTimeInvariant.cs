using System.Linq;
using Dsl.Generators.Lowering;
using Dsl.Generators.Scalar;

namespace Dsl.Generators.Fusing;

/// <summary>A recurrence that is linear in state and input, with coefficients fixed in time, may run as a convolution in the parallel form.</summary>
internal sealed class ConvolveTimeInvariant : IPass
{
    public string Name => "convolve time-invariant recurrences";

    public void Run(Region region)
    {
        foreach (var node in region.Nodes.OfType<RecurrenceNode>().Where(n => !n.Convolves && n.Transfer is null && LinearForm.Input(n.Function.Scalar!) >= 0))
        {
            node.Convolves = true;
            region.Notes.Add(
                $"{Name}: {node.Function.Spec.Name} is linear in state and input; where that costs less, the parallel form convolves instead of scanning");
        }
    }
}
