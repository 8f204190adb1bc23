using System.Collections.Generic;
using Dsl.Runtime;
using static TorchSharp.torch;

namespace Dsl.Training;

/// <summary>
/// Adam as BERT was trained with it (google-research/bert, optimization.py: AdamWeightDecayOptimizer): no correction of the means, which begin at zero, and
/// decay inside the update: m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g^2; p -= rate (m / (sqrt(v) + eps) + decay x p).
/// </summary>
/// <param name="groups">Each parameter belongs to one group.</param>
/// <param name="beta1">How slowly the mean of the gradient moves.</param>
/// <param name="beta2">How slowly the mean of its square moves.</param>
/// <param name="epsilon">Added to the root, outside of it.</param>
public class UncorrectedAdam(IEnumerable<ParameterGroup> groups, double beta1 = 0.9, double beta2 = 0.999, double epsilon = 1e-6)
    : AdamMoments(groups, beta1, beta2, epsilon)
{
    private protected sealed override void StepOne(Slot slot, Tensor gradient, double rate)
    {
        Follow(slot, gradient);
        using Tensor update = slot[Square].sqrt();
        update.Increase(Epsilon);
        update.reciprocal_();
        update.mul_(slot[Mean]);
        if (slot.Group.Decay != 0)
        {
            update.add_(slot.Stepped, alpha: Scalars.Of(slot.Group.Decay));
        }

        Scale(slot, update);
        slot.Stepped.add_(update, alpha: Scalars.Of(-rate));
    }

    /// <summary>What becomes of an update before the rate is put on it.</summary>
    private protected virtual void Scale(Slot slot, Tensor update)
    {
    }
}
