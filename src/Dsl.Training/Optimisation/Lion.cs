using System.Collections.Generic;
using Dsl.Runtime;
using static TorchSharp.torch;

namespace Dsl.Training;

/// <summary>
/// Lion (Chen and others, 2023, algorithm 2; google/automl, lion): p *= 1 - rate x decay; p -= rate sign(b1 m + (1 - b1) g); m = b2 m + (1 - b2) g, where the
/// sign of 0 is 0. The paper asks for a rate of a tenth to a third of AdamW's.
/// </summary>
/// <param name="groups">Each parameter belongs to one group.</param>
/// <param name="beta1">The mean's share in the step's sign.</param>
/// <param name="beta2">How slowly the mean moves.</param>
public sealed class Lion(IEnumerable<ParameterGroup> groups, double beta1 = 0.9, double beta2 = 0.99) : Optimizer(groups, Alike(Mean))
{
    private const string Mean = "mean";

    private protected override void StepOne(Slot slot, Tensor gradient, double rate)
    {
        if (slot.Group.Decay != 0)
        {
            slot.Stepped.mul_(Scalars.Of(1 - rate * slot.Group.Decay));
        }

        Tensor mean = slot[Mean];
        using Tensor update = mean.mul(Scalars.Of(beta1));
        update.add_(gradient, alpha: Scalars.Of(1 - beta1));
        update.sign_();
        slot.Stepped.add_(update, alpha: Scalars.Of(-rate));
        mean.mul_(Scalars.Of(beta2));
        mean.add_(gradient, alpha: Scalars.Of(1 - beta2));
    }
}
