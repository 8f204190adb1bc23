using Dsl;
using C = Zoo.Decoders.GptNeoXConfig;

namespace Zoo.Decoders;

public sealed partial record GptNeoXConfig
{
    [Count("id2label")] public int Classes { get; init; } = 2;
}

/// <summary>Labels, or a reward where there is one: a score at each token (<c>values</c>), and of a text the one at its last real token.</summary>
[Model<C>("GPTNeoXForSequenceClassification"), TrainedBy("reward"), Derive<GptNeoX>]
[Replace("lm_head"), Linear("score", nameof(C.Classes)), Output("values"), Pool("last")]
public sealed partial class GptNeoXForSequenceClassification;

/// <summary>A policy and its value in one trunk.</summary>
[Model<C>("GPTNeoXForCausalLMWithValueHead"), TrainedBy("ppo"), Derive<GptNeoX>]
[Replace("gpt_neox.final_layer_norm"), LayerNorm("gpt_neox.final_layer_norm"), As("normed")]
[From("normed"), Linear("v_head.summary", 1, Bias = true), Rearrange("b t 1 -> b t"), Output("values")]
public sealed partial class GptNeoXForCausalLMWithValueHead;

/// <summary>The trunk alone.</summary>
[Model<C>("GPTNeoXModel"), Derive<GptNeoX>, Rename("gpt_neox", ""), Remove("lm_head.output"), Remove("lm_head")]
[Keys("with prefix", "embed_in", "layers", "final_layer_norm", Under = "gpt_neox")]
public sealed partial class GptNeoXModel;
