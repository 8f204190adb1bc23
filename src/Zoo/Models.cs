using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Dsl.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Zoo;

/// <summary>The zoo's models, found by what a published <c>config.json</c> says.</summary>
public static class Models
{
    /// <summary>All of them, by name.</summary>
    public static IReadOnlyList<ModelEntry> All => DslModels.All;

    /// <summary>The model that answers to an architecture name; null where the zoo declares none.</summary>
    public static ModelEntry? Find(string architecture) => All.FirstOrDefault(entry => entry.Architectures.Contains(architecture));

    /// <summary>A model with new weights, from the text of a config.</summary>
    /// <exception cref="ConfigException">The config names no declared architecture or says what the model does not do.</exception>
    public static IModel Create(ConfigReader reader, ScalarType dtype = ScalarType.Float32, Device? device = null)
    {
        ModelEntry entry = Of(reader);
        object config = entry.ReadConfig(reader);
        reader.Finish();
        return entry.Create(config, dtype, device);
    }

    /// <summary>A published checkpoint folder.</summary>
    /// <exception cref="ConfigException">The config names no declared architecture or says what the model does not do.</exception>
    /// <exception cref="CheckpointException">Tensors are missing, unexpected or of another shape; nothing was loaded.</exception>
    public static IModel Load(string folder, ScalarType dtype = ScalarType.Float32, Device? device = null) =>
        Of(ConfigReader.Open(folder)).Load(folder, dtype, device);

    private static ModelEntry Of(ConfigReader reader)
    {
        IReadOnlyList<string> named = reader.Architectures;
        return named.Select(Find).FirstOrDefault(found => found is not null)
            ?? throw reader.Error(
                $"architecture '{string.Join(", ", named)}' not in the zoo; known: "
                + string.Join(", ", All.SelectMany(entry => entry.Architectures).Order(StringComparer.Ordinal)));
    }
}
