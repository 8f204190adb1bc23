using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json;
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
    public virtual IReadOnlyList<(string Output, double Weight)> Losses => [];

    /// <inheritdoc/>
    public virtual OutputHead? HeadOf(string output) => null;

    /// <inheritdoc/>
    public abstract ModelState NewState(int batch, int capacity = 0);

    /// <inheritdoc/>
    public virtual ModelState Begin(IReadOnlyDictionary<string, Tensor> inputs, int capacity = 0) =>
        NewState(checked((int)Input(inputs, Inputs[0]).shape[0]), capacity);

    /// <inheritdoc/>
    public abstract Tensor Advance(Tensor tokens, ModelState state, Tensor? mask = null, bool last = false);

    /// <summary>The largest file of weights that <see cref="Save"/> writes unless it is told another size: 5 GB, as published folders are cut.</summary>
    public const long ShardBytes = 5_000_000_000;

    /// <summary>What it was read from; null where it was made here.</summary>
    internal ModelSource? Source { get; set; }

    /// <summary>
    /// Fills the weights from a checkpoint: a folder or a safetensors file, in any of the declared layouts. What belongs to another head of the model's
    /// family is passed over with a warning that names it.
    /// </summary>
    /// <param name="path">The folder or the file.</param>
    /// <param name="options">Further names to pass over, and where warnings go.</param>
    /// <exception cref="CheckpointException">Tensors are missing, unexpected or of another shape; all are named, and nothing was loaded.</exception>
    public void LoadWeights(string path, LoadOptions? options = null)
    {
        using Checkpoint checkpoint = Checkpoint.Open(path);
        LoadWeights(checkpoint, options ?? new LoadOptions());
    }

    /// <summary>The weights that its files hold: adapters that were added have files of their own.</summary>
    private IEnumerable<Weight> Filed => Weights.All.Where(weight => weight.Adapter is null);

    /// <summary>How the tensors of a file, by name, fit this model's.</summary>
    internal KeyFit FitOf(IReadOnlyDictionary<string, TensorEntry?> tensors, IReadOnlyList<string>? ignore = null) => KeyFit.Best(
        KeyRules.AllLayouts, [.. Filed.Select(weight => KeyTarget.Of(weight, KeyRules))], tensors, [.. KeyRules.Ignored, .. ignore ?? []]);

    /// <summary>Every name under which a file may hold a weight, in any layout.</summary>
    internal IReadOnlySet<string> AskedNames() => Filed.Select(weight => KeyTarget.Of(weight, KeyRules))
        .SelectMany(target => KeyRules.AllLayouts.SelectMany(target.Names)).ToHashSet(StringComparer.Ordinal);

    internal LoadReport LoadWeights(Checkpoint checkpoint, LoadOptions options)
    {
        IReadOnlyList<(Weight Weight, string Name)> quantised = Nf4Files.In(checkpoint, Filed, KeyRules);
        HashSet<Weight> matrices = [.. quantised.Select(pair => pair.Weight)];
        var targets = Filed.Where(weight => !matrices.Contains(weight))
            .Select(weight => (Weight: weight, Key: KeyTarget.Of(weight, KeyRules)))
            .Select(pair => new LoadTarget(pair.Weight.Key, pair.Weight.Shape, pair.Weight.Value)
            {
                Aliases = pair.Key.Aliases,
                // What nothing trains (rate 0), and an adapter, begins as declared where the file leaves it out.
                WhenMissing = pair.Key.Optional ? () => pair.Weight.Init.Apply(pair.Weight.Value) : null,
            })
            .ToList();
        LoadReport report;
        using (torch.no_grad())
        {
            report = checkpoint.LoadInto(targets, options with
            {
                Layouts = KeyRules.AllLayouts,
                Ignore = [.. KeyRules.Ignored, .. options.Ignore, .. quantised.SelectMany(pair => Nf4Files.Beside(pair.Name))],
                OtherHeads = () => ModelFamily.OtherNames(GetType(), Config),
            });
        }

        foreach ((Weight weight, string name) in quantised)
        {
            Take(weight, checkpoint, name);
        }

        Weights.Changed();
        return report with { Names = report.Names.Concat(quantised.Select(pair => KeyValuePair.Create(pair.Weight.Key, pair.Name))).ToDictionary() };
    }

    /// <summary>A matrix in NF4 where a linear map alone reads it.</summary>
    private void Take(Weight weight, Checkpoint checkpoint, string name)
    {
        Nf4Matrix matrix = Nf4Files.Read(checkpoint, name);
        Product? product = Weights.Table.Products.FirstOrDefault(product => product.Weight == weight && !product.Tied && !weight.IsTable);
        if (product is null || (product.Out, product.In) != (matrix.Rows, matrix.Columns))
        {
            matrix.Dispose();
            throw new CheckpointException(checkpoint.Path, $"{SafeTensorsHeader.Quote(name)} is a matrix [{matrix.Rows}, {matrix.Columns}] in NF4, expected "
                + (product is null ? "numbers: no linear map alone reads it" : $"[{product.Out}, {product.In}]"));
        }

        weight.Quantise(matrix);
    }

    /// <summary>
    /// Writes a folder that the published library opens: <c>config.json</c>, <c>model.safetensors</c> and, of a model that writes,
    /// <c>generation_config.json</c>, each atomically. A model that was loaded gives back all keys and names of its files as they came; of one that was made
    /// here the config says <c>model_type</c>, <c>architectures</c> and <c>dtype</c>. Tied weights are written once.
    /// </summary>
    /// <param name="folder">Made where it is missing.</param>
    /// <param name="keys">
    /// Further keys of the config, in place of those that it has: ids of special tokens (<c>eos_token_id</c>), and what else the model's user knows. Null, a
    /// bool, a whole number, a double, a string, or a list of these.
    /// </param>
    /// <param name="maxShardBytes">Weights beyond so many bytes are written as shards of at most that size, with their index.</param>
    /// <exception cref="CheckpointException">A file could not be written.</exception>
    public void Save(string folder, IReadOnlyDictionary<string, object?>? keys = null, long maxShardBytes = ShardBytes)
    {
        Directory.CreateDirectory(folder);
        var members = ConfigMembers(keys);
        ConfigWriter.WriteMembers(Path.Combine(folder, "config.json"), members);
        ModelSource? source = Source is { } read && read.IsOf(Architectures) ? read : null;
        using (DisposeScope views = torch.NewDisposeScope())
        {
            Checkpoint.Save(folder, [.. Filed.SelectMany(weight => SourcesOf(folder, weight, source))], maxShardBytes);
        }

        if (Source?.Generation is not null || Writes)
        {
            GenerationSettings.Write(folder, Source?.Generation, members);
        }
    }

    /// <summary>A weight as its file held it: whole, or in pieces.</summary>
    /// <exception cref="CheckpointException">Its files hold only parts of it, and what they leave out is no longer zero.</exception>
    private static IEnumerable<TensorSource> SourcesOf(string folder, Weight weight, ModelSource? source)
    {
        if (source?.Pieces[weight.Key].ToList() is not { Count: > 0 } pieces)
        {
            return Nf4Files.Sources(source?.Names.GetValueOrDefault(weight.Key) ?? weight.Key, weight);
        }

        KeyPiece first = pieces[0].Piece;
        foreach (int part in first.Element is null ? Enumerable.Range(0, first.Parts).Except(pieces.Select(held => held.Piece.Part)) : [])
        {
            using Tensor left = (first with { Part = part }).Of(weight.Value), count = left.count_nonzero();
            if (count.item<long>() > 0)
            {
                throw new CheckpointException(folder, $"{SafeTensorsHeader.Quote(weight.Key)} has numbers other than zero in part {part + 1} of {first.Parts}, "
                    + "for which the layout that it was read in has no tensor");
            }
        }

        return pieces.Select(held => TensorSource.From(held.Name, held.Piece.Of(weight.Value)));
    }

    /// <summary>Writes <c>config.json</c> into a folder, atomically.</summary>
    public void WriteConfig(string folder)
    {
        Directory.CreateDirectory(folder);
        ConfigWriter.WriteMembers(Path.Combine(folder, "config.json"), ConfigMembers(null));
    }

    /// <summary>The config of a model that was made here.</summary>
    private IReadOnlyList<(string Path, object? Value)> OwnMembers()
    {
        IEnumerable<(string, object?)> own = ConfigValues;
        if (Architectures.Count > 0)
        {
            own = own.Append(("architectures", Architectures.Take(1)));
        }

        if (ModelType is { } type)
        {
            own = own.Append(("model_type", type));
        }

        return ConfigWriter.Members(own.Append(("dtype", Weights.Dtype.ToString().ToLowerInvariant())));
    }

    /// <summary>The config of a loaded model, as it came; what others cannot open it without is added, and its type is the one of the weights.</summary>
    private IEnumerable<(string Path, object? Value)> ReadMembers(ModelSource source)
    {
        string type = Weights.Dtype.ToString().ToLowerInvariant();
        List<(string Path, object? Value)> members = [.. source.Members(Architectures).Select(member =>
            member is { Path: "dtype" or "torch_dtype", Value: ConfigNode { Kind: JsonTokenType.String } } ? (member.Path, type) : member)];
        if (Architectures.Count > 0 && members.All(member => member.Path != "architectures"))
        {
            members.Add(("architectures", Architectures.Take(1)));
        }

        if (ModelType is { } family && members.All(member => member.Path != "model_type"))
        {
            members.Add(("model_type", family));
        }

        return members;
    }

    private List<(string Path, object? Value)> ConfigMembers(IReadOnlyDictionary<string, object?>? keys)
    {
        // What the weights are now, not what they were read from: int8 has become numbers.
        IEnumerable<(string Path, object? Value)> members =
            [.. (Source is null ? OwnMembers() : ReadMembers(Source)).Where(member => member.Path != "quantization_config")];
        if (Weights.All.Any(weight => weight.Quantised is not null))
        {
            members = [.. members, ("quantization_config", Nf4Files.ConfigOf(Weights.All, Weights.Table.Products))];
        }

        return [.. members.Where(member => keys?.ContainsKey(member.Path) != true), .. keys?.Select(pair => (pair.Key, pair.Value)) ?? []];
    }

    /// <inheritdoc/>
    public override string Explain() => string.Join(Environment.NewLine, Fused) + Environment.NewLine + base.Explain();

    /// <summary>Classes of the published library that it answers to, the one that saved files name first; empty where it has none.</summary>
    protected virtual IReadOnlyList<string> Architectures => [];

    /// <summary><c>model_type</c> in its files; null where it has none.</summary>
    protected virtual string? ModelType => null;

    /// <summary>Whether it writes text, token by token.</summary>
    protected virtual bool Writes => false;

    /// <summary>What <c>config.json</c> says of its record: dotted paths with their values.</summary>
    protected abstract IReadOnlyList<(string Path, object? Value)> ConfigValues { get; }

    /// <summary>The same, for checks of folders.</summary>
    internal IReadOnlyList<(string Path, object? Value)> ReadValues => ConfigValues;

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
}
