using Dsl;
using C = Zoo.Decoders.PhiConfig;

namespace Zoo.Decoders;

public sealed partial record PhiConfig
{
    [Count("id2label")] public int Classes { get; init; } = 2;
}

/// <summary>Labels, or a reward where there is one: a score at each token (<c>values</c>), and of a text the one at its last real token.</summary>
[Model<C>("PhiForSequenceClassification"), TrainedBy("reward"), Derive<Phi>]
[Replace("lm_head"), Linear("score", nameof(C.Classes)), Output("values"), Pool("last")]
public sealed partial class PhiForSequenceClassification;

/// <summary>A policy and its value in one trunk.</summary>
[Model<C>("PhiForCausalLMWithValueHead"), TrainedBy("ppo"), Derive<Phi>]
[Replace("model.final_layernorm"), LayerNorm("model.final_layernorm"), As("normed")]
[From("normed"), Linear("v_head.summary", 1, Bias = true), Rearrange("b t 1 -> b t"), Output("values")]
public sealed partial class PhiForCausalLMWithValueHead;

/// <summary>The trunk alone.</summary>
[Model<C>("PhiModel"), Derive<Phi>, Rename("model", ""), Remove("lm_head.output"), Remove("lm_head")]
[Keys("with prefix", "embed_tokens", "layers", "final_layernorm", Under = "model")]
public sealed partial class PhiModel;
