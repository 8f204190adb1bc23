using Dsl;
using C = Zoo.Decoders.Qwen3MoeConfig;

namespace Zoo.Decoders;

/// <summary>Labels, or a reward where there is one: a score at each token (<c>values</c>), and of a text the one at its last real token.</summary>
[Model<C>("Qwen3MoeForSequenceClassification"), TrainedBy("reward"), Derive<Qwen3Moe>]
[Replace("lm_head"), Linear("score", nameof(C.Classes)), Output("values"), Pool("last")]
public sealed partial class Qwen3MoeForSequenceClassification;

/// <summary>A policy and its value in one trunk.</summary>
[Model<C>("Qwen3MoeForCausalLMWithValueHead"), TrainedBy("ppo"), Derive<Qwen3Moe>]
[Replace("model.norm"), RmsNorm("model.norm"), As("normed")]
[From("normed"), Linear("v_head.summary", 1, Bias = true), Rearrange("b t 1 -> b t"), Output("values")]
public sealed partial class Qwen3MoeForCausalLMWithValueHead;
