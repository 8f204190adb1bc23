using System;
using System.Collections.Generic;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>What generated models derive from: owns the table of weights.</summary>
public abstract class GeneratedModel : GeneratedModule, IModel
{
    /// <summary>A model over the weights declared through <paramref name="weights"/>, which it then owns.</summary>
    protected GeneratedModel(string name, Weights weights)
        : base(name, weights)
    {
    }

    /// <inheritdoc/>
    public abstract IReadOnlyList<string> Inputs { get; }

    /// <inheritdoc/>
    public abstract IReadOnlyList<string> Outputs { get; }

    /// <inheritdoc/>
    public abstract object Config { get; }

    /// <inheritdoc/>
    public nn.Module Module => this;

    /// <inheritdoc/>
    public abstract IReadOnlyDictionary<string, Tensor> Run(IReadOnlyDictionary<string, Tensor> inputs, params string[] outputs);

    /// <inheritdoc/>
    public abstract ModelState NewState(int batch, int capacity = 0);

    /// <inheritdoc/>
    public abstract Tensor Advance(Tensor tokens, ModelState state, Tensor? mask = null, bool last = false);
}
