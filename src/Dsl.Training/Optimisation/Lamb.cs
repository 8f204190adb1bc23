using System.Collections.Generic;
using Dsl.Runtime;
using static TorchSharp.torch;

namespace Dsl.Training;

/// <summary>
/// LAMB (You and others, 2020) as ALBERT was trained with it (google-research/albert, lamb_optimizer.py): the update of <see cref="UncorrectedAdam"/>
/// times |p| / |update|, the norms of the whole parameter; times 1 where either is 0, and for what is excluded from decay.
/// </summary>
/// <param name="groups">Each parameter belongs to one group.</param>
/// <param name="beta1">How slowly the mean of the gradient moves.</param>
/// <param name="beta2">How slowly the mean of its square moves.</param>
/// <param name="epsilon">Added to the root, outside of it.</param>
public sealed class Lamb(IEnumerable<ParameterGroup> groups, double beta1 = 0.9, double beta2 = 0.999, double epsilon = 1e-6)
    : UncorrectedAdam(groups, beta1, beta2, epsilon)
{
    private protected override void Scale(Slot slot, Tensor update)
    {
        if (slot.Group.Excluded)
        {
            return;
        }

        using Tensor size = slot.Stepped.norm(), length = update.norm(), ratio = size.div(length), one = ones_like(ratio);
        using Tensor sized = size.gt(Scalars.Of(0)), moved = length.gt(Scalars.Of(0)), both = sized.logical_and(moved), factor = where(both, ratio, one);
        update.mul_(factor);
    }
}
