using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Runtime;
using Dsl.Runtime.Native;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Dsl.Training;

/// <summary>Parameters that share a decay and a rate.</summary>
/// <param name="Parameters">By the key under which their state is saved.</param>
/// <param name="Decay">Weight decay of these parameters.</param>
/// <param name="Rate">A factor on each step's rate.</param>
public sealed record ParameterGroup(IReadOnlyList<(string Key, Parameter Parameter)> Parameters, double Decay, double Rate = 1);

/// <summary>
/// AdamW (Loshchilov and Hutter, 2019): p *= 1 - rate x decay; m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g^2;
/// p -= rate (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + eps). As torch.optim.AdamW, with a state that can be saved under the parameters' keys. Parameters in
/// 16 bits have masters in float32, which steps add up in (Micikevicius and others, 2018): a step that is smaller than the spacing of bfloat16 is not lost.
/// </summary>
public sealed class AdamW : IDisposable
{
    private readonly List<Slot> slots = [];
    private readonly double beta1;
    private readonly double beta2;
    private readonly double epsilon;
    private readonly bool fused;

    /// <param name="groups">Each parameter belongs to one group.</param>
    /// <param name="beta1">How slowly the mean of the gradient moves.</param>
    /// <param name="beta2">How slowly the mean of its square moves.</param>
    /// <param name="epsilon">Added to the root, outside of it.</param>
    /// <param name="fused">False forbids libtorch's own one-pass kernel, which is used where it can be called.</param>
    public AdamW(IEnumerable<ParameterGroup> groups, double beta1 = 0.9, double beta2 = 0.999, double epsilon = 1e-8, bool fused = true)
    {
        this.fused = fused && StableC.HasOperators;
        this.beta1 = beta1;
        this.beta2 = beta2;
        this.epsilon = epsilon;
        foreach (ParameterGroup group in groups)
        {
            foreach ((string key, Parameter parameter) in group.Parameters)
            {
                bool narrow = parameter.dtype is ScalarType.BFloat16 or ScalarType.Float16;
                using IDisposable off = no_grad();
                Tensor? master = narrow ? parameter.detach().to(ScalarType.Float32).DetachFromDisposeScope() : null;
                Tensor mean = zeros_like(master ?? parameter).DetachFromDisposeScope();
                Tensor square = zeros_like(master ?? parameter).DetachFromDisposeScope();
                slots.Add(new Slot(key, parameter, group.Decay, group.Rate, mean, square, master));
            }
        }
    }

    /// <summary>How many steps have been taken.</summary>
    public long Steps { get; private set; }

    /// <summary>Decay on what has two or more dimensions, none on biases and the weights of norms.</summary>
    public static IReadOnlyList<ParameterGroup> DecayMatrices(IEnumerable<(string Key, Parameter Parameter)> parameters, double decay)
    {
        ILookup<bool, (string, Parameter)> kinds = parameters.Where(pair => pair.Parameter.requires_grad).ToLookup(pair => pair.Parameter.dim() >= 2);
        return [new ParameterGroup([.. kinds[true]], decay), new ParameterGroup([.. kinds[false]], 0)];
    }

    /// <summary>
    /// As <see cref="DecayMatrices"/>, with the factors that a declaration's <c>[Group]</c> puts on decay and rate. Weights that are not trained belong to
    /// no group.
    /// </summary>
    public static IReadOnlyList<ParameterGroup> Declared(IEnumerable<Weight> weights, double decay) =>
    [
        .. weights.Where(weight => weight.Value.requires_grad)
            .GroupBy(weight => (Decay: weight.Shape.Count >= 2 ? decay * weight.DecayFactor : 0, Rate: weight.RateFactor))
            .Select(group => new ParameterGroup([.. group.Select(weight => (weight.Key, weight.Value))], group.Key.Decay, group.Key.Rate)),
    ];

