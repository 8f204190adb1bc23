using System;
using System.Collections.Generic;
using System.Linq;
using System.Reflection;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>Declared models, found by what a published <c>config.json</c> says.</summary>
/// <param name="models">The models; where two answer to one architecture, the first is meant.</param>
public sealed class ModelRegistry(IReadOnlyList<ModelEntry> models)
{
    /// <summary>All of them.</summary>
    public IReadOnlyList<ModelEntry> All { get; } = models;

    /// <summary>The models that an assembly declares: <c>DslModels</c> in its own files. Empty where it declares none.</summary>
    public static ModelRegistry Of(Assembly assembly) =>
        new([.. assembly.GetTypes().Where(type => type is { Namespace: "Dsl.Assemblies", IsClass: true })
            .Select(type => type.GetProperty("All", BindingFlags.Public | BindingFlags.Static)?.GetValue(null))
            .OfType<IReadOnlyList<ModelEntry>>().SelectMany(list => list)]);

    /// <summary>The model that answers to an architecture's name; null where none does.</summary>
    public ModelEntry? Find(string architecture) => All.FirstOrDefault(entry => entry.Architectures.Contains(architecture));

    /// <summary>The model that a config names.</summary>
    /// <exception cref="ConfigException">None of these answers to its architectures.</exception>
    public ModelEntry Find(ConfigReader reader)
    {
        IReadOnlyList<string> named = reader.Architectures;
        return named.Select(Find).FirstOrDefault(found => found is not null)
            ?? throw reader.Error(
                $"no declared model answers to the architecture '{string.Join(", ", named)}'; known: "
                + string.Join(", ", All.SelectMany(entry => entry.Architectures).Order(StringComparer.Ordinal)));
    }

    /// <summary>A model with new weights, from the text of a config.</summary>
    /// <exception cref="ConfigException">The config names no declared architecture or says what the model does not do.</exception>
    public IModel Create(ConfigReader reader, ScalarType dtype = ScalarType.Float32, Device? device = null)
    {
        ModelEntry entry = Find(reader);
        object config = entry.ReadConfig(reader);
        reader.Finish();
        return entry.Create(config, dtype, device);
    }

    /// <summary>A published checkpoint folder.</summary>
    /// <exception cref="ConfigException">The config names no declared architecture or says what the model does not do.</exception>
    /// <exception cref="CheckpointException">Tensors are missing, unexpected or of another shape; nothing was loaded.</exception>
    public IModel Load(string folder, ScalarType dtype = ScalarType.Float32, Device? device = null) =>
        Find(ConfigReader.Open(folder)).Load(folder, dtype, device);
}
