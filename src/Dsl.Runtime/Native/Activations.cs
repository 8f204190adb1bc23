using System;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Dsl.Runtime.Native;

/// <summary>The activations of <see cref="FusedActivation"/> by themselves, and their derivatives.</summary>
internal static class Activations
{
    /// <summary>activation(x), elementwise.</summary>
    public static Tensor Apply(FusedActivation activation, Tensor x) => activation switch
    {
        FusedActivation.None => x,
        FusedActivation.Relu => functional.relu(x),
        FusedActivation.Gelu => functional.gelu(x),
        FusedActivation.GeluTanh => functional.gelu(x, TorchSharp.Modules.GELU.Approximate.tanh),
        FusedActivation.Silu => functional.silu(x),
        FusedActivation.Sigmoid => x.sigmoid(),
        FusedActivation.Tanh => x.tanh(),
        _ => throw new ArgumentOutOfRangeException(nameof(activation), activation, "The activation is not known."),
    };

    /// <summary>gradient times activation'(x), elementwise, by libtorch's own kernels where they can be called.</summary>
    public static Tensor Gradient(FusedActivation activation, Tensor gradient, Tensor x) => activation switch
    {
        FusedActivation.None => gradient,
        FusedActivation.Relu => gradient * x.gt(Scalars.Of(0)),
        FusedActivation.Gelu => GeluGradient(gradient, x, "none"),
        FusedActivation.GeluTanh => GeluGradient(gradient, x, "tanh"),
        FusedActivation.Silu => Call("aten::silu_backward"u8, gradient, x),
        FusedActivation.Sigmoid => Call("aten::sigmoid_backward"u8, gradient, x.sigmoid()),
        FusedActivation.Tanh => Call("aten::tanh_backward"u8, gradient, x.tanh()),
        _ => throw new ArgumentOutOfRangeException(nameof(activation), activation, "The activation is not known."),
    };

    private static Tensor GeluGradient(Tensor gradient, Tensor x, string approximation)
    {
        var call = new StableCall(stackalloc ulong[3]);
        call.Add(gradient);
        call.Add(x);
        call.Add(approximation);
        call.Invoke("aten::gelu_backward"u8, ""u8);
        return call.TakeTensor(0);
    }

    private static Tensor Call(ReadOnlySpan<byte> name, Tensor gradient, Tensor value)
    {
        var call = new StableCall(stackalloc ulong[2]);
        call.Add(gradient);
        call.Add(value);
        call.Invoke(name, ""u8);
        return call.TakeTensor(0);
    }
}