    /// <summary>One step; a parameter without a gradient stays as it is.</summary>
    public void Step(double rate)
    {
        Steps++;
        using IDisposable off = no_grad();
        foreach (var alike in slots.GroupBy(slot => (slot.Decay, slot.Rate, Device: slot.Parameter.device.ToString(), slot.Parameter.dtype)))
        {
            List<(Slot Slot, Tensor Gradient)> pairs = [];
            try
            {
                foreach (Slot slot in alike)
                {
                    if (slot.Parameter.grad is { } gradient)
                    {
                        pairs.Add((slot, slot.Master is null ? gradient : Widened(gradient)));
                    }
                }

                // The kernel walks memory in a straight line; a gradient of other strides is rare and takes the plain way.
                bool straight = fused && pairs.Count > 0 && pairs.TrueForAll(pair => pair.Gradient.is_contiguous() && pair.Slot.Stepped.is_contiguous());
                if (straight)
                {
                    StepAtOnce(pairs, rate * alike.Key.Rate, alike.Key.Decay);
                }
                else
                {
                    pairs.ForEach(pair => StepOne(pair.Slot, pair.Gradient, rate * alike.Key.Rate));
                }

                foreach ((Slot slot, _) in pairs.Where(pair => pair.Slot.Master is not null))
                {
                    slot.Parameter.copy_(slot.Master!);
                }
            }
            finally
            {
                pairs.ForEach(pair => pair.Gradient.Dispose());
            }
        }
    }

    private void StepAtOnce(List<(Slot Slot, Tensor Gradient)> pairs, double rate, double decay)
    {
        using Tensor step = tensor((float)Steps, dtype: ScalarType.Float32, device: pairs[0].Gradient.device);
        StableC.FusedAdamW(
            pairs.ConvertAll(pair => pair.Slot.Stepped),
            pairs.ConvertAll(pair => pair.Gradient),
            pairs.ConvertAll(pair => pair.Slot.Mean),
            pairs.ConvertAll(pair => pair.Slot.Square),
            pairs.ConvertAll(_ => step),
            rate, beta1, beta2, decay, epsilon);
    }

    private static Tensor Widened(Tensor gradient)
    {
        using (gradient)
        {
            return gradient.to(ScalarType.Float32);
        }
    }

    private void StepOne(Slot slot, Tensor gradient, double rate)
    {
        if (slot.Decay != 0)
        {
            slot.Stepped.mul_(Scalars.Of(1 - rate * slot.Decay));
        }

        slot.Mean.mul_(Scalars.Of(beta1));
        slot.Mean.add_(gradient, alpha: Scalars.Of(1 - beta1));
        slot.Square.mul_(Scalars.Of(beta2));
        slot.Square.addcmul_(gradient, gradient, Scalars.Of(1 - beta2));
        using Tensor root = slot.Square.sqrt();
        root.div_(Scalars.Of(Math.Sqrt(1 - Math.Pow(beta2, Steps))));
        root.Increase(epsilon);
        slot.Stepped.addcdiv_(slot.Mean, root, Scalars.Of(-rate / (1 - Math.Pow(beta1, Steps))));
    }

    /// <summary>The state as named tensors (<c>mean.KEY</c>, <c>square.KEY</c>, in 16 bits <c>master.KEY</c>), which stay the optimiser's own.</summary>
    public IReadOnlyDictionary<string, Tensor> State()
    {
        var state = new Dictionary<string, Tensor>();
        foreach (Slot slot in slots)
        {
            state.Add("mean." + slot.Key, slot.Mean);
            state.Add("square." + slot.Key, slot.Square);
            if (slot.Master is { } master)
            {
                state.Add("master." + slot.Key, master);
            }
        }

        return state;
    }

    /// <summary>Goes on from a saved state whose tensors were read into <see cref="State"/>.</summary>
    public void Resume(long steps) => Steps = steps;

    /// <summary>Frees the state.</summary>
    public void Dispose()
    {
        foreach (Slot slot in slots)
        {
            slot.Mean.Dispose();
            slot.Square.Dispose();
            slot.Master?.Dispose();
        }
    }

    private sealed record Slot(string Key, Parameter Parameter, double Decay, double Rate, Tensor Mean, Tensor Square, Tensor? Master)
    {
        /// <summary>What steps are added to.</summary>
        internal Tensor Stepped => Master ?? Parameter;
    }
}

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
