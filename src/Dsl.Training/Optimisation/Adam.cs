using System.Collections.Generic;
using static TorchSharp.torch;

namespace Dsl.Training;

/// <summary>
/// Adam (Kingma and Ba, 2015), with decay as L2 regularisation: g += decay x p; m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g^2;
/// p -= rate (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + eps). As torch.optim.Adam.
/// </summary>
/// <param name="groups">Each parameter belongs to one group.</param>
/// <param name="beta1">How slowly the mean of the gradient moves.</param>
/// <param name="beta2">How slowly the mean of its square moves.</param>
/// <param name="epsilon">Added to the root, outside of it.</param>
public sealed class Adam(IEnumerable<ParameterGroup> groups, double beta1 = 0.9, double beta2 = 0.999, double epsilon = 1e-8)
    : AdamMoments(groups, beta1, beta2, epsilon)
{
    private protected override void StepOne(Slot slot, Tensor gradient, double rate)
    {
        using Tensor decayed = WithDecay(slot, gradient);
        StepCorrected(slot, decayed, rate);
    }
}
