using System;
using System.Collections.Generic;
using Dsl.Runtime;
using static TorchSharp.torch;

namespace Dsl.Training;

/// <summary>What optimisers of Adam's kind remember (Kingma and Ba, 2015): m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g^2.</summary>
public abstract class AdamMoments : Optimizer
{
    /// <summary>m and v, as states are saved.</summary>
    private protected const string Mean = "mean", Square = "square";

    private protected AdamMoments(IEnumerable<ParameterGroup> groups, double beta1, double beta2, double epsilon)
        : base(groups, Alike(Mean, Square)) => (Beta1, Beta2, Epsilon) = (beta1, beta2, epsilon);

    /// <summary>How slowly the mean of the gradient moves.</summary>
    private protected double Beta1 { get; }

    /// <summary>How slowly the mean of its square moves.</summary>
    private protected double Beta2 { get; }

    /// <summary>Added to the root, outside of it.</summary>
    private protected double Epsilon { get; }

    /// <summary>Moves both means.</summary>
    private protected void Follow(Slot slot, Tensor gradient)
    {
        Tensor mean = slot[Mean], square = slot[Square];
        mean.mul_(Scalars.Of(Beta1));
        mean.add_(gradient, alpha: Scalars.Of(1 - Beta1));
        square.mul_(Scalars.Of(Beta2));
        square.addcmul_(gradient, gradient, Scalars.Of(1 - Beta2));
    }

    /// <summary>Moves both means, then p -= rate (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + eps).</summary>
    private protected void StepCorrected(Slot slot, Tensor gradient, double rate)
    {
        Follow(slot, gradient);
        using Tensor root = slot[Square].sqrt();
        root.div_(Scalars.Of(Math.Sqrt(1 - Math.Pow(Beta2, Steps))));
        root.Increase(Epsilon);
        slot.Stepped.addcdiv_(slot[Mean], root, Scalars.Of(-rate / (1 - Math.Pow(Beta1, Steps))));
    }
}
