using System;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>What the names of <see cref="Activation"/> compute.</summary>
public static class Activations
{
    private static readonly Scalar QuickScale = 1.702.ToScalar();

    /// <summary>f(x), element by element; the caller owns both.</summary>
    public static Tensor Apply(this Activation activation, Tensor x)
    {
        switch (activation.Name)
        {
            case Activation.Identity:
                return x.alias();
            case Activation.Gelu:
                return nn.functional.gelu(x);
            case Activation.GeluTanh:
                return nn.functional.gelu(x, TorchSharp.Modules.GELU.Approximate.tanh);
            case Activation.QuickGelu:
                {
                    using Tensor scaled = x * QuickScale;
                    using Tensor gate = scaled.sigmoid();
                    return x * gate;
                }

            case Activation.Relu:
                return x.relu();
            case Activation.ReluSquared:
                {
                    using Tensor positive = x.relu();
                    return positive.Square();
                }

            case Activation.Silu:
                return nn.functional.silu(x);
            case Activation.Sigmoid:
                return x.sigmoid();
            case Activation.Tanh:
                return x.tanh();
            case Activation.Softplus:
                return x.Softplus();
            default:
                throw new NotSupportedException($"The activation '{activation.Name}' has no implementation.");
        }
    }

    /// <summary>f(x) of a tensor that is handed over: in place where nothing records it, and disposed otherwise.</summary>
    public static Tensor ApplyOwned(this Activation activation, Tensor x)
    {
        if (activation.Name == Activation.Identity)
        {
            return x;
        }

        if (!Grad.Records(x))
        {
            switch (activation.Name)
            {
                case Activation.Relu:
                    return Tensors.InPlace(x, static t => t.relu_());
                case Activation.Silu:
                    return Tensors.InPlace(x, static t => t.silu_());
                case Activation.Sigmoid:
                    return Tensors.InPlace(x, static t => t.sigmoid_());
                case Activation.Tanh:
                    return Tensors.InPlace(x, static t => t.tanh_());
            }
        }

        using (x)
        {
            return activation.Apply(x);
        }
    }

    /// <summary>value times f(gate), element by element.</summary>
    public static Tensor Gate(Tensor value, Tensor gate, Activation? activation = null)
    {
        if (activation is not { } function || function.Name == Activation.Identity)
        {
            return value * gate;
        }

        Tensor open = function.Apply(gate);
        if (!Grad.Records(open, value))
        {
            return Tensors.InPlace(open, t => t.mul_(value));
        }

        using (open)
        {
            return open * value;
        }
    }
}
