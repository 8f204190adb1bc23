using System.Linq;
using Dsl.Generators.Lowering;
using Dsl.Generators.Model;
using Dsl.Generators.Parts;
using Dsl.Generators.Scalar;

namespace Dsl.Generators.Fusing;

/// <summary>A recurrence that is linear in state and input, with coefficients fixed in time, may run as a convolution in the parallel form.</summary>
internal sealed class ConvolveTimeInvariant : IPass
{
    public string Name => "convolve time-invariant recurrences";

    public void Run(StraightRun run)
    {
        foreach (var node in run.Nodes.ToList())
        {
            if (node.Operation is Recurrence { Convolves: false, Transfer: null } recurrence && LinearForm.Input(recurrence.Function.Scalar!) >= 0)
            {
                run.Replace(node, node.With(recurrence with { Convolves = true }));
                run.Notes.Add(new Note("linear with fixed coefficients, so that the parallel form may convolve", recurrence.Function.Spec.Name));
            }
        }
    }
}
