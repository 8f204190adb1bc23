using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Training.Alignment;

/// <summary>A model's weights in another one, whose vocabulary may be larger.</summary>
public static class GrownRows
{
    /// <summary>
    /// Copies each weight that both have. Where the new one has more rows, those are the mean of the old ones, as Alpaca begins its padding token: a token that
    /// was never seen is then no likelier or farther away than the others are on average.
    /// </summary>
    /// <param name="from">Stays as it is.</param>
    /// <param name="to">Is filled.</param>
    /// <returns>Keys that only the new model has: they are as they were.</returns>
    /// <exception cref="TrainingException">A weight has another shape, and not only more rows.</exception>
    public static IReadOnlyList<string> Copy(IModel from, IModel to)
    {
        using IDisposable off = no_grad();
        Dictionary<string, Weight> known = from.Weights.All.ToDictionary(weight => weight.Key);
        var fresh = new List<string>();
        foreach (Weight weight in to.Weights.All)
        {
            if (known.TryGetValue(weight.Key, out Weight? old))
            {
                Fill(old, weight);
            }
            else
            {
                fresh.Add(weight.Key);
            }
        }

        to.Weights.Changed();
        return fresh;
    }

    private static void Fill(Weight old, Weight weight)
    {
        if (old.Shape.SequenceEqual(weight.Shape))
        {
            weight.Value.copy_(old.Value);
            return;
        }

        if (old.Shape.Count == 0 || !old.Shape.Skip(1).SequenceEqual(weight.Shape.Skip(1)) || old.Shape[0] > weight.Shape[0])
        {
            throw new TrainingException(FormattableString.Invariant(
                $"'{weight.Key}' has [{string.Join(", ", weight.Shape)}], expected [{string.Join(", ", old.Shape)}] or more rows"));
        }

        using DisposeScope scope = NewDisposeScope();
        Tensor value = weight.Value.detach();
        value.narrow(0, 0, old.Shape[0]).copy_(old.Value);
        value.narrow(0, old.Shape[0], weight.Shape[0] - old.Shape[0]).copy_(old.Value.mean([0], keepdim: true));
    }
}
