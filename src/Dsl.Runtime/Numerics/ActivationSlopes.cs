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
                return (((x * Math.Sqrt(0.5)).erf() + 1) * 0.5) + (x * (x.square() * -0.5).exp() * (1 / Math.Sqrt(2 * Math.PI)));
            case Activation.GeluTanh:
                double outer = Math.Sqrt(2 / Math.PI), inner = 0.044715;
                Tensor square = x.square(), tanh = (x * outer * ((square * inner) + 1)).tanh();
                return ((tanh + 1) * 0.5) + (x * (1 - tanh.square()) * ((square * (3 * inner)) + 1) * (outer / 2));
            case Activation.QuickGelu:
                return Swish(x, 1.702);
            case Activation.Silu:
                return Swish(x, 1);
            case Activation.Relu:
                return x.gt(0).to(x.dtype);
            case Activation.ReluSquared:
                return x.relu() * 2;
            case Activation.Sigmoid:
                Tensor sigmoid = x.sigmoid();
                return sigmoid * (1 - sigmoid);
            case Activation.Tanh:
                return 1 - x.tanh().square();
            case Activation.Softplus:
                return torch.where(x.gt(20), torch.ones_like(x), x.sigmoid());
            default:
                throw new NotSupportedException($"The activation '{activation.Name}' has no derivative.");
        }
    }

    /// <summary>Of x sigmoid(s x).</summary>
    private static Tensor Swish(Tensor x, double scale)
    {
        Tensor gate = (x * scale).sigmoid();
        return gate + (x * scale * gate * (1 - gate));
    }
}
