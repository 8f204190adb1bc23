using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Runtime.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>y = x W^T + b, the one place that multiplies with a weight.</summary>
public sealed class Product
{
    private readonly WeightTable table;
    private readonly Multiplier multiplier;
    private readonly Layout? biasLayout;
    private Dictionary<Adapter, LowRank>? adapters;

    internal Product(WeightTable table, string key, Weight weight, Weight? bias, Layout layout, long @in, long @out, Layout? biasLayout = null)
    {
        this.table = table;
        Key = key;
        Weight = weight;
        Bias = bias;
        In = @in;
        Out = @out;
        Layout = layout;
        this.biasLayout = biasLayout;
        multiplier = new Multiplier(table, weight.Key, Matrix, Offset);
    }

    /// <summary>The key of the map itself, without <c>.weight</c>.</summary>
    public string Key { get; }

    /// <summary>The weight as stored.</summary>
    public Weight Weight { get; }

    /// <summary>The bias as stored, or null.</summary>
    public Weight? Bias { get; }

    /// <summary>Width of what comes in.</summary>
    public long In { get; }

    /// <summary>Width of what goes out.</summary>
    public long Out { get; }

    internal Layout Layout { get; }

    /// <summary>Whether the weight is another part's, under that part's key.</summary>
    internal bool Tied { get; init; }

    /// <summary>What the adapter in use adds here; null where none is, or it leaves this map as it is.</summary>
    internal LowRank? Adapted => adapters is not null && table.Adapters.Current is { } current ? adapters.GetValueOrDefault(current) : null;

    /// <summary>[..., in] to [..., out], through the activation if one is given.</summary>
    public Tensor Apply(Tensor x, Activation? activation = null)
    {
        if (Adapted is not { } adapted)
        {
            return Plain(x, activation);
        }

        using Tensor plain = Plain(x, null);
        Tensor y = adapted.AddTo(plain, x);
        return activation is { } function ? function.ApplyOwned(y) : y;
    }

    /// <summary>x W^T + b + residual; the residual is [..., out] and is left as it was.</summary>
    public Tensor ApplyAdd(Tensor x, Tensor residual)
    {
        if (Adapted is not { } adapted)
        {
            return PlainAdd(x, residual);
        }

        using Tensor plain = PlainAdd(x, residual);
        return adapted.AddTo(plain, x);
    }

    /// <summary>The gradient of the input, given that of the output: [..., out] to [..., in]; itself differentiable.</summary>
    public Tensor Back(Tensor gradient)
    {
        Tensor back = PlainBack(gradient);
        if (Adapted is not { } adapted)
        {
            return back;
        }

        using (back)
        {
            return adapted.AddBack(back, gradient);
        }
    }

    private Tensor Plain(Tensor x, Activation? activation)
    {
        if (Weight.Quantised is not { } quantised)
        {
            return multiplier.Apply(x, activation);
        }

        using Tensor? offset = Offset();
        Tensor y = Nf4Linear.Apply(quantised, x, offset);
        return activation is { } function ? function.ApplyOwned(y) : y;
    }

    private Tensor PlainAdd(Tensor x, Tensor residual)
    {
        if (Weight.Quantised is null)
        {
            return multiplier.ApplyAdd(x, residual);
        }

        using Tensor product = Plain(x, null);
        return product.Plus(residual);
    }

    private Tensor PlainBack(Tensor gradient)
    {
        if (Weight.Quantised is { } quantised && !Grad.Records(gradient))
        {
            return Nf4Linear.Back(quantised, gradient);
        }

        using Tensor matrix = Matrix();
        return gradient.matmul(matrix);
    }

    /// <summary>Keys of all linear maps of the model.</summary>
    internal IEnumerable<string> Siblings => table.Products.Select(product => product.Key).Distinct();

    internal void Take(Adapter adapter, LowRank matrices) => (adapters ??= []).Add(adapter, matrices);

    internal void Forget(Adapter adapter) => adapters?.Remove(adapter);

    /// <summary>
    /// [out, in], a view of the weight however it is stored, or all numbers of one that is quantised; the caller disposes it.
    /// </summary>
    internal Tensor Matrix() => Weight.Quantised is { } quantised ? quantised.Dequantise(table.Dtype) : Layout.View(Weight.Value);

    /// <summary>[out], a view of the bias, or null where there is none; the caller disposes it.</summary>
    internal Tensor? Offset() => Bias is null ? null : biasLayout?.View(Bias.Value) ?? Bias.Value.alias();

