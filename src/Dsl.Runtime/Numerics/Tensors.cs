using System;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>Small things that every other file here needs.</summary>
internal static class Tensors
{
    /// <summary>Runs an in-place operation on a tensor that the caller owns, and returns that same tensor. Most such operations of TorchSharp return the
    /// object they
    /// were called on; a few make a second wrapper, which is dropped.</summary>
    internal static Tensor InPlace(Tensor owned, Func<Tensor, Tensor> operation)
    {
        Tensor result = operation(owned);
        if (!ReferenceEquals(result, owned))
        {
            result.Dispose();
        }

        return owned;
    }

    internal static bool IsHalf(ScalarType dtype) => dtype is ScalarType.Float16 or ScalarType.BFloat16;

    /// <summary>The most negative finite number of a type: what is added to a score to mask it. Finite, so that no row turns into NaN.</summary>
    internal static double Lowest(ScalarType dtype) => dtype switch
    {
        ScalarType.Float16 => -65504.0,
        ScalarType.BFloat16 => -3.38e38,
        ScalarType.Float64 => -1e300,
        _ => -3.4028234663852886e38,
    };
}

/// <summary>Whether autograd looks on.</summary>
internal static class Grad
{
    internal static bool Records(Tensor a) => torch.is_grad_enabled() && a.requires_grad;

    internal static bool Records(Tensor a, Tensor b) => torch.is_grad_enabled() && (a.requires_grad || b.requires_grad);
}
