using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Training;

/// <summary>What is made of the outputs of one run of a model.</summary>
internal static class Outputs
{
    /// <summary>Runs a model on inputs by name, and lets go of the outputs when what is wanted of them is made.</summary>
    internal static T Of<T>(
        IModel model, IReadOnlyDictionary<string, Tensor> inputs, Func<IReadOnlyDictionary<string, Tensor>, T> make, params string[] outputs)
    {
        IReadOnlyDictionary<string, Tensor> results = model.Run(inputs, outputs);
        try
        {
            return make(results);
        }
        finally
        {
            foreach (Tensor result in results.Values)
            {
                result.Dispose();
            }
        }
    }

    /// <summary>
    /// Cross entropy of one output of tokens; targets of -100 do not count. In training the model's own losses are added as its declaration says.
    /// </summary>
    internal static TrainingLoss TokenLoss(IModel model, IReadOnlyDictionary<string, Tensor> inputs, Tensor targets, string output)
    {
        var tokens = new TokenLoss(model, output);
        return model.Module.training && model.Losses is { Count: > 0 } own
            ? Of(model, inputs, results => Sum([("tokens", 1, tokens.Of(results, targets)), .. own.Select(l => (l.Output, l.Weight, results[l.Output]))]),
                [tokens.Reads, .. own.Select(l => l.Output)])
            : Of(model, inputs, results => new TrainingLoss(tokens.Of(results, targets)), tokens.Reads);
    }

    /// <summary>The sum of losses, with the value of each.</summary>
    internal static TrainingLoss Sum(params (string Name, double Weight, Tensor Loss)[] losses)
    {
        Tensor total = losses[0].Loss * Scalars.Of(losses[0].Weight);
        foreach ((_, double weight, Tensor loss) in losses.Skip(1))
        {
            using Tensor before = total;
            using Tensor weighted = loss * Scalars.Of(weight);
            total = before.Plus(weighted);
        }

        var parts = new List<LossPart>();
        foreach ((string name, _, Tensor loss) in losses)
        {
            using (loss)
            using (Tensor wide = loss.to(ScalarType.Float64))
            {
                parts.Add(new LossPart(name, wide.item<double>()));
            }
        }

        return new TrainingLoss(total, parts);
    }
}
