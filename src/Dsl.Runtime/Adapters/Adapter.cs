using System;
using System.Collections.Generic;
using System.Linq;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>A low-rank adapter of a model: two small matrices for each linear map that it adapts.</summary>
public sealed class Adapter
{
    private readonly WeightTable table;
    private readonly SortedDictionary<string, (Product Product, LowRank Matrices)> targets = new(StringComparer.Ordinal);
    private readonly HashSet<Weight> weights = [];
    private Dictionary<string, Tensor>? kept;

    internal Adapter(WeightTable table, string name, AdapterOptions options)
    {
        this.table = table;
        Name = name;
        Options = options;
    }

    /// <summary>By which it is chosen.</summary>
    public string Name { get; }

    /// <summary>What it was made by.</summary>
    public AdapterOptions Options { get; }

    /// <summary>Keys of the linear maps that it adapts, in order.</summary>
    public IReadOnlyCollection<string> Targets => targets.Keys;

    /// <summary>A and B of each map.</summary>
    public IReadOnlyCollection<Weight> Weights => weights;

    /// <summary>How many numbers it trains.</summary>
    public long Count => weights.Sum(weight => weight.Count);

    /// <summary>Whether its matrices are part of the model's weights now.</summary>
    public bool IsMerged => table.Adapters.Merged == this;

    /// <summary>A of the map of a key, [rank, in].</summary>
    public Weight A(string target) => Of(target).A;

    /// <summary>B of the map of a key, [out, rank].</summary>
    public Weight B(string target) => Of(target).B;

    /// <summary>What is added to W at a key: scale B A, [out, in]; the caller disposes it.</summary>
    public Tensor Update(string target)
    {
        using IDisposable off = no_grad();
        return Of(target).Update();
    }

    /// <summary>
    /// Adds each map's scale B A to its weight, in the weight's type, so that the model costs what it did without an adapter. Until it is unmerged no other
    /// adapter, nor the base, can be run.
    /// </summary>
    /// <param name="keep">Copies of the weights are kept, and unmerging gives them back to the bit; false: unmerging subtracts, and rounds once more.</param>
    /// <exception cref="InvalidOperationException">One is merged already, or a map's weight belongs to something else too, or is no float.</exception>
    public void Merge(bool keep = true)
    {
        if (table.Adapters.Merged is { } merged)
        {
            throw new InvalidOperationException($"the adapter '{merged.Name}' is merged already, expected none: unmerge it first");
        }

        foreach ((string key, (Product product, _)) in targets)
        {
            if (product.Weight.Quantised is not null)
            {
                throw new InvalidOperationException($"'{product.Weight.Key}' is in NF4, expected numbers to merge the adapter into");
            }

            if (product.Tied)
            {
                throw new InvalidOperationException($"'{key}' has no weight of its own ('{product.Weight.Key}' is read there), so that merging the adapter "
                    + "would change that too");
            }
        }

        if (keep)
        {
            kept = targets.ToDictionary(pair => pair.Key, pair => pair.Value.Product.Weight.Value.detach().clone().DetachFromDisposeScope());
        }

        Change((matrix, update) => matrix.Increase(update));
        table.Adapters.Merged = this;
    }

    /// <summary>Gives the weights back as they were before <see cref="Merge"/>: to the bit where copies were kept, else by subtraction.</summary>
    /// <exception cref="InvalidOperationException">It is not merged.</exception>
    public void Unmerge()
    {
        if (!IsMerged)
        {
            throw new InvalidOperationException($"the adapter '{Name}' is not merged");
        }

        if (kept is null)
        {
            Change((matrix, update) => matrix.sub_(update));
        }
        else
        {
            using IDisposable off = no_grad();
            foreach ((string key, Tensor copy) in kept)
            {
                targets[key].Product.Weight.Value.copy_(copy);
            }

            Forget();
            table.Touch();
        }

        table.Adapters.Merged = null;
    }

    /// <summary>
    /// Writes a folder that peft opens: <c>adapter_config.json</c> and <c>adapter_model.safetensors</c>, each atomically. What was read from such a folder
    /// keeps the keys that it came with.
    /// </summary>
    /// <exception cref="CheckpointException">A file could not be written.</exception>
    public void Save(string folder) => AdapterFiles.Write(this, folder);

    /// <summary>The config it was read from; null where it was made here.</summary>
    internal AdapterConfig? Source { get; set; }

    /// <summary>The file's names of the maps, by key, where they were read.</summary>
    internal IReadOnlyDictionary<string, string> Names { get; set; } = new Dictionary<string, string>();

    internal IEnumerable<(string Key, Product Product, LowRank Matrices)> Parts =>
        targets.Select(pair => (pair.Key, pair.Value.Product, pair.Value.Matrices));

    internal bool Owns(Weight weight) => weights.Contains(weight);

    internal void Add(string key, Product product, LowRank matrices)
    {
        if (targets.TryAdd(key, (product, matrices)))
        {
            weights.Add(matrices.A);
            weights.Add(matrices.B);
        }
    }

    /// <summary>Drops the copies.</summary>
    internal void Forget()
    {
        foreach (Tensor copy in kept?.Values ?? Enumerable.Empty<Tensor>())
        {
            copy.Dispose();
        }

        kept = null;
    }

    private LowRank Of(string target) => targets.TryGetValue(target, out var found) ? found.Matrices
        : throw new ArgumentException($"the adapter '{Name}' adapts no '{target}', expected one of: {string.Join(", ", targets.Keys)}", nameof(target));

    private void Change(Func<Tensor, Tensor, Tensor> add)
    {
        using IDisposable off = no_grad();
        foreach ((Product product, LowRank matrices) in targets.Values)
        {
            using Tensor matrix = product.Matrix();
            using Tensor update = matrices.Update();
            Tensors.InPlace(matrix, owned => add(owned, update));
        }

        table.Touch();
    }
}
