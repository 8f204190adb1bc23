using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Runtime.CompilerServices;
using System.Text;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>
/// What generated blocks and models derive from: an ordinary TorchSharp module whose parameters are the weights of its table, under exactly their
/// checkpoint keys.
/// Conversion converts each storage once and leaves ties and packed views as they were.
/// </summary>
/// <remarks>An outline (keys and shapes alone) has no native half, so that asking what a folder holds does not load libtorch.</remarks>
public abstract class GeneratedModule : nn.HookableModule<Delegate, Delegate> // of TorchSharp's bases, one that can be made without a native module
{
    private readonly NativeHalf? native;

    /// <summary>A module over the weights declared through <paramref name="weights"/>.</summary>
    protected GeneratedModule(string name, Weights weights)
        : base(IntPtr.Zero, IntPtr.Zero)
    {
        this.name = name;
        Weights = weights;
        if (!weights.Table.IsOutline)
        {
            native = new NativeHalf(name);
            HandleOf(this) = HandleOf(native);
        }
    }

    /// <summary>The weights, in the order of the declaration.</summary>
    public Weights Weights { get; }

    /// <summary>One flag for the whole model: dropout is a matter of the call.</summary>
    public override bool training => Weights.Table.Training;

    /// <inheritdoc/>
    public override void train(bool train = true) => Weights.Table.Training = train;

    /// <inheritdoc/>
    public override IEnumerable<(string name, Parameter parameter)> named_parameters(bool recurse = true)
    {
        foreach (Weight weight in Weights.All.Where(weight => !weight.IsBuffer))
        {
            yield return (Weights.NameOf(weight), weight.Value);
        }
    }

    /// <inheritdoc/>
    public override IEnumerable<Parameter> parameters(bool recurse = true) => named_parameters(recurse).Select(pair => pair.parameter);

    /// <summary>Those that the checkpoint holds; tables and packs are derived from weights and never saved.</summary>
    public override IEnumerable<(string name, Tensor buffer)> named_buffers(bool recurse = true, bool include_nonpersistent = true) =>
        Weights.All.Where(weight => weight.IsBuffer).Select(weight => (Weights.NameOf(weight), (Tensor)weight.Value));

    /// <inheritdoc/>
    public override bool has_parameter(string target) => Find(target) is { IsBuffer: false };

    /// <inheritdoc/>
    public override Parameter get_parameter(string target) => Find(target) is { IsBuffer: false } weight ? weight.Value : null!;

    /// <inheritdoc/>
    public override bool has_buffer(string target) => Find(target) is { IsBuffer: true };

    /// <inheritdoc/>
    public override Tensor get_buffer(string target) => Find(target) is { IsBuffer: true } weight ? weight.Value : null!;

    /// <inheritdoc/>
    public override Dictionary<string, Tensor> state_dict(Dictionary<string, Tensor>? destination = null, string? prefix = null)
    {
        destination ??= [];
        foreach (Weight weight in Weights.All)
        {
            string key = Weights.NameOf(weight);
            destination.TryAdd(string.IsNullOrEmpty(prefix) ? key : $"{prefix}.{key}", weight.Value);
        }

        return destination;
    }

    /// <summary>Copies by key, converting the dtype; further names of a weight (a tied head) are accepted.</summary>
    /// <exception cref="InvalidOperationException">Keys are missing or unexpected (with <paramref name="strict"/>) or shapes differ; nothing was
    /// changed.</exception>
    public override (IList<string> missing_keys, IList<string> unexpected_keyes) load_state_dict(
        Dictionary<string, Tensor> source, bool strict = true, IList<string>? skip = null)
    {
        var pairs = new List<(Weight Weight, Tensor From)>();
        var unexpected = new List<string>();
        var wrong = new List<string>();
        foreach ((string key, Tensor from) in source)
        {
            if (skip?.Contains(key) == true)
            {
                continue;
            }

            if (Find(key) is not { } weight)
            {
                unexpected.Add(key);
            }
            else if (weight.Quantised is not null)
            {
                wrong.Add($"'{key}' is in NF4, which a checkpoint alone can fill");
            }
            else if (!weight.Shape.SequenceEqual(from.shape))
            {
                wrong.Add($"'{key}' is [{string.Join(", ", from.shape)}], expected [{string.Join(", ", weight.Shape)}]");
            }
            else
            {
                pairs.Add((weight, from));
            }
        }

        HashSet<Weight> given = [.. pairs.Select(pair => pair.Weight)];
        List<string> missing = [.. Weights.All.Where(weight => !given.Contains(weight)).Select(Weights.NameOf).Where(key => skip?.Contains(key) != true)];
        if (wrong.Count > 0 || (strict && (missing.Count > 0 || unexpected.Count > 0)))
        {
            throw new InvalidOperationException("The state doesn't fit the model: " + string.Join("; ", new[]
            {
                missing.Count > 0 ? $"missing {string.Join(", ", missing)}" : "",
                unexpected.Count > 0 ? $"unexpected {string.Join(", ", unexpected)}" : "",
                string.Join("; ", wrong),
            }.Where(part => part.Length > 0)) + ".");
        }

        using (torch.no_grad())
        {
            foreach ((Weight weight, Tensor from) in pairs)
            {
                weight.Value.copy_(from);
            }
        }

        Weights.Changed();
        return (missing, unexpected);
    }

