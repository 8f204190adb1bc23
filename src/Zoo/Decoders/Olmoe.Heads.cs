using Dsl;
using C = Zoo.Decoders.OlmoeConfig;

namespace Zoo.Decoders;

/// <summary>Labels, or a reward where there is one: a score at each token (<c>values</c>), and of a text the one at its last real token.</summary>
[Model<C>("OlmoeForSequenceClassification"), TrainedBy("reward"), Derive<Olmoe>]
[Replace("lm_head"), Linear("score", nameof(C.Classes)), Output("values"), Pool("last")]
public sealed partial class OlmoeForSequenceClassification;

/// <summary>A policy and its value in one trunk.</summary>
[Model<C>("OlmoeForCausalLMWithValueHead"), TrainedBy("ppo"), Derive<Olmoe>]
[Replace("model.norm"), RmsNorm("model.norm"), As("normed")]
[From("normed"), Linear("v_head.summary", 1, Bias = true), Rearrange("b t 1 -> b t"), Output("values")]
public sealed partial class OlmoeForCausalLMWithValueHead;
