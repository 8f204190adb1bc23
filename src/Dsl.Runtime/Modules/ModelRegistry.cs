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
    // How the classes of language models are called.
    private static readonly string[] Writers = ["ForCausalLM", "LMHeadModel", "ForConditionalGeneration"];

    /// <summary>All of them.</summary>
    public IReadOnlyList<ModelEntry> All { get; } = models;

    /// <summary>The models that an assembly declares: <c>DslModels</c> in its own files. Empty where it declares none.</summary>
    public static ModelRegistry Of(Assembly assembly) =>
        new([.. assembly.GetTypes().Where(type => type is { Namespace: "Dsl.Assemblies", IsClass: true })
            .Select(type => type.GetProperty("All", BindingFlags.Public | BindingFlags.Static)?.GetValue(null))
            .OfType<IReadOnlyList<ModelEntry>>().SelectMany(list => list)]);

    /// <summary>The model that answers to an architecture's name; null where none does.</summary>
    /// <remarks>Old files write names in other cases (<c>LLaMA...</c>); exactly equal ones come first.</remarks>
    public ModelEntry? Find(string architecture) => All.FirstOrDefault(entry => entry.Architectures.Contains(architecture))
        ?? All.FirstOrDefault(entry => entry.Architectures.Contains(architecture, StringComparer.OrdinalIgnoreCase));

    /// <summary>
    /// The model that a config names: by <c>architectures</c>; else, by <c>model_type</c>, the one of that family with the same head (<c>...ForCausalLM</c>),
    /// and where no class is named the family's only one, or the language model, or the one without a head.
    /// </summary>
    /// <exception cref="ConfigException">None of these answers to it; the message says what is missing and what is known.</exception>
    public ModelEntry Find(ConfigReader reader) => Find(reader, null);

    /// <summary>The same, where a folder's tensors can say which head they belong to.</summary>
    internal ModelEntry Find(ConfigReader reader, Func<IReadOnlyDictionary<string, TensorEntry?>?>? tensors)
    {
        IReadOnlyList<string> named = reader.Architectures;
        if (named.Select(Find).FirstOrDefault(found => found is not null) is { } answering)
        {
            return answering;
        }

        string? type = reader.ModelType;
        List<ModelEntry> family = [.. All.Where(entry => type is not null && entry.ModelType == type && entry.Architectures.Count > 0)];
        if (named.Count > 0)
        {
            string head = named[0].LastIndexOf("For", StringComparison.Ordinal) is > 0 and int at ? named[0][at..] : "";
            return family.FirstOrDefault(entry => head.Length > 0 && entry.Architectures.Any(name => name.EndsWith(head, StringComparison.Ordinal)))
                ?? throw reader.Error($"no declared model answers to the architecture '{string.Join(", ", named)}'; {Known(family, named[0])}");
        }

        if (type is null)
        {
            throw reader.Error($"names neither architectures nor model_type, expected the class of the model; {Families()}");
        }

        if (family.Count == 0)
        {
            throw reader.Error($"architectures missing, and no declared model is of the model_type '{type}'; {Families()}");
        }

        ModelEntry? writer = Writers
            .Select(end => family.FirstOrDefault(entry => entry.Architectures.Any(name => name.EndsWith(end, StringComparison.Ordinal))))
            .FirstOrDefault(found => found is not null);
        ModelEntry? trunk = Trunk(family);
        ModelEntry? fitting = family is [var only] ? only : BestFit(family, reader, tensors?.Invoke());
        return fitting ?? (tensors is null ? writer ?? trunk : trunk ?? writer)
            ?? throw reader.Error($"architectures missing, expected the class of the model; {Known(family, "")}");
    }

    /// <summary>Classes for a message: those of a family, or a few of all that begin as a name does.</summary>
    private string Known(List<ModelEntry> family, string name)
    {
        const int most = 8;
        List<string> all = [.. (family.Count > 0 ? family : All).SelectMany(entry => entry.Architectures).Distinct(StringComparer.Ordinal)
            .OrderByDescending(known => known.AsSpan().CommonPrefixLength(name)).ThenBy(known => known, StringComparer.Ordinal)];
        return "known: " + string.Join(", ", all.Take(most)) + (all.Count > most ? $" and {all.Count - most} more" : "");
    }

    /// <summary>Families for a message.</summary>
    private string Families() => "known model_type: "
        + string.Join(", ", All.Select(entry => entry.ModelType).OfType<string>().Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal));

    /// <summary>What answers to its family's name alone (<c>BartModel</c>), which the published library takes where no class is named.</summary>
    private static ModelEntry? Trunk(List<ModelEntry> family) => family
        .Where(entry => entry.Architectures.Any(name => name.EndsWith("Model", StringComparison.Ordinal))).MinBy(entry => entry.Architectures[0].Length);

    /// <summary>The head whose tensors are all there, and that leaves the fewest over.</summary>
    private static ModelEntry? BestFit(List<ModelEntry> family, ConfigReader reader, IReadOnlyDictionary<string, TensorEntry?>? tensors)
    {
        if (tensors is null)
        {
            return null;
        }

        var fits = new List<(ModelEntry Entry, int Unexpected)>();
        foreach (ModelEntry entry in family)
        {
            try
            {
                var weights = Weights.Outline();
                weights.Table.Limit = new WeightLimit(reader.File, "the folder", tensors.Count);
                var model = (GeneratedModel)ModelLoading.Build(reader.File, () => entry.Build(entry.ReadConfig(reader), weights));
                KeyFit fit = model.FitOf(tensors);
                if (fit.Missing.Count == 0)
                {
                    fits.Add((entry, fit.Unexpected.Count));
                }
            }
            catch (ConfigException)
            {
                // A head that this config cannot have; if none can, reading says why.
            }
        }

        // A tied head has no tensors of its own: of two that fit alike, the one with a head is meant.
        ModelEntry? trunk = Trunk(family);
        return fits.OrderBy(fit => fit.Unexpected).ThenBy(fit => fit.Entry == trunk).Select(fit => fit.Entry).FirstOrDefault();
    }

    /// <summary>A model with new weights, from the text of a config.</summary>
    /// <exception cref="ConfigException">The config names no declared architecture or says what the model does not do.</exception>
    public IModel Create(ConfigReader reader, ScalarType dtype = ScalarType.Float32, Device? device = null)
    {
        ModelEntry entry = Find(reader);
        object config = ModelLoading.ReadConfig(reader, [], null, entry.ReadConfig);
        IModel model = ModelLoading.Build(reader.File, () => entry.Create(config, dtype, device));
        if (model is GeneratedModel generated)
        {
            generated.Source = ModelSource.Of(reader);
        }

        return model;
    }

    /// <summary>
    /// The model of a folder without its weights: inputs, outputs and shapes. Its weights stand on the meta device, where nothing is allocated.
    /// </summary>
    /// <exception cref="ConfigException">The config names no declared architecture or says what the model does not do.</exception>
    /// <exception cref="CheckpointException">The header or the index of its weights cannot be read.</exception>
    public IModel Outline(string folder, LoadOptions? options = null)
    {
        ConfigReader reader = ConfigReader.Open(folder);
        var files = ModelFiles.In(folder);
        ModelEntry entry = Find(reader, () => files.Tensors);
        object config = ModelLoading.ReadConfig(reader, options?.IgnoreKeys ?? [], null, entry.ReadConfig);
        Weights weights = Weights.Outline();
        weights.Table.Limit = WeightLimit.Of(reader.File, files);
        return ModelLoading.Build(reader.File, () => entry.Build(config, weights));
    }

    /// <summary>A published checkpoint folder.</summary>
    /// <exception cref="ConfigException">The config names no declared architecture or says what the model does not do.</exception>
    /// <exception cref="CheckpointException">Tensors are missing, unexpected or of another shape; nothing was loaded.</exception>
    public IModel Load(string folder, ScalarType dtype = ScalarType.Float32, Device? device = null, LoadOptions? options = null)
    {
        ConfigReader reader = ConfigReader.Open(folder);
        return Find(reader, () => ModelFiles.In(folder).Tensors).Load(folder, reader, dtype, device, options);
    }
}
