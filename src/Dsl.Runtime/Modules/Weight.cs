using System;
using System.Collections.Generic;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>
/// One weight: one storage, one gradient, one key and perhaps further names for it. Whoever computes with a weight holds this object and never the
/// <see cref="Parameter"/>, so that conversion, loading and packing leave nothing dangling.
/// </summary>
public sealed class Weight
{
    private readonly WeightTable table;
    private readonly ScalarType? type;
    private readonly long[] shape;
    private readonly List<string> aliases = [];
    private Parameter? value;
    private bool trainable;

    internal Weight(WeightTable table, string key, long[] shape, Initializer init, ScalarType? type = null, bool isBuffer = false)
    {
        this.type = type;
        this.table = table;
        this.shape = shape;
        Key = key;
        Init = init;
        trainable = !isBuffer;
        IsBuffer = isBuffer;
        long count = 1;
        foreach (long size in shape)
        {
            count = checked(count * size);
        }

        Count = count;
    }

    /// <summary>The key in a checkpoint.</summary>
    public string Key { get; }

    /// <summary>Further names under which a file may hold this weight (a tied head, for instance). They are accepted when loading and left out when
    /// saving.</summary>
    public IReadOnlyList<string> Aliases => aliases;

    /// <summary>The shape as stored.</summary>
    public IReadOnlyList<long> Shape => shape;

    /// <summary>How many numbers it holds.</summary>
    public long Count { get; }

    /// <summary>What a new weight is filled with.</summary>
    public Initializer Init { get; internal set; }

    /// <summary>What an optimiser's weight decay is multiplied with here: 0 for a weight that must not shrink.</summary>
    public double DecayFactor { get; internal set; } = 1;

    /// <summary>What an optimiser's rate is multiplied with here.</summary>
    public double RateFactor { get; internal set; } = 1;

    /// <summary>A number that belongs to the checkpoint and is no parameter: no optimiser and no count of parameters sees it.</summary>
    public bool IsBuffer { get; }

    /// <summary>The adapter that it belongs to, where one was added to a model that was there; the model's own files do not hold it then.</summary>
    public string? Adapter { get; internal set; }

    /// <summary>The matrix in NF4, where it was quantised: <see cref="Value"/> is then its packed bytes, and nothing trains it.</summary>
    public Nf4Matrix? Quantised { get; private set; }

    /// <summary>Whether its rows are looked up, too.</summary>
    internal bool IsTable { get; set; }

    /// <summary>A file may do without it: then it begins as a new one.</summary>
    public bool MayBeMissing { get; internal set; }

    /// <summary>False: no gradient is computed for it.</summary>
    public bool Trainable
    {
        get => trainable;
        set
        {
            trainable = value && Quantised is null;
            this.value?.requires_grad_(trainable);
        }
    }

    /// <summary>The parameter as it is now: a leaf with its own gradient. Conversion and <c>to</c> replace it; don't keep it.</summary>
    public Parameter Value => value ?? Materialise();

    internal Pack? Pack { get; set; }

    internal int PackIndex { get; set; }

    /// <summary>The module this weight was adopted from, which then owns the parameter.</summary>
    internal nn.Module? Owner { get; set; }

    internal bool Allocated => value is not null;

    internal void AddAlias(string name)
    {
        if (name != Key && !aliases.Contains(name))
        {
            aliases.Add(name);
        }
    }

    /// <summary>Takes over <paramref name="data"/> (a detached tensor) as the storage.</summary>
    internal void Bind(Tensor data, bool disposeOld = true)
    {
        Parameter? old = value;
        var bound = data as Parameter ?? new Parameter(data, trainable && torch.is_floating_point(data));
        bound.DetachFromDisposeScope();
        value = bound;
        Quantised?.Rebind(bound);
        if (disposeOld && old is not null && !ReferenceEquals(old, bound))
        {
            old.Dispose();
        }
    }

    /// <summary>Takes a matrix, [out, in], in place of the numbers, which are freed; a pack that it is in is one no longer.</summary>
    internal void Quantise(Nf4Matrix matrix)
    {
        Pack?.Dissolve();
        trainable = false;
        Quantised = matrix;
        Bind(matrix.Packed);
    }

    internal void Release()
    {
        if (Owner is null)
        {
            value?.Dispose();
        }

        value = null;
    }

    private Parameter Materialise()
    {
        if (table.Device.type == DeviceType.META)
        {
            Allocate();
        }
        else
        {
            // All at once and in order, so that a seed decides the numbers and not who asks first.
            table.Materialise();
        }

        return value!;
    }

    internal void Allocate()
    {
        if (Allocated)
        {
            return;
        }

        if (Pack is { } pack)
        {
            pack.Materialise();
        }
        else
        {
            using IDisposable off = torch.no_grad();
            Bind(Storage.Empty(Key, shape, type ?? table.Dtype, table.Device));
            if (table.Initialize && table.Device.type != DeviceType.META)
            {
                Init.Apply(value!);
            }
        }
    }
}

/// <summary>Several weights in one storage, one after the other along the first axis; each stays a parameter of its own, a view of it.</summary>
internal sealed class Pack
{
    private readonly WeightTable table;
    private readonly Weight[] members;
    private readonly long[] shape;

    internal Pack(WeightTable table, Weight[] members)
    {
        this.table = table;
        this.members = members;
        shape = [.. members[0].Shape];
        shape[0] = 0;
        for (int i = 0; i < members.Length; i++)
        {
            shape[0] += members[i].Shape[0];
            members[i].Pack = this;
            members[i].PackIndex = i;
        }
    }

    internal IReadOnlyList<Weight> Members => members;

    internal bool Allocated => storage is not null;

    private Tensor? storage;

    /// <summary>All members, one after the other; outside the graph.</summary>
    internal Tensor Storage
    {
        get
        {
            Materialise();
            return storage!;
        }
    }

    internal void Materialise()
    {
        if (storage is not null)
        {
            return;
        }

        using IDisposable off = torch.no_grad();
        Bind(Runtime.Storage.Empty(members[0].Key, shape, table.Dtype, table.Device));
        if (table.Initialize && table.Device.type != DeviceType.META)
        {
            foreach (Weight member in members)
            {
                member.Init.Apply(member.Value);
            }
        }
    }

    internal void Bind(Tensor data)
    {
        Tensor? old = storage;
        storage = data.DetachFromDisposeScope();
        long offset = 0;
        foreach (Weight member in members)
        {
            using Tensor view = data.narrow(0, offset, member.Shape[0]);
            member.Bind(view.detach());
            offset += member.Shape[0];
        }

        old?.Dispose();
    }

    /// <summary>Whether its members were given storages of their own.</summary>
    internal bool Dissolved { get; private set; }

    /// <summary>Gives each member a storage of its own.</summary>
    internal void Dissolve()
    {
        using IDisposable off = torch.no_grad();
        Materialise();
        Dissolved = true;
        foreach (Weight member in members)
        {
            member.Pack = null;
            using Tensor view = member.Value.detach();
            member.Bind(view.clone());
        }

        table.Forget(this);
        Release();
    }

    internal void Release()
    {
        storage?.Dispose();
        storage = null;
    }
}
