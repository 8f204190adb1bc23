using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Runtime;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Dsl.Training;

/// <summary>
/// What all optimisers share: groups of parameters, and a state that is saved under the parameters' keys. A rule says how one parameter is stepped. Parameters
/// in 16 bits have masters in float32, which steps add up in (Micikevicius and others, 2018): a step that is smaller than the spacing of bfloat16 is not lost.
/// </summary>
public abstract class Optimizer : IDisposable
{
    private readonly List<Slot> slots = [];
    private readonly Func<long[], IEnumerable<(string Name, long[] Shape)>> layout;

    /// <param name="groups">Each parameter belongs to one group.</param>
    /// <param name="layout">What is remembered of a parameter of a shape: names and shapes of tensors that begin at zero.</param>
    private protected Optimizer(IEnumerable<ParameterGroup> groups, Func<long[], IEnumerable<(string Name, long[] Shape)>> layout)
    {
        this.layout = layout;
        using IDisposable off = no_grad();
        foreach (ParameterGroup group in groups)
        {
            foreach ((string key, Parameter parameter) in group.Parameters)
            {
                bool narrow = parameter.dtype is ScalarType.BFloat16 or ScalarType.Float16;
                using Tensor values = parameter.detach();
                Tensor? master = narrow ? values.to(ScalarType.Float32).DetachFromDisposeScope() : null;
                ScalarType type = narrow ? ScalarType.Float32 : parameter.dtype;
                slots.Add(new Slot(key, parameter, group, master, layout(parameter.shape).ToDictionary(
                    each => each.Name, each => zeros(each.Shape, type, parameter.device).DetachFromDisposeScope())));
            }
        }
    }

    /// <summary>How many steps have been taken.</summary>
    public long Steps { get; private set; }

    /// <summary>Decay on what has two or more dimensions, none on biases and the weights of norms.</summary>
    public static IReadOnlyList<ParameterGroup> DecayMatrices(IEnumerable<(string Key, Parameter Parameter)> parameters, double decay)
    {
        ILookup<bool, (string, Parameter)> kinds = parameters.Where(pair => pair.Parameter.requires_grad).ToLookup(pair => pair.Parameter.dim() >= 2);
        return [new ParameterGroup([.. kinds[true]], decay), new ParameterGroup([.. kinds[false]], 0, Excluded: true)];
    }

    /// <summary>
    /// As <see cref="DecayMatrices"/>, with the factors that a declaration's <c>[Group]</c> puts on decay and rate. Weights that are not trained belong to
    /// no group.
    /// </summary>
    public static IReadOnlyList<ParameterGroup> Declared(IEnumerable<Weight> weights, double decay) =>
    [
        .. weights.Where(weight => weight.Value.requires_grad)
            .GroupBy(weight => (Decay: weight.Shape.Count >= 2 ? weight.DecayFactor : 0, Rate: weight.RateFactor))
            .Select(group => new ParameterGroup(
                [.. group.Select(weight => (weight.Key, weight.Value))], decay * group.Key.Decay, group.Key.Rate, Excluded: group.Key.Decay == 0)),
    ];

    /// <summary>One step; a parameter without a gradient stays as it is.</summary>
    public void Step(double rate)
    {
        Steps++;
        using IDisposable off = no_grad();
        foreach (var alike in slots.GroupBy(
            slot => (slot.Group.Decay, slot.Group.Rate, Device: slot.Parameter.device.ToString(), slot.Parameter.dtype)))
        {
            // One after another, gradients in 16 bits are widened one at a time.
            IEnumerable<Slot[]> parts = alike.First().Master is null ? [[.. alike]] : alike.Chunk(1);
            foreach (Slot[] part in parts)
            {
                Step(part, rate * alike.Key.Rate);
            }
        }
    }

    /// <summary>How many numbers are remembered of parameters of these shapes, masters not counted.</summary>
    public long StateCount(IEnumerable<IReadOnlyList<long>> shapes) =>
        shapes.Sum(shape => layout([.. shape]).Sum(each => each.Shape.Aggregate(1L, (product, size) => product * size)));

    /// <summary>The state as named tensors (<c>mean.KEY</c> and the like, in 16 bits <c>master.KEY</c> too), which stay the optimiser's own.</summary>
    public IReadOnlyDictionary<string, Tensor> State()
    {
        var state = new Dictionary<string, Tensor>();
        foreach (Slot slot in slots)
        {
            foreach ((string name, Tensor value) in slot.State)
            {
                state.Add($"{name}.{slot.Key}", value);
            }

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
    public void Dispose() => slots.ForEach(slot => slot.Dispose());

    /// <summary>The rule: steps one parameter, in place.</summary>
    /// <param name="slot">The parameter and what is remembered of it.</param>
    /// <param name="gradient">Of the type of what is stepped; must stay as it is.</param>
    /// <param name="rate">Of this step and this group.</param>
    private protected abstract void StepOne(Slot slot, Tensor gradient, double rate);

    /// <summary>Steps parameters of one group, type and device; each by itself, unless the rule has a kernel for all of them.</summary>
    private protected virtual void StepTogether(IReadOnlyList<(Slot Slot, Tensor Gradient)> pairs, double rate)
    {
        foreach ((Slot slot, Tensor gradient) in pairs)
        {
            StepOne(slot, gradient, rate);
        }
    }

    /// <summary>Tensors of the parameter's own shape.</summary>
    private protected static Func<long[], IEnumerable<(string Name, long[] Shape)>> Alike(params string[] names) =>
        shape => names.Select(name => (name, shape));

    /// <summary>The gradient with decay x parameter added to it. The caller's to dispose.</summary>
    private protected static Tensor WithDecay(Slot slot, Tensor gradient) =>
        slot.Group.Decay == 0 ? gradient.alias() : gradient.add(slot.Stepped, alpha: Scalars.Of(slot.Group.Decay));

    private void Step(Slot[] part, double rate)
    {
        List<(Slot Slot, Tensor Gradient)> pairs = [];
        try
        {
            foreach (Slot slot in part)
            {
                if (slot.Parameter.grad is { } gradient)
                {
                    pairs.Add((slot, slot.Master is null ? gradient : Widened(gradient)));
                }
            }

            StepTogether(pairs, rate);
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

    private static Tensor Widened(Tensor gradient)
    {
        using (gradient)
        {
            return gradient.to(ScalarType.Float32);
        }
    }
}
