using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Runtime;
using Dsl.Testing;
using TorchSharp;
using Zoo.StateSpaces;
using static TorchSharp.torch;

namespace Zoo.Cli.Verification;

/// <summary>How the published class of a name lays out what our state holds: the outputs <c>state_*</c> of a case.</summary>
internal static class ZooStates
{
    /// <summary>The state after the whole text, read at once and token by token.</summary>
    internal static void Compare(GoldenRun run)
    {
        foreach (int chunk in GoldenRun.Chunks)
        {
            run.Attempt("out.state", () =>
            {
                using ModelState state = run.Begin();
                run.Advance(run.Inputs, null, chunk, state);
                IReadOnlyDictionary<string, Tensor> ours = Of(state) ?? new Dictionary<string, Tensor>();
                foreach ((string name, Tensor reference) in run.Case.Outputs.Where(o => o.Key.StartsWith("state_", StringComparison.Ordinal)))
                {
                    string check = $"out.{name}, {GoldenRun.By(chunk)}";
                    if (ours.TryGetValue(name, out Tensor? value))
                    {
                        run.Compare(check, value, reference);
                    }
                    else
                    {
                        run.Miss(check, $"nothing says where {run.Model.GetType().Name} keeps this state.");
                    }
                }
            });
        }
    }

    /// <summary>By the case's names; null where no layout is known for the model.</summary>
    private static IReadOnlyDictionary<string, Tensor>? Of(ModelState state) => state switch
    {
        // [batch, channels, layers] each.
        Rwkv.State rwkv => new Dictionary<string, Tensor>
        {
            ["state_ffn_x"] = Layers(rwkv, block => block.FeedForward.Previous.Values!.squeeze(1)),
            ["state_att_x"] = Layers(rwkv, block => block.Attention.Previous.Values!.squeeze(1)),
            ["state_aa"] = Layers(rwkv, block => block.Attention.Wkv.Values![0]),
            ["state_bb"] = Layers(rwkv, block => block.Attention.Wkv.Values![1]),
            ["state_pp"] = Layers(rwkv, block => block.Attention.Wkv.Values![2]),
        },
        _ => null,
    };

    private static Tensor Layers(Rwkv.State state, Func<RwkvBlock.State, Tensor> of) => stack([.. state.Blocks.Select(of)], -1);
}
