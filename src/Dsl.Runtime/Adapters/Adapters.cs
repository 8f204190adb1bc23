using System;
using System.Collections.Generic;
using System.Linq;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>
/// Low-rank adapters of a model that is there: any number of them over one base, one of which (or none) a call uses. What is computed by a linear map sees
/// them in every form: parallel, stateful, packed with others, and with its activation or residual within.
/// </summary>
public static class Adapters
{
    /// <summary>The name of an adapter that has no other.</summary>
    public const string DefaultName = "default";

    /// <summary>
    /// A new adapter, in use from now on: A drawn as peft draws it (uniform up to 1 / sqrt(in), the same as He's with a = sqrt(5)), B zero, so that the model
    /// first gives what it gave. Whatever was trained before is frozen: from here on only adapters are trained.
    /// </summary>
    /// <param name="model">Its own weights stay as they are.</param>
    /// <param name="options">Which maps, and how.</param>
    /// <param name="name">By which it is chosen.</param>
    /// <exception cref="ArgumentException">The options make no sense, a target means no linear map of the model, or the name is taken.</exception>
    public static Adapter Add(IModel model, AdapterOptions options, string name = DefaultName)
    {
        Adapter adapter = Make(model.Weights, options, name, Heads(model), declared: false);
        if (!model.Weights.Table.Initialize && model.Weights.Device.type != TorchSharp.DeviceType.META)
        {
            // A model that was to be filled from a file fills nothing by itself.
            foreach (Weight weight in adapter.Weights)
            {
                weight.Init.Apply(weight.Value);
            }
        }

        return adapter;
    }

    /// <summary>An adapter from a folder as peft writes it: <c>adapter_config.json</c> and <c>adapter_model.safetensors</c>; in use from now on.</summary>
    /// <exception cref="ConfigException">The config asks for what is not there, or means no linear map of this model; the message names the key.</exception>
    /// <exception cref="CheckpointException">Tensors are missing, unexpected or of another shape; nothing was added.</exception>
    /// <exception cref="ArgumentException">The name is taken.</exception>
    public static Adapter Load(IModel model, string folder, string name = DefaultName)
    {
        AdapterConfig config = AdapterConfig.Read(folder);
        Adapter adapter;
        try
        {
            // Nothing is allocated before the file's shapes are known to be these.
            adapter = Make(model.Weights, config.Options, name, Heads(model), declared: false);
        }
        catch (ArgumentException e) when (Of(model).Find(name) is null)
        {
            throw config.Error(e.Message, e);
        }

        try
        {
            adapter.Source = config;
            AdapterFiles.Fill(adapter, model, folder);
            return adapter;
        }
        catch
        {
            Remove(model, name);
            throw;
        }
    }

    /// <summary>The adapter of a name.</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    public static Adapter Get(IModel model, string name = DefaultName) => Of(model).Get(name);

    /// <summary>All adapters of a model, in the order in which they came.</summary>
    public static IReadOnlyCollection<Adapter> All(IModel model) => Of(model).All;

    /// <summary>The adapter that calls use here; null where it is the base itself.</summary>
    public static Adapter? Current(IModel model) => Of(model).Current ?? Of(model).Merged;

    /// <summary>
    /// Calls until the result is disposed, in this flow of control, use the named adapter, or, with null, the base itself. A state (a cache) belongs to the
    /// adapter that it was read with.
    /// </summary>
    /// <exception cref="ArgumentException">There is no such adapter.</exception>
    public static IDisposable Use(IModel model, string? name) => Of(model).Use(name is null ? null : Of(model).Get(name));

    /// <summary>Takes an adapter away, its matrices with it; one that is merged stays part of the weights, for good. With the last one, what it froze is
    /// trained again.</summary>
    /// <exception cref="ArgumentException">There is none of that name.</exception>
    public static void Remove(IModel model, string name = DefaultName)
    {
        AdapterTable table = Of(model);
        Adapter adapter = table.Get(name);
        foreach (Product product in model.Weights.Table.Products)
        {
            product.Forget(adapter);
        }

        foreach (Weight weight in adapter.Weights)
        {
            model.Weights.Forget(weight);
        }

        adapter.Forget();
        table.Merged = adapter.IsMerged ? null : table.Merged;
        table.Remove(adapter);
    }

    /// <summary>An adapter over the maps that a table declares.</summary>
    /// <param name="weights">The model's root: its matrices are listed there.</param>
    /// <param name="options">What it is.</param>
    /// <param name="name">By which it is chosen.</param>
    /// <param name="heads">Heads of the model.</param>
    /// <param name="declared">Whether the model's declaration has it: then the matrices are the model's own, in its files too.</param>
    internal static Adapter Make(Weights weights, AdapterOptions options, string name, IReadOnlySet<Product> heads, bool declared)
    {
        options.Validate();
        WeightTable table = weights.Table;
        if (name.Length == 0 || name.Contains('.', StringComparison.Ordinal))
        {
            throw new ArgumentException($"'{name}' is no name of an adapter, expected one without dots");
        }

        if (table.Adapters.Find(name) is not null)
        {
            throw new ArgumentException($"an adapter '{name}' is there already, expected another name");
        }

        List<Product> products = [.. table.Products.Where(product => options.Adapts(product.Key, heads.Contains(product)))];
        foreach (string target in options.Targets.Where(target => target != AdapterOptions.AllLinear))
        {
            if (!table.Products.Any(product => TargetPatterns.Fits(target, product.Key)))
            {
                throw new ArgumentException($"'{target}' means no linear map of this model, expected ends of: {Known(table)}");
            }
        }

        if (products.Count == 0)
        {
            throw new ArgumentException($"the adapter '{name}' means no linear map of this model, expected some of: {Known(table)}");
        }

        table.Adapters.Freeze(weights.All);
        var adapter = new Adapter(table, name, options);
        var made = new Dictionary<string, LowRank>(StringComparer.Ordinal);
        string own = declared ? "" : "." + name;
        foreach (Product product in products)
        {
            if (!made.TryGetValue(product.Key, out LowRank? matrices))
            {
                double bound = 1 / Math.Sqrt(product.In);
                int rank = options.RankAt(product.Key);
                Weight a = weights.Tensor($"/{product.Key}.lora_A{own}.weight", [rank, product.In], Initializer.Uniform(-bound, bound));
                Weight b = weights.Tensor($"/{product.Key}.lora_B{own}.weight", [product.Out, rank], Initializer.Zeros);
                a.MayBeMissing = b.MayBeMissing = true;
                (a.Adapter, b.Adapter) = declared ? (null, null) : (name, name);
                matrices = made[product.Key] = new LowRank(table, a, b, options.ScaleAt(product.Key), options.Dropout);
            }

            adapter.Add(product.Key, product, matrices);
            product.Take(adapter, matrices);
        }

        table.Adapters.Add(adapter);
        return adapter;
    }

    private static AdapterTable Of(IModel model) => model.Weights.Table.Adapters;

    /// <summary>The linear maps of the model that are heads.</summary>
    internal static HashSet<Product> Heads(IModel model) => [.. model.Outputs.Select(model.HeadOf).OfType<OutputHead>().Select(head => head.Product)];

    private static string Known(WeightTable table)
    {
        string[] ends = [.. table.Products.Select(product => product.Key.Split('.')[^1]).Distinct()];
        return string.Join(", ", ends.Take(20)) + (ends.Length > 20 ? ", ..." : "");
    }
}
