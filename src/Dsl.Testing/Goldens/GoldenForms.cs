using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Testing;

/// <summary>What the stateful form answers: padded, step by step, in tokens and in what it keeps.</summary>
internal static class GoldenForms
{
    /// <summary>The comparisons that every case gets which has their outputs.</summary>
    internal static IReadOnlyList<GoldenCheck> Checks { get; } =
    [
        new("left_padded_logits", LeftPadding),
        new("step_logits", (run, reference) =>
            run.Attempt("out.step_logits", () => run.Compare("out.step_logits", run.Advance(run.Inputs, null, 1), reference))),
        new("what learners keep", name => name.StartsWith("cache.", StringComparison.Ordinal), Learnt),
        new("greedy", (run, reference) =>
        {
            Greedy(run, reference);
            Forms(run, reference);
        }),
    ];

    private static void LeftPadding(GoldenRun run, Tensor reference)
    {
        Tensor mask = run.Case.Inputs["left_padding_mask"];
        using Tensor real = GoldenRun.Spread(mask, reference);
        run.Attempt("out.left_padded_logits", () =>
        {
            var padded = new Dictionary<string, Tensor>(run.Inputs) { ["attention_mask"] = mask };
            run.Compare("out.left_padded_logits", run.Model.Run(padded, "logits")["logits"], reference, real);
        });

        foreach (int chunk in GoldenRun.Chunks)
        {
            string check = $"out.left_padded_logits, {GoldenRun.By(chunk)}";
            run.Attempt(check, () => run.Compare(check, run.Advance(run.Inputs, mask, chunk), reference, real));
        }
    }

    /// <summary>
    /// What learners keep after the whole text: the weights that the mini-batch started with and the sums of its gradients, [layers, batch, ...].
    /// </summary>
    private static void Learnt(GoldenRun run) => run.Attempt("out.cache", () =>
    {
        using ModelState state = run.Begin();
        run.Model.Advance(run.Inputs[run.StepInput], state);
        List<LearnState> layers = [.. state.Parts.OfType<LearnState>()];
        foreach ((string name, Tensor reference) in run.Case.Outputs.Where(o => o.Key.StartsWith("cache.", StringComparison.Ordinal)))
        {
            string word = name["cache.".Length..];
            bool sums = word.EndsWith("_grad", StringComparison.Ordinal);
            string weight = word[..word.LastIndexOf('_')];
            run.Compare("out." + name, stack(layers.Select(l => (sums ? l.Sums : l.Starts)[weight])), reference);
        }
    });

    /// <summary>Greedy decoding: the prompt in one piece (a decoder's is its start token), then token by token.</summary>
    private static void Greedy(GoldenRun run, Tensor reference) => run.Attempt("out.greedy", () =>
    {
        using ModelState state = run.Begin();
        Tensor token = reference.narrow(1, 0, run.Prompt);
        long different = 0;
        for (long at = run.Prompt; at < reference.shape[1]; at++)
        {
            // The references run past the end token.
            token = run.Model.Advance(token, state, last: true).argmax(-1);
            different += token.ne(reference.narrow(1, at, 1)).sum().item<long>();
        }

        run.CompareTokens("out.greedy", different);
    });

    /// <summary>The parallel form against Advance in chunks, at every position.</summary>
    private static void Forms(GoldenRun run, Tensor tokens)
    {
        foreach (int chunk in GoldenRun.Chunks)
        {
            string check = GoldenRun.By(chunk);
            run.Attempt(check, () =>
            {
                var longer = new Dictionary<string, Tensor>(run.Inputs) { [run.StepInput] = LongIds(run, tokens) };
                if (!run.Decodes)
                {
                    // The case's own mask, if any, is as long as the case's own text.
                    longer.Remove("attention_mask");
                }

                Tensor whole = run.Model.Run(longer, "logits")["logits"];
                run.Compare(check, run.Advance(longer, null, chunk), whole);
            });
        }
    }

    /// <summary>The longest text at hand, repeated until it has passed the model's window twice, as far as its positions reach.</summary>
    private static Tensor LongIds(GoldenRun run, Tensor ids)
    {
        long window = run.Model.Masks().Select(place => (long)(place.Mask.Window ?? 0)).DefaultIfEmpty(0).Max();
        long positions = run.Case.ConfigInt("max_position_embeddings") ?? run.Case.ConfigInt("n_positions") ?? long.MaxValue;
        long wanted = Math.Min(Math.Max(ids.shape[1], (2 * window) + 3), positions);
        return ids.repeat(1, (wanted + ids.shape[1] - 1) / ids.shape[1]).narrow(1, 0, wanted);
    }
}
