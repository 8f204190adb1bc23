using System;
using System.Collections.Generic;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>Everything the weights of one model share: the table itself, its dtype and device, and what is derived from them.</summary>
internal sealed class WeightTable
{
    private readonly Dictionary<string, Weight> byKey = new(StringComparer.Ordinal);
    private readonly List<Weight> order = [];
    private readonly List<Action> derived = [];
    private readonly List<Pack> packs = [];
    private readonly List<(string Key, nn.Module Module)> adopted = [];
    private readonly InitialRules rules = new();
    private readonly Dictionary<RotarySpec, Rotary> rotaries = [];
    private readonly Dictionary<object, MaskRule> masks = [];
    private readonly List<Func<IEnumerable<ChoiceRow>>> choices = [];
    private readonly List<Product> products = [];

    private Device? device;
    private int asked;

    internal WeightTable(ScalarType dtype, Device? device, bool initialize)
    {
        Dtype = dtype;
        this.device = device;
        Initialize = initialize;
    }

    /// <summary>Keys and shapes alone.</summary>
    internal bool IsOutline { get; init; }

    /// <summary>What to throw where more weights are declared or shared than a file can hold; null: no limit.</summary>
    internal WeightLimit? Limit { get; set; }

    internal ScalarType Dtype { get; private set; }

    // Asked for late: torch's own names load its libraries.
    internal Device Device
    {
        get => device ??= IsOutline ? torch.META : torch.CPU;
        private set => device = value;
    }

    internal bool Initialize { get; }

    /// <summary>Every linear map that was declared, in order.</summary>
    internal IReadOnlyList<Product> Products => products;

    internal AdapterTable Adapters { get; } = new();

    /// <summary>Positions of the shortest learned table of them; null where there is none.</summary>
    internal long? Positions { get; set; }

    internal bool Training { get; set; } = true;

    internal bool CheckpointsActivations { get; set; }

    /// <summary>How many layers were run without keeping their inner values.</summary>
    internal long Checkpointed { get; set; }

    /// <summary>Grows whenever a storage is replaced or written by loading: what was derived from weights is then stale.</summary>
    internal int Version { get; private set; }

    /// <summary>What was derived from weights is stale: it is dropped, and its memory with it.</summary>
    internal void Touch()
    {
        Version++;
        foreach (Action drop in derived)
        {
            drop();
        }
    }

    /// <summary>Registers how to drop something that is derived from weights.</summary>
    internal void Derived(Action drop) => derived.Add(drop);

    internal Weight? Find(string key)
    {
        Limit?.Shared(++asked, key);
        return byKey.GetValueOrDefault(key);
    }

    internal Weight Declare(string key, long[] shape, Initializer init, ScalarType? type = null, bool isBuffer = false)
    {
        if (byKey.TryGetValue(key, out Weight? known))
        {
            throw new InvalidOperationException($"The key '{key}' is declared twice (first as [{string.Join(", ", known.Shape)}], "
                + $"now as [{string.Join(", ", shape)}]): say Shared to use one weight in two places.");
        }

        if (Array.Exists(shape, size => size <= 0))
        {
            // Sizes are ints, and so are their products.
            throw Array.Exists(shape, size => size < 0)
                ? new ConfigException(Require.File, $"its sizes multiply to more than {int.MaxValue}: '{key}' would be [{string.Join(", ", shape)}]")
                : new ArgumentException($"The weight '{key}' has the shape [{string.Join(", ", shape)}]: every size must be positive.");
        }

        Limit?.Declared(byKey.Count, key);
        var weight = new Weight(this, key, shape, rules.Of(key) ?? init, type, isBuffer);
        byKey.Add(key, weight);
        order.Add(weight);
        return weight;
    }

    internal void Materialise()
    {
        foreach (Weight weight in order)
        {
            weight.Allocate();
        }
    }

    internal void AddRule(string glob, Func<string, Initializer> rule)
    {
        rules.Add(glob, rule);
        foreach (Weight weight in rules.Matching(glob, order))
        {
            weight.Init = rule(weight.Key);
            if (weight.Allocated && Device.type != DeviceType.META)
            {
                weight.Init.Apply(weight.Value);
                Touch();
            }
        }
    }

    internal void Add(Pack pack) => packs.Add(pack);

    internal void Forget(Pack pack) => packs.Remove(pack);

    internal void Add(Product product) => products.Add(product);

    /// <summary>Takes a weight away that nothing computes with any more.</summary>
    internal void Forget(Weight weight)
    {
        byKey.Remove(weight.Key);
        order.Remove(weight);
        rules.Forget();
        weight.Release();
    }

    internal void Adopt(string key, nn.Module module) => adopted.Add((key, module));

    internal Rotary RotaryOf(RotarySpec spec)
    {
        if (!rotaries.TryGetValue(spec, out Rotary? rotary))
        {
            rotaries.Add(spec, rotary = new Rotary(spec));
        }

        return rotary;
    }

    internal MaskRule MaskOf(object rule, Func<MaskRule> make)
    {
        if (!masks.TryGetValue(rule, out MaskRule? known))
        {
            masks.Add(rule, known = make());
        }

        return known;
    }

