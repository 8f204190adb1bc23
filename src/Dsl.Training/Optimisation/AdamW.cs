using System.Collections.Generic;
using System.Linq;
using Dsl.Runtime;
using Dsl.Runtime.Native;
using static TorchSharp.torch;

namespace Dsl.Training;

/// <summary>
/// AdamW (Loshchilov and Hutter, 2019): p *= 1 - rate x decay; m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g^2;
/// p -= rate (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + eps). As torch.optim.AdamW.
/// </summary>
/// <param name="groups">Each parameter belongs to one group.</param>
/// <param name="beta1">How slowly the mean of the gradient moves.</param>
/// <param name="beta2">How slowly the mean of its square moves.</param>
/// <param name="epsilon">Added to the root, outside of it.</param>
/// <param name="fused">False forbids libtorch's own one-pass kernel, which is used where it can be called.</param>
public sealed class AdamW(IEnumerable<ParameterGroup> groups, double beta1 = 0.9, double beta2 = 0.999, double epsilon = 1e-8, bool fused = true)
    : AdamMoments(groups, beta1, beta2, epsilon)
{
    private readonly bool fused = fused && StableC.HasOperators;

    private protected override void StepOne(Slot slot, Tensor gradient, double rate)
    {
        if (slot.Group.Decay != 0)
        {
            slot.Stepped.mul_(Scalars.Of(1 - rate * slot.Group.Decay));
        }

        StepCorrected(slot, gradient, rate);
    }

    private protected override void StepTogether(IReadOnlyList<(Slot Slot, Tensor Gradient)> pairs, double rate)
    {
        // The kernel walks memory in a straight line; a gradient of other strides is rare and takes the plain way.
        if (!fused || pairs.Count == 0 || !pairs.All(pair => pair.Gradient.is_contiguous() && pair.Slot.Stepped.is_contiguous()))
        {
            base.StepTogether(pairs, rate);
            return;
        }

        using Tensor step = tensor((float)Steps, dtype: ScalarType.Float32, device: pairs[0].Gradient.device);
        StableC.FusedAdamW(
            [.. pairs.Select(pair => pair.Slot.Stepped)],
            [.. pairs.Select(pair => pair.Gradient)],
            [.. pairs.Select(pair => pair.Slot[Mean])],
            [.. pairs.Select(pair => pair.Slot[Square])],
            [.. pairs.Select(_ => step)],
            rate, Beta1, Beta2, pairs[0].Slot.Group.Decay, Epsilon);
    }
}
