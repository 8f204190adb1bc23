using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Runtime;
using TorchSharp;
using Zoo.StateSpaces;
using static TorchSharp.torch;

namespace Zoo.Verification;

/// <summary>How the published class of a name lays out what our state holds: the outputs <c>state_*</c> of a case.</summary>
internal static class GoldenStates
{
    /// <summary>By the case's names; null where no layout is known for the model.</summary>
    public static IReadOnlyDictionary<string, Tensor>? Of(ModelState state) => state switch
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