    internal void Explain(Func<IEnumerable<ChoiceRow>> rows) => choices.Add(rows);

    internal IEnumerable<ChoiceRow> Choices()
    {
        foreach (Func<IEnumerable<ChoiceRow>> rows in choices)
        {
            foreach (ChoiceRow row in rows())
            {
                yield return row;
            }
        }
    }

    /// <summary>Each storage once, then the parameters that are views of it.</summary>
    internal void Convert(ScalarType? dtype, Device? device)
    {
        ScalarType to = dtype ?? Dtype;
        Device target = device ?? Device;
        if (target.type == DeviceType.META)
        {
            throw new NotSupportedException("A model that has weights cannot be moved to the meta device: build it there.");
        }

        if (Device.type == DeviceType.META)
        {
            throw new NotSupportedException("A model built on the meta device has no weights to convert: build it on the device it is to run on.");
        }

        using IDisposable off = torch.no_grad();
        foreach (Pack pack in packs)
        {
            if (pack.Allocated && Replaced(pack.Storage, to, target) is { } moved)
            {
                Tensor?[] gradients = Gradients(pack.Members, to, target);
                pack.Bind(moved);
                Restore(pack.Members, gradients);
            }
        }

        foreach ((string key, nn.Module module) in adopted)
        {
            module.to(target, to);
            Rebind(key, module);
        }

        foreach (Weight weight in byKey.Values)
        {
            if (weight.Pack is null && weight.Owner is null && weight.Allocated && Replaced(weight.Value, to, target) is { } moved)
            {
                Tensor?[] gradients = Gradients([weight], to, target);
                weight.Bind(moved);
                Restore([weight], gradients);
            }
        }

        Dtype = to;
        Device = target;
        Touch();
    }

    internal void Rebind(string key, nn.Module module)
    {
        foreach ((string name, Parameter parameter) in module.named_parameters())
        {
            byKey[Weights.Join(key, name)].Bind(parameter, disposeOld: false);
        }
    }

    internal void Release()
    {
        foreach (Weight weight in byKey.Values)
        {
            weight.Release();
        }

        foreach (Pack pack in packs)
        {
            pack.Release();
        }

        foreach (Rotary rotary in rotaries.Values)
        {
            rotary.Dispose();
        }

        Touch();
    }

    private static Tensor? Replaced(Tensor tensor, ScalarType dtype, Device device)
    {
        bool converts = torch.is_floating_point(tensor) && tensor.dtype != dtype;
        bool moves = tensor.device_type != device.type || (device.type == DeviceType.CUDA && tensor.device_index != Math.Max(device.index, 0));
        return converts || moves ? tensor.detach().to(converts ? dtype : tensor.dtype, device, disposeAfter: true) : null;
    }

    private static Tensor?[] Gradients(IReadOnlyList<Weight> weights, ScalarType dtype, Device device)
    {
        var gradients = new Tensor?[weights.Count];
        for (int i = 0; i < gradients.Length; i++)
        {
            using Tensor? gradient = weights[i].Value.grad;
            gradients[i] = gradient?.to(dtype, device);
        }

        return gradients;
    }

    private static void Restore(IReadOnlyList<Weight> weights, Tensor?[] gradients)
    {
        for (int i = 0; i < gradients.Length; i++)
        {
            if (gradients[i] is { } gradient)
            {
                weights[i].Value.grad = gradient;
                gradient.Dispose();
            }
        }
    }
}

/// <summary>
/// How many weights a model may declare that is to be filled from a file: a config that asks for a million layers is refused when it has asked for clearly more
/// than the file holds, not after gigabytes of them.
/// </summary>
/// <param name="file">The config's file.</param>
/// <param name="weights">The file of the weights; null where it is not there.</param>
/// <param name="tensors">How many it holds, or as many as any published model has.</param>
internal sealed class WeightLimit(string file, string? weights, int tensors)
{
    /// <summary>Where no file says how many there are: more than the largest published model has.</summary>
    internal static WeightLimit WithoutFile(string file) => new(file, null, 1 << 15);

    /// <summary>As many as a folder holds, where it says so.</summary>
    internal static WeightLimit Of(string file, ModelFiles files) =>
        files.Tensors is { } held ? new(file, files.File, held.Count) : WithoutFile(file);

    // Room to name what is missing as usual, and for weights that many layers share.
    private const int Room = 4096, Uses = 1 << 15;

    internal void Declared(int count, string key)
    {
        if (count > tensors + Room)
        {
            throw Refusal($"more than {count} tensors", key);
        }
    }

    internal void Shared(int count, string key)
    {
        if (count > Uses)
        {
            throw Refusal($"shared tensors in more than {count} places", key);
        }
    }

    private ConfigException Refusal(string what, string key) => new(file, $"asks for {what} (at {SafeTensorsHeader.Quote(key)}), "
        + (weights is null ? "expected as many layers as a model has"
            : $"but {CheckpointException.NameOf(weights)} holds {tensors}, expected the number of layers that the file has"));
}

/// <summary>One row of <c>Explain()</c>: which weight is computed with by which implementation, and why.</summary>
public readonly record struct ChoiceRow(string Key, string Implementation, string Reason);
