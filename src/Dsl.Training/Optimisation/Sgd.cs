using System.Collections.Generic;
using Dsl.Runtime;
using static TorchSharp.torch;

namespace Dsl.Training;

/// <summary>
/// Stochastic gradient descent with momentum as torch.optim.SGD has it (Sutskever and others, 2013, without the rate in the momentum): g += decay x p;
/// u = momentum x u + g; p -= rate x u, with Nesterov's step p -= rate (g + momentum x u).
/// </summary>
/// <param name="groups">Each parameter belongs to one group.</param>
/// <param name="momentum">How slowly u moves; 0: there is none.</param>
/// <param name="nesterov">Looks a step ahead along u.</param>
public sealed class Sgd(IEnumerable<ParameterGroup> groups, double momentum = 0, bool nesterov = false)
    : Optimizer(groups, momentum == 0 ? Alike() : Alike(Velocity))
{
    private const string Velocity = "velocity";

    private protected override void StepOne(Slot slot, Tensor gradient, double rate)
    {
        using Tensor decayed = WithDecay(slot, gradient);
        if (momentum == 0)
        {
            slot.Stepped.add_(decayed, alpha: Scalars.Of(-rate));
            return;
        }

        Tensor velocity = slot[Velocity];
        velocity.mul_(Scalars.Of(momentum));
        velocity.Increase(decayed);
        if (nesterov)
        {
            slot.Stepped.add_(decayed, alpha: Scalars.Of(-rate));
        }

        slot.Stepped.add_(velocity, alpha: Scalars.Of(nesterov ? -rate * momentum : -rate));
    }
}
