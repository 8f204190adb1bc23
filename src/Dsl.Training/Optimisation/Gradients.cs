using System;
using System.Collections.Generic;
using Dsl.Runtime;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Dsl.Training;

/// <summary>Gradients as a whole.</summary>
public static class Gradients
{
    /// <summary>Multiplies all gradients with a number.</summary>
    public static void Scale(IEnumerable<Parameter> parameters, double factor)
    {
        using IDisposable off = no_grad();
        foreach (Parameter parameter in parameters)
        {
            using Tensor? gradient = parameter.grad;
            gradient?.mul_(Scalars.Of(factor));
        }
    }

    /// <summary>
    /// Scales all gradients by min(1, limit / (norm + 1e-6)), with the norm taken over all of them together, as torch.nn.utils.clip_grad_norm_.
    /// </summary>
    /// <returns>The norm before clipping.</returns>
    public static double Clip(IEnumerable<Parameter> parameters, double limit)
    {
        using IDisposable off = no_grad();
        List<Tensor> gradients = [];
        try
        {
            double squares = 0;
            foreach (Parameter parameter in parameters)
            {
                if (parameter.grad is not { } gradient)
                {
                    continue;
                }

                gradients.Add(gradient);
                using Tensor norm = gradient.norm();
                using Tensor wide = norm.to(ScalarType.Float64);
                double length = wide.item<double>();
                squares += length * length;
            }

            double total = Math.Sqrt(squares);
            double scale = limit / (total + 1e-6);
            if (scale < 1)
            {
                foreach (Tensor gradient in gradients)
                {
                    gradient.mul_(Scalars.Of(scale));
                }
            }

            return total;
        }
        finally
        {
            gradients.ForEach(gradient => gradient.Dispose());
        }
    }
}
