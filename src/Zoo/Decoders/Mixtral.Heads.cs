using Dsl;
using C = Zoo.Decoders.MixtralConfig;

namespace Zoo.Decoders;

/// <summary>Labels, or a reward where there is one: a score at each token (<c>values</c>), and of a text the one at its last real token.</summary>
[Model<C>("MixtralForSequenceClassification"), TrainedBy("reward"), Derive<Mixtral>]
[Replace("lm_head"), Linear("score", nameof(C.Classes)), Output("values"), Pool("last")]
public sealed partial class MixtralForSequenceClassification;

/// <summary>A policy and its value in one trunk.</summary>
[Model<C>("MixtralForCausalLMWithValueHead"), TrainedBy("ppo"), Derive<Mixtral>]
[Replace("model.norm"), RmsNorm("model.norm"), As("normed")]
[From("normed"), Linear("v_head.summary", 1, Bias = true), Rearrange("b t 1 -> b t"), Output("values")]
public sealed partial class MixtralForCausalLMWithValueHead;

/// <summary>The trunk alone.</summary>
[Model<C>("MixtralModel"), Derive<MistralModel>]
[Replace("layers"), Repeat<MixtralBlock>("layers", nameof(C.Layers))]
[Keys("a tensor an expert", "mlp=block_sparse_moe", "experts.gate_up_proj=experts.{e}.w1.weight+experts.{e}.w3.weight",
    "experts.down_proj=experts.{e}.w2.weight")]
public sealed partial class MixtralModel;
