using System.Collections.Generic;
using Dsl.Runtime;
using static TorchSharp.torch;

namespace Dsl.Training;

/// <summary>
/// RMSprop (Hinton, 2012, lecture 6e) as torch.optim.RMSprop has it: g += decay x p; v = alpha v + (1 - alpha) g^2; p -= rate g / (sqrt(v) + eps). DPO was
/// published with it.
/// </summary>
/// <param name="groups">Each parameter belongs to one group.</param>
/// <param name="alpha">How slowly the mean of the squares moves.</param>
/// <param name="epsilon">Added to the root, outside of it.</param>
public sealed class RmsProp(IEnumerable<ParameterGroup> groups, double alpha = 0.99, double epsilon = 1e-8) : Optimizer(groups, Alike(Square))
{
    private const string Square = "square";

    private protected override void StepOne(Slot slot, Tensor gradient, double rate)
    {
        using Tensor decayed = WithDecay(slot, gradient);
        Tensor square = slot[Square];
        square.mul_(Scalars.Of(alpha));
        square.addcmul_(decayed, decayed, Scalars.Of(1 - alpha));
        using Tensor root = square.sqrt();
        root.Increase(epsilon);
        slot.Stepped.addcdiv_(decayed, root, Scalars.Of(-rate));
    }
}
