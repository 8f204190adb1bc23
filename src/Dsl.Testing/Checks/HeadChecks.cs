using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Testing;

/// <summary>Losses over a vocabulary.</summary>
internal static class HeadChecks
{
    private const long Ignored = -100;

    /// <summary>What a head reads, and the head, make the output; loss and every gradient in blocks are those through whole logits.</summary>
    internal static void Losses(ModelSession s)
    {
        IModel model = s.Model(ScalarType.Float64);
        foreach (string output in model.Outputs)
        {
            if (model.HeadOf(output) is { } head)
            {
                Loss(s, model, output, head);
            }
        }
    }

    private static void Loss(ModelSession s, IModel model, string output, OutputHead head)
    {
        Dictionary<string, Tensor> feed = s.Feed(2, s.Fit(7), memory: 4);
        long[] shape;
        using (torch.no_grad())
        {
            IReadOnlyDictionary<string, Tensor> both = model.Run(feed, output, head.Input), alone = model.Run(feed, head.Input);
            s.ExpectClose(head.Product.Apply(both[head.Input]), both[output], $"the head applied to '{head.Input}', against '{output}'");
            s.Expect(!alone.ContainsKey(output) || alone.Count > 1, $"asked for '{head.Input}', the model gives '{output}'");
            s.ExpectClose(alone[head.Input], both[head.Input], $"'{head.Input}' without '{output}'");
            shape = both[output].shape;
        }

        var random = new Random(s.Options.Seed);
        long[] ids = [.. Enumerable.Range(0, (int)shape[..^1].Aggregate(1L, (a, b) => a * b))
            .Select(i => i % 3 == 1 ? Ignored : random.NextInt64(shape[^1]))];
        Tensor targets = torch.tensor(ids, shape[..^1]);
        var tokens = new TokenLoss(model, output);
        (Tensor loss, Dictionary<string, Tensor> gradients) = Differentiated(
            model, () => nn.functional.cross_entropy(model.Run(feed, output)[output].reshape(-1, shape[^1]), targets.flatten(), ignore_index: Ignored));
        long? before = Dsl.Runtime.Losses.LogitsAtOnce;
        try
        {
            Dsl.Runtime.Losses.LogitsAtOnce = 3 * shape[^1];
            (Tensor inBlocks, Dictionary<string, Tensor> ofBlocks) = Differentiated(model, () => tokens.Of(model.Run(feed, tokens.Reads), targets, Ignored));
            s.ExpectClose(inBlocks, loss, $"the loss of '{output}' in blocks");

            // Some gradients are zero but for rounding (a bias of keys): they are measured by the others.
            double size = gradients.Values.Max(Largest);
            foreach (string key in gradients.Keys.Union(ofBlocks.Keys))
            {
                if (gradients.TryGetValue(key, out Tensor? whole) && ofBlocks.TryGetValue(key, out Tensor? parts))
                {
                    double error = Largest(parts - whole) / Math.Max(Largest(whole), 1e-3 * size);
                    s.Expect(
                        error <= s.Options.Tolerance,
                        FormattableString.Invariant($"the gradient of '{key}' by the loss of '{output}' differs in blocks by {error:g3}"));
                }
                else
                {
                    string alone = ofBlocks.ContainsKey(key) ? "in blocks" : "through whole logits";
                    s.Fail($"by the loss of '{output}', '{key}' has a gradient {alone} alone");
                }
            }
        }
        finally
        {
            Dsl.Runtime.Losses.LogitsAtOnce = before;
        }
    }

    private static double Largest(Tensor x) => x.abs().max().item<double>();

    private static (Tensor Loss, Dictionary<string, Tensor> Gradients) Differentiated(IModel model, Func<Tensor> loss)
    {
        foreach (Weight weight in model.Weights.All)
        {
            weight.Value.grad = null;
        }

        Tensor value = loss();
        value.backward();
        return (value.detach(), model.Weights.All.Where(weight => weight.Value.grad is not null).ToDictionary(
            weight => weight.Key, weight => weight.Value.grad!.clone()));
    }
}
