using System;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>Derivatives of the functions that <see cref="Activation"/> names, themselves differentiable.</summary>
public static class ActivationSlopes
{
    /// <summary>gradient times f'(x), element by element.</summary>
    public static Tensor Back(this Activation activation, Tensor x, Tensor gradient)
    {
        using var scope = torch.NewDisposeScope();
        return (gradient * Slope(activation, x)).MoveToOuterDisposeScope();
    }

    private static Tensor Slope(Activation activation, Tensor x)
    {
        switch (activation.Name)
        {
            case Activation.Identity:
                return torch.ones_like(x);
            case Activation.Gelu:
                // Phi(x) + x phi(x)
                Tensor below = (x * Scalars.Of(Math.Sqrt(0.5))).erf().Plus(1) * Scalars.Of(0.5);
                Tensor weighted = x * (x.Square() * Scalars.Of(-0.5)).exp() * Scalars.Of(1 / Math.Sqrt(2 * Math.PI));
                return below.Plus(weighted);
            case Activation.GeluTanh:
                double outer = Math.Sqrt(2 / Math.PI), inner = 0.044715;
                Tensor square = x.Square(), tanh = (x * Scalars.Of(outer) * (square * Scalars.Of(inner)).Plus(1)).tanh();
                Tensor bent = x * OneMinus(tanh.Square()) * (square * Scalars.Of(3 * inner)).Plus(1) * Scalars.Of(outer / 2);
                return (tanh.Plus(1) * Scalars.Of(0.5)).Plus(bent);
            case Activation.QuickGelu:
                return Swish(x, 1.702);
            case Activation.Silu:
                return Swish(x, 1);
            case Activation.Relu:
                return x.gt(Scalars.Of(0)).to(x.dtype);
            case Activation.ReluSquared:
                return x.relu() * Scalars.Of(2);
            case Activation.Sigmoid:
                Tensor sigmoid = x.sigmoid();
                return sigmoid * OneMinus(sigmoid);
            case Activation.Tanh:
                return OneMinus(x.tanh().Square());
            case Activation.Softplus:
                return torch.where(x.gt(Scalars.Of(20)), torch.ones_like(x), x.sigmoid());
            default:
                throw new NotSupportedException($"The activation '{activation.Name}' has no derivative.");
        }
    }

    /// <summary>Of x sigmoid(s x).</summary>
    private static Tensor Swish(Tensor x, double scale)
    {
        Tensor scaled = x * Scalars.Of(scale), gate = scaled.sigmoid();
        return gate.Plus(scaled * gate * OneMinus(gate));
    }

    private static Tensor OneMinus(Tensor x) => x.neg().Plus(1);
}
