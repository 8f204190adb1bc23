using System;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Runtime.Native;

/// <summary>activation(x W^T + bias) with oneDNN's products in both directions, on the CPU.</summary>
/// <remarks>With an activation, the sum before it is kept for the gradient, as the op-by-op form does.</remarks>
public sealed class FusedLinear : FusedFunction
{
    private readonly FusedActivation activation;

    private FusedLinear(FusedActivation activation) => this.activation = activation;

    /// <summary>Whether the function can be used on such tensors: libtorch has oneDNN, and they are float32 on the CPU.</summary>
    public static bool IsAvailable(Tensor x, Tensor weight) =>
        StableC.HasLinear && StableC.HasOperators && x.dtype == ScalarType.Float32 && weight.dtype == ScalarType.Float32
        && x.device_type == DeviceType.CPU && weight.device_type == DeviceType.CPU;

    /// <summary>activation(x W^T + bias), differentiable in x, weight and bias.</summary>
    /// <param name="x">[..., in].</param>
    /// <param name="weight">[out, in].</param>
    /// <param name="bias">[out], or null.</param>
    /// <param name="activation">Applied to each element of the result.</param>
    /// <returns>[..., out].</returns>
    public static Tensor Apply(Tensor x, Tensor weight, Tensor? bias = null, FusedActivation activation = FusedActivation.None) =>
        Apply(new FusedLinear(activation), x, weight, bias)[0];

    /// <inheritdoc/>
    protected override Tensor[] Forward(Tensor?[] inputs)
    {
        var (x, weight, bias) = (inputs[0]!, inputs[1]!, inputs[2]);
        bool records = Needs(0) || Needs(1) || (bias is not null && Needs(2));
        if (!records || activation == FusedActivation.None)
        {
            Save(Read(x), weight, null);
            return [StableC.Linear(x, weight, bias, activation)];
        }
        var sum = StableC.Linear(x, weight, bias);
        Save(Read(x), weight, sum);
        return [Activations.Apply(activation, sum)];
    }

    /// <summary>What was read is needed for the weight's gradient alone: a frozen weight keeps none of it.</summary>
    private Tensor? Read(Tensor x) => Needs(1) ? x : null;

    /// <inheritdoc/>
    protected override Tensor?[] Backward(Tensor?[] gradients, Tensor?[] saved)
    {
        var (x, weight, sum) = (saved[0], saved[1]!, saved[2]);
        if (gradients[0] is not { } gradient)
        {
            return [null, null, null];
        }
        gradient = sum is null ? gradient : Activations.Gradient(activation, gradient, sum);
        var rows = gradient.reshape(-1, gradient.size(-1));
        return
        [
            Needs(0) ? StableC.Linear(gradient, weight.t()) : null,
            Needs(1) ? rows.t().matmul(x!.reshape(-1, x.size(-1))) : null,
            Needs(2) ? rows.sum([0L]) : null,
        ];
    }
}