    /// <summary>A member of a pack is told of with its pack.</summary>
    internal IEnumerable<ChoiceRow> Explain()
    {
        if (Weight.Quantised is { } quantised)
        {
            yield return new ChoiceRow(Key, "NF4", FormattableString.Invariant(
                $"{8.0 * quantised.Bytes / Weight.Count:F3} bits a number, some rows at a time as {table.Dtype}"));
        }

        foreach (ChoiceRow row in Weight.Pack is null && Weight.Quantised is null ? multiplier.Explain() : [])
        {
            yield return row;
        }

        foreach ((Adapter adapter, LowRank matrices) in adapters ?? [])
        {
            yield return new ChoiceRow(Key, FormattableString.Invariant($"adapter '{adapter.Name}', rank {matrices.Rank}"),
                adapter.IsMerged ? "merged into the weight" : "two products more where it is in use");
        }
    }
}

/// <summary>Several products of one input. What shares a storage is multiplied at once.</summary>
public sealed class Products
{
    private readonly Product[] parts;
    private readonly Pack? weights;
    private readonly Multiplier? together;
    private readonly long[] outs;
    private readonly string obstacle;

    internal Products(WeightTable table, Product[] parts)
    {
        this.parts = parts;
        outs = Array.ConvertAll(parts, part => part.Out);
        obstacle = Obstacle(parts);
        if (obstacle.Length > 0)
        {
            return;
        }

        Pack packed = weights = new Pack(table, Array.ConvertAll(parts, part => part.Weight));
        Pack? offsets = parts[0].Bias is null ? null : new Pack(table, Array.ConvertAll(parts, part => part.Bias!));
        table.Add(packed);
        if (offsets is not null)
        {
            table.Add(offsets);
        }

        string keys = string.Join(", ", Array.ConvertAll(parts, part => part.Weight.Key));
        together = new Multiplier(table, keys, () => packed.Storage.alias(), () => offsets?.Storage.alias());
    }

    /// <summary>The products one by one.</summary>
    public IReadOnlyList<Product> Parts => parts;

    /// <summary>True when all weights lie in one storage.</summary>
    public bool Packed => weights is { Dissolved: false };

    /// <summary>[..., in] to one [..., out] for each product; the caller disposes each.</summary>
    public Tensor[] Apply(Tensor x)
    {
        if (together is null || torch.is_grad_enabled() || weights!.Dissolved)
        {
            // Each weight is a leaf with a gradient of its own.
            return Array.ConvertAll(parts, part => part.Apply(x));
        }

        using Tensor all = together.Apply(x, null);
        var results = new Tensor[parts.Length];
        long offset = 0;
        for (int i = 0; i < results.Length; i++)
        {
            Tensor part = all.narrow(-1, offset, outs[i]);
            offset += outs[i];
            if (parts[i].Adapted is { } adapted)
            {
                using (part)
                {
                    results[i] = adapted.AddTo(part, x);
                }
            }
            else
            {
                results[i] = part;
            }
        }

        return results;
    }

    /// <summary>The results of two products.</summary>
    public (Tensor First, Tensor Second) Apply2(Tensor x)
    {
        Tensor[] results = Apply(x);
        return (results[0], results[1]);
    }

    /// <summary>The results of three products.</summary>
    public (Tensor First, Tensor Second, Tensor Third) Apply3(Tensor x)
    {
        Tensor[] results = Apply(x);
        return (results[0], results[1], results[2]);
    }

    internal IEnumerable<ChoiceRow> Explain()
    {
        string keys = string.Join(", ", Array.ConvertAll(parts, part => part.Weight.Key));
        if (together is null || weights!.Dissolved)
        {
            yield return new ChoiceRow(keys, "one by one", obstacle.Length > 0 ? obstacle : "some are quantised");
            yield break;
        }

        yield return new ChoiceRow(keys, "packed", $"one product to {string.Join(" + ", outs)} in inference; a product each where gradients are recorded");
        foreach (ChoiceRow row in together.Explain())
        {
            yield return row;
        }
    }

    private static string Obstacle(Product[] parts)
    {
        foreach (Product part in parts)
        {
            if (!part.Layout.Straight)
            {
                return $"'{part.Weight.Key}' is not stored as 'out in'";
            }

            if (part.Weight.Pack is not null || part.Weight.Owner is not null || part.Weight.Allocated)
            {
                return $"'{part.Weight.Key}' has a storage of its own that something else reads";
            }

            if (part.In != parts[0].In)
            {
                return $"'{part.Weight.Key}' reads another width than '{parts[0].Weight.Key}'";
            }

            if (part.Bias is null != parts[0].Bias is null)
            {
                return "some have a bias and some have none";
            }

            if (part.Bias is { } bias && (bias.Shape.Count != 1 || bias.Pack is not null || bias.Allocated))
            {
                return $"'{bias.Key}' has a storage of its own that something else reads";
            }
        }

        return parts.Length < 2 ? "there is only one" : "";
    }
}
