using System;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>What a run computed; disposing it disposes the tensors.</summary>
/// <param name="count">How many outputs can be asked for.</param>
public abstract class ModelResults(int count) : IDisposable
{
    private readonly Tensor?[] values = new Tensor?[count];

    /// <summary>One output, by its place; null where it was not wanted.</summary>
    public Tensor? this[int index]
    {
        get => values[index];
        protected set => values[index] = value;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Tensor? value in values)
        {
            value?.Dispose();
        }
    }
}
