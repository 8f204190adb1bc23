using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>What generated models derive from: owns the table of weights, loads and saves it.</summary>
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

    /// <summary>Layouts, ignored tensors and second names of the files it reads.</summary>
    public abstract KeyRules KeyRules { get; }

    /// <summary>What the compiler fused.</summary>
    protected abstract IReadOnlyList<string> Fused { get; }

    /// <inheritdoc/>
    public abstract IReadOnlyDictionary<string, Tensor> Run(IReadOnlyDictionary<string, Tensor> inputs, params string[] outputs);

    /// <inheritdoc/>
    public virtual OutputHead? HeadOf(string output) => null;

    /// <inheritdoc/>
    public abstract ModelState NewState(int batch, int capacity = 0);

    /// <inheritdoc/>
    public virtual ModelState Begin(IReadOnlyDictionary<string, Tensor> inputs, int capacity = 0) =>
        NewState(checked((int)Input(inputs, Inputs[0]).shape[0]), capacity);

    /// <inheritdoc/>
    public abstract Tensor Advance(Tensor tokens, ModelState state, Tensor? mask = null, bool last = false);

    /// <summary>Fills the weights from a checkpoint: a folder or a safetensors file, in any of the declared layouts.</summary>
    /// <param name="path">The folder or the file.</param>
    /// <param name="warn">Told, in a sentence each, of what loads and is suspicious.</param>
    /// <exception cref="CheckpointException">Tensors are missing, unexpected or of another shape; all are named, and nothing was loaded.</exception>
    public void LoadWeights(string path, Action<string>? warn = null)
    {
        using Checkpoint checkpoint = Checkpoint.Open(path);
        var targets = Weights.All
            .Select(weight => new LoadTarget(weight.Key, weight.Shape, weight.Value) { Aliases = [.. weight.Aliases, .. SecondNames(weight.Key)] })
            .ToList();
        using (torch.no_grad())
        {
            checkpoint.LoadInto(targets, new LoadOptions { Layouts = [KeyLayout.Declared, .. KeyRules.Layouts], Ignore = KeyRules.Ignored, Warn = warn });
        }

        Weights.Changed();
    }

    /// <summary>Writes a folder with <c>config.json</c> and <c>model.safetensors</c>, each atomically. Tied weights are written once.</summary>
    public void Save(string folder)
    {
        Directory.CreateDirectory(folder);
        SaveConfig(folder);
        Checkpoint.Save(folder, Weights.All.Select(weight => TensorSource.From(weight.Key, weight.Value)).ToList());
    }

    /// <summary>Writes <c>config.json</c> into a folder, atomically.</summary>
    public void WriteConfig(string folder)
    {
        Directory.CreateDirectory(folder);
        SaveConfig(folder);
    }

    /// <inheritdoc/>
    public override string Explain() => string.Join(Environment.NewLine, Fused) + Environment.NewLine + base.Explain();

    /// <summary>Writes <c>config.json</c> into the folder.</summary>
    protected abstract void SaveConfig(string folder);

    /// <summary>A named input of <see cref="Run"/>.</summary>
    /// <exception cref="ArgumentException">It is not there.</exception>
    protected Tensor Input(IReadOnlyDictionary<string, Tensor> inputs, string name) =>
        OptionalInput(inputs, name) ?? throw new ArgumentException($"input '{name}' is missing; the model reads {string.Join(", ", Inputs)}", nameof(inputs));

    /// <summary>A named input of <see cref="Run"/> that may be absent.</summary>
    protected static Tensor? OptionalInput(IReadOnlyDictionary<string, Tensor> inputs, string name) =>
        inputs.TryGetValue(name, out Tensor? value) ? value : null;

    /// <summary>Hands a computed output to who asked for it; one that nobody asked for is disposed.</summary>
    protected static void Deliver(Dictionary<string, Tensor> named, string name, Tensor? value, bool wanted)
    {
        if (value is not null && wanted)
        {
            named[name] = value;
        }
        else
        {
            value?.Dispose();
        }
    }

    private IEnumerable<string> SecondNames(string key)
    {
        foreach ((string first, IReadOnlyList<string> others) in KeyRules.Same)
        {
            if (key == first || key.StartsWith(first + ".", StringComparison.Ordinal))
            {
                foreach (string other in others)
                {
                    yield return other + key[first.Length..];
                }
            }
        }
    }
}
