using System;
using System.Collections.Generic;
using System.Linq;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>What quantising a model did.</summary>
/// <param name="Keys">The weights that are quantised now.</param>
/// <param name="Numbers">How many numbers they hold.</param>
/// <param name="Bytes">How many bytes they take.</param>
public sealed record QuantisationReport(IReadOnlyList<string> Keys, long Numbers, long Bytes)
{
    /// <summary>Bits a number, magnitudes included.</summary>
    public double Bits => Numbers == 0 ? 0 : 8.0 * Bytes / Numbers;
}

/// <summary>Weights of linear maps in fewer bits: what multiplies with them makes numbers of some rows at a time. They are not trained; what stands beside
/// them (an adapter) is.</summary>
public static class Quantisation
{
    /// <summary>
    /// Puts linear maps into NF4 with magnitudes that are quantised in turn (QLoRA), and frees their numbers. A head, and a weight that something else reads
    /// too (an embedding), stays as it is unless a target names it: then it is refused.
    /// </summary>
    /// <param name="model">Any model; a map that is quantised already stays as it is.</param>
    /// <param name="targets">Ends of keys of maps or patterns over them, as of <see cref="AdapterOptions.Targets"/>; null: every map but the heads.</param>
    /// <param name="nested">False: magnitudes are plain float32, 4.5 bits a number in all.</param>
    /// <exception cref="ArgumentException">A target means no linear map, or one whose weight something else reads.</exception>
    /// <exception cref="InvalidOperationException">An adapter is merged into the weights.</exception>
    public static QuantisationReport ToNf4(IModel model, IReadOnlyList<string>? targets = null, bool nested = true)
    {
        WeightTable table = model.Weights.Table;
        if (table.Adapters.Merged is { } merged)
        {
            throw new InvalidOperationException($"the adapter '{merged.Name}' is merged into the weights, expected none: unmerge it first");
        }

        var options = new AdapterOptions { Targets = targets ?? [AdapterOptions.AllLinear] };
        HashSet<Product> heads = Adapters.Heads(model);
        foreach (string target in targets ?? [])
        {
            if (!table.Products.Any(product => TargetPatterns.Fits(target, product.Key)))
            {
                throw new ArgumentException($"'{target}' means no linear map of this model");
            }
        }

        List<Product> products = [.. table.Products.Where(product => options.Adapts(product.Key, heads.Contains(product)) && product.Weight.Quantised is null)];
        if (targets is not null && products.Find(product => product.Tied || product.Weight.IsTable) is { } tied)
        {
            throw new ArgumentException($"the weight of '{tied.Key}' is read by something else too ('{tied.Weight.Key}'), expected a map with one of its own");
        }

        foreach (Product product in products.Where(product => !product.Tied && !product.Weight.IsTable))
        {
            if (product.Weight.Quantised is null)
            {
                using Tensor matrix = product.Matrix();
                product.Weight.Quantise(Nf4Matrix.Of(matrix, nested));
            }
        }

        table.Touch();
        List<Weight> quantised = [.. model.Weights.All.Where(weight => weight.Quantised is not null)];
        return new QuantisationReport(
            [.. quantised.Select(weight => weight.Key)], quantised.Sum(weight => weight.Count), quantised.Sum(weight => weight.Quantised!.Bytes));
    }
}
