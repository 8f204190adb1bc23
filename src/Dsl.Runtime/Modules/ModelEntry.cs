using System;
using System.Collections.Generic;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>A published size of a model.</summary>
/// <param name="Name">As published.</param>
/// <param name="Config">Makes the configuration record.</param>
public sealed record ModelPreset(string Name, Func<object> Config);

/// <summary>A declared model, as the generator lists it for its assembly.</summary>
/// <param name="Name">The class's name.</param>
/// <param name="Architectures">The names under <c>architectures</c> in <c>config.json</c> that it answers to.</param>
/// <param name="Type">The class.</param>
public sealed record ModelEntry(string Name, IReadOnlyList<string> Architectures, Type Type)
{
    /// <summary>The configuration record.</summary>
    public required Type ConfigType { get; init; }

    /// <summary><c>model_type</c> in its files, which the other heads of its family share; null where it has none.</summary>
    public string? ModelType { get; init; }

    /// <summary>Binds a <c>config.json</c> to the configuration record; the caller calls <see cref="ConfigReader.Finish"/>.</summary>
    public required Func<ConfigReader, object> ReadConfig { get; init; }

    /// <summary>Builds the model over a table of weights.</summary>
    public required Func<object, Weights, IModel> Build { get; init; }

    /// <summary>The brackets of the declaration.</summary>
    public required string Declaration { get; init; }

    /// <summary>Published sizes.</summary>
    public required IReadOnlyList<ModelPreset> Presets { get; init; }

    /// <summary>A model with new weights.</summary>
    /// <exception cref="ConfigException">Sizes do not fit one another.</exception>
    public IModel Create(object config, ScalarType dtype = ScalarType.Float32, Device? device = null) => Build(config, new Weights(dtype, device));

    /// <summary>A published checkpoint folder.</summary>
    /// <exception cref="ConfigException">The config says what this model does not do.</exception>
    /// <exception cref="CheckpointException">Tensors are missing, unexpected or of another shape; nothing was loaded.</exception>
    public IModel Load(string folder, ScalarType dtype = ScalarType.Float32, Device? device = null, LoadOptions? options = null) =>
        Load(folder, ConfigReader.Open(folder), dtype, device, options);

    internal IModel Load(string folder, ConfigReader reader, ScalarType dtype, Device? device, LoadOptions? options) =>
        ModelLoading.Load(folder, reader, dtype, device, options, ReadConfig, (config, weights) => (GeneratedModel)Build(config, weights));

    /// <summary>How many numbers a model of this configuration holds, without allocating them.</summary>
    public long ParameterCount(object config) => Build(config, Weights.Outline()).Weights.Count;
}
