using System;
using System.Collections.Generic;
using System.Linq;

namespace Dsl.Runtime;

/// <summary>
/// What loading a folder would say, from its config and the names in its index or headers alone: nothing is allocated, the tensor library is not loaded, and
/// weight files may be missing.
/// </summary>
public sealed record ModelCheck
{
    /// <summary>The class of the published library that the model answers to.</summary>
    public string? Class { get; private init; }

    /// <summary>Tensors that the folder holds; those that the model asks for where nothing says what it holds.</summary>
    public IReadOnlyList<string> Tensors { get; private init; } = [];

    /// <summary>Tensors that the model asks for and the folder does not hold.</summary>
    public IReadOnlyList<string> Missing { get; private init; } = [];

    /// <summary>Tensors that nothing asks for.</summary>
    public IReadOnlyList<string> Unexpected { get; private init; } = [];

    /// <summary>Tensors that are no weights of the model: its declaration passes over them.</summary>
    public IReadOnlyList<string> Ignored { get; private init; } = [];

    /// <summary>Tensors of another head of the family, which are passed over.</summary>
    public IReadOnlyList<string> PassedOver { get; private init; } = [];

    /// <summary>Tensors of another shape or type, each a sentence.</summary>
    public IReadOnlyList<string> Misfits { get; private init; } = [];

    /// <summary>Keys of the config that nobody knows and that are passed over.</summary>
    public IReadOnlyList<string> UnknownKeys { get; private init; } = [];

    /// <summary>Names of one weight under another name: <c>lm_head.weight</c> and what it is tied to.</summary>
    public IReadOnlyList<(string Name, string Weight)> Tied { get; private init; } = [];

    /// <summary>How many numbers the model holds, tied ones counted once.</summary>
    public long? Parameters { get; private init; }

    /// <summary>The values of the config as the model has read them: keys, dotted where they lie within an object.</summary>
    public IReadOnlyList<(string Path, object? Value)> Read { get; private init; } = [];

    /// <summary>What must be done before the folder can be loaded: weights to be fetched or converted.</summary>
    public IReadOnlyList<string> Notes { get; private init; } = [];

    /// <summary>Why it cannot be loaded, in a sentence; null where it can, once its weights are there.</summary>
    public string? Error { get; private init; }

    /// <summary>Checks a folder.</summary>
    /// <param name="registry">The models.</param>
    /// <param name="folder">A folder with a <c>config.json</c>.</param>
    /// <param name="options">Keys and tensors to pass over, as they would be given to loading.</param>
    /// <param name="architecture">The class that is meant, where the config names none; null: the config's.</param>
    public static ModelCheck Of(ModelRegistry registry, string folder, LoadOptions? options = null, string? architecture = null)
    {
        options ??= new LoadOptions();
        var check = new ModelCheck();
        try
        {
            var files = ModelFiles.In(folder);
            check = check with { Notes = files.Notes, Tensors = [.. files.Tensors?.Keys ?? []] };
            var reader = ConfigReader.Open(folder);
            reader.Ignore(options.IgnoreKeys);
            var entry = architecture is null ? registry.Find(reader, () => files.Tensors)
                : registry.Find(architecture) ?? throw reader.Error($"no declared model answers to the architecture '{architecture}'");
            check = check with { Class = ClassOf(entry, reader) };
            object config = ModelLoading.Build(reader.File, () => entry.ReadConfig(reader));
            string? refused = null;
            try
            {
                Nf4Files.Check(reader);
                reader.Finish();
            }
            catch (ConfigException e)
            {
                // Keys that are not supported say nothing of the tensors: those are compared all the same.
                refused = e.Message;
            }
            var weights = Weights.Outline();
            weights.Table.Limit = WeightLimit.Of(reader.File, files);
            var model = (GeneratedModel)ModelLoading.Build(reader.File, () => entry.Build(config, weights));
            weights.Table.Limit = null;
            return check.WithModel(model, reader, files, OtherFolders.Of(model.KeyRules, folder, reader), options, refused);
        }
        catch (Exception e) when (e is ConfigException or CheckpointException)
        {
            return check with { Error = e.Message };
        }
    }

    private ModelCheck WithModel(GeneratedModel model, ConfigReader reader, ModelFiles files, OtherFolders others, LoadOptions options, string? refused)
    {
        var weights = model.Weights.All;
        var check = this with
        {
            UnknownKeys = reader.Unknown,
            Parameters = weights.Where(weight => weight.Trainable).Sum(weight => weight.Count), // as published libraries count: no buffers
            Error = refused,
            Read = CheckedValues.Of(model, reader),
            Tied = [.. weights.SelectMany(weight => KeyTarget.Of(weight, model.KeyRules).Aliases.Select(alias => (alias, weight.Key)))],
        };
        check = check with
        {
            Notes =
            [
                .. check.Notes, .. others.Absent,
                .. others.Found.Select(other => $"{SafeTensorsHeader.Quote(other.Place)} is read with it ({other.Rule.Path})"),
            ],
        };
        if (files.Tensors is not { } own)
            return check with { Tensors = [.. weights.Select(weight => weight.Key)] };
        var held = new Dictionary<string, TensorEntry?>(own, StringComparer.Ordinal);
        others.Join(held, model.AskedNames, place => ModelFiles.In(place).Tensors ?? new Dictionary<string, TensorEntry?>());
        var fit = model.FitOf(Int8Files.Plain(Nf4Files.Plain(held)), options.Ignore);
        fit.PassOver(() => ModelFamily.OtherNames(model.GetType(), model.Config));
        fit.Misfits.AddRange(Nf4Files.Misplaced(fit, held));
        var problems = fit.Problems(options.AllowUnexpected);
        return check with
        {
            Missing = fit.Missing,
            Unexpected = fit.Unexpected,
            Ignored = fit.Ignored,
            PassedOver = fit.PassedOver,
            Misfits = fit.Misfits,
            Error = problems.Count == 0 ? refused
                : (refused is null ? "" : refused + "; ")
                    + $"{CheckpointException.NameOf(files.File)}: {string.Join("; ", problems)}, expected the model's tensors",
        };
    }

    // Its own name for it, where the model answers to several.
    private static string ClassOf(ModelEntry entry, ConfigReader reader) => reader.Architectures.FirstOrDefault(entry.Architectures.Take(1).Contains)
        ?? entry.Architectures.FirstOrDefault() ?? entry.Name;
}
