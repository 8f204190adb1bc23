using Dsl;
using C = Zoo.Decoders.Gpt3Config;

namespace Zoo.Decoders;

/// <summary>Labels, or a reward where there is one: a score at each token (<c>values</c>), and of a text the one at its last real token.</summary>
[Model<C>("GPT3ForSequenceClassification"), TrainedBy("reward"), Derive<Gpt3>]
[Replace("lm_head"), Linear("score", nameof(C.Classes)), Output("values"), Pool("last")]
public sealed partial class Gpt3ForSequenceClassification;

/// <summary>A policy and its value in one trunk.</summary>
[Model<C>("GPT3ForCausalLMWithValueHead"), TrainedBy("ppo"), Derive<Gpt3>]
[Replace("transformer.ln_f"), LayerNorm("transformer.ln_f"), As("normed")]
[From("normed"), Linear("v_head.summary", 1, Bias = true), Rearrange("b t 1 -> b t"), Output("values")]
public sealed partial class Gpt3ForCausalLMWithValueHead;
