using System;
using System.Collections.Generic;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Dsl.Training;

/// <summary>A parameter, what its steps are made with, and what is remembered of it.</summary>
/// <param name="Key">Under which the state is saved.</param>
/// <param name="Parameter">Not the slot's own.</param>
/// <param name="Group">Decay, and a factor on the rate.</param>
/// <param name="Master">The same numbers in float32, where the parameter has 16 bits.</param>
/// <param name="State">What the optimiser remembers, by its name.</param>
internal sealed record Slot(string Key, Parameter Parameter, ParameterGroup Group, Tensor? Master, IReadOnlyDictionary<string, Tensor> State) : IDisposable
{
    /// <summary>What steps are added to.</summary>
    internal Tensor Stepped => Master ?? Parameter;

    /// <summary>What is remembered under a name.</summary>
    internal Tensor this[string name] => State[name];

    /// <summary>Frees what is remembered; the parameter stays.</summary>
    public void Dispose()
    {
        foreach (Tensor tensor in State.Values)
        {
            tensor.Dispose();
        }

        Master?.Dispose();
    }
}