    /// <inheritdoc/>
    public override nn.Module load(BinaryReader reader, bool strict = true, IList<string>? skip = null, Dictionary<string, bool>? loadedParameters = null)
    {
        // Read on the host and copied, so that a model on any device and of any dtype can load what another one saved.
        using (DisposeScope scope = torch.NewDisposeScope())
        {
            var source = new Dictionary<string, Tensor>();
            int count = Count(reader);
            for (int i = 0; i < count; i++)
            {
                string key = reader.ReadString();
                source[key] = torch.Tensor.Load(reader);
            }

            load_state_dict(source, strict, skip);
            if (loadedParameters is not null)
            {
                foreach (string key in source.Keys)
                {
                    loadedParameters[key] = Find(key) is not null && skip?.Contains(key) != true;
                }
            }
        }

        return this;
    }

    /// <inheritdoc/>
    public override void zero_grad(bool set_to_none = true)
    {
        using IDisposable off = torch.no_grad();
        foreach (Weight weight in Weights.All)
        {
            using Tensor? gradient = weight.Allocated ? weight.Value.grad : null;
            if (gradient is null)
            {
                continue;
            }

            if (set_to_none)
            {
                weight.Value.grad = null;
            }
            else
            {
                gradient.zero_();
            }
        }
    }

    /// <summary>What multiplies, attends and normalises here, and why.</summary>
    public virtual string Explain()
    {
        var text = new StringBuilder();
        foreach (ChoiceRow row in Weights.Explain())
        {
            text.Append(row.Key).Append(": ").Append(row.Implementation).Append(" (").Append(row.Reason).AppendLine(")");
        }

        return text.ToString();
    }

    /// <summary>The masks in use here and below, each with the place of its attention.</summary>
    public virtual IEnumerable<(string Place, MaskRule Mask)> Masks() => [];

    /// <summary>A mask at its place, where the config has it.</summary>
    protected static IEnumerable<(string Place, MaskRule Mask)> MasksOf(string place, MaskRule? mask) => mask is null ? [] : [(place, mask)];

    /// <summary>The masks of a block, below its place.</summary>
    protected static IEnumerable<(string Place, MaskRule Mask)> MasksOf(string place, GeneratedModule? block) =>
        block?.Masks().Select(mask => ($"{place}.{mask.Place}", mask.Mask)) ?? [];

    /// <summary>The masks of layers, below the place of each.</summary>
    protected static IEnumerable<(string Place, MaskRule Mask)> MasksOf(string place, IReadOnlyList<GeneratedModule?> blocks) =>
        blocks.SelectMany((block, i) => MasksOf($"{place}.{i}", block));

    /// <summary>Nothing: what this module owns is in its table.</summary>
    protected override void RegisterComponents()
    {
    }

    /// <inheritdoc/>
    protected override nn.Module _to(ScalarType dtype, bool non_blocking)
    {
        Weights.Table.Convert(dtype, null);
        return this;
    }

    /// <inheritdoc/>
    protected override nn.Module _to(DeviceType deviceType, int deviceIndex, bool non_blocking)
    {
        Weights.Table.Convert(null, new Device(deviceType, deviceType == DeviceType.CUDA ? Math.Max(deviceIndex, 0) : -1));
        return this;
    }

    /// <inheritdoc/>
    protected override nn.Module _to(Device device, ScalarType dtype, bool non_blocking)
    {
        Weights.Table.Convert(dtype, device);
        return this;
    }

    /// <summary>Weights belong to the model; disposing a block disposes none.</summary>
    protected override void Dispose(bool disposing)
    {
        if (disposing && this is GeneratedModel)
        {
            Weights.Table.Release();
        }

        base.Dispose(false);
    }

    /// <summary>Not supported: generated code calls no hooks.</summary>
    [Obsolete(NoHooks, error: true)]
    public new void register_forward_hook(Delegate hook) => throw new NotSupportedException(NoHooks);

    /// <summary>Not supported: generated code calls no hooks.</summary>
    [Obsolete(NoHooks, error: true)]
    public new void register_forward_pre_hook(Delegate hook) => throw new NotSupportedException(NoHooks);

    private const string NoHooks = "Generated models call no hooks: declare what is looked at as an Output.";

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "handle")]
    private static extern ref HType HandleOf(nn.Module module);

    private static int Count(BinaryReader reader)
    {
        // An unsigned LEB128 number, as TorchSharp writes it.
        int value = 0;
        for (int shift = 0; ; shift += 7)
        {
            byte part = reader.ReadByte();
            value |= (part & 0x7f) << shift;
            if (part < 0x80)
            {
                return value;
            }
        }
    }

    private Weight? Find(string key)
    {
        foreach (Weight weight in Weights.All)
        {
            if (Weights.NameOf(weight) == key || weight.Key == key || weight.Aliases.Any(alias => alias == key || Weights.Relative(alias) == key))
            {
                return weight;
            }
        }

        return null;
    }

    /// <summary>Makes the native module, and keeps alive what that calls.</summary>
    private sealed class NativeHalf(string name) : nn.Module(name);
}
