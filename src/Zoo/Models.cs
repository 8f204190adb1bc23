using System.Collections.Generic;
using Dsl.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Zoo;

/// <summary>The zoo's models, found by what a published <c>config.json</c> says.</summary>
public static class Models
{
    /// <summary>All of them.</summary>
    public static ModelRegistry Registry { get; } = new(DslModels.All);

    /// <summary>All of them, by name.</summary>
    public static IReadOnlyList<ModelEntry> All => Registry.All;

    /// <summary>The model that answers to an architecture name; null where the zoo declares none.</summary>
    public static ModelEntry? Find(string architecture) => Registry.Find(architecture);

    /// <summary>A model with new weights, from the text of a config.</summary>
    /// <exception cref="ConfigException">The config names no declared architecture or says what the model does not do.</exception>
    public static IModel Create(ConfigReader reader, ScalarType dtype = ScalarType.Float32, Device? device = null) => Registry.Create(reader, dtype, device);

    /// <summary>A published checkpoint folder.</summary>
    /// <exception cref="ConfigException">The config names no declared architecture or says what the model does not do.</exception>
    /// <exception cref="CheckpointException">Tensors are missing, unexpected or of another shape; nothing was loaded.</exception>
    public static IModel Load(string folder, ScalarType dtype = ScalarType.Float32, Device? device = null, LoadOptions? options = null) =>
        Registry.Load(folder, dtype, device, options);
}
