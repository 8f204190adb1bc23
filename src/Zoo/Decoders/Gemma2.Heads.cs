using Dsl;
using C = Zoo.Decoders.Gemma2Config;

namespace Zoo.Decoders;

public sealed partial record Gemma2Config
{
    [Count("id2label")] public int Classes { get; init; } = 2;
}

/// <summary>Labels, or a reward where there is one: a score at each token (<c>values</c>), and of a text the one at its last real token.</summary>
[Model<C>("Gemma2ForSequenceClassification"), TrainedBy("reward"), Derive<Gemma2>, Remove("lm_head.apply")]
[Replace("lm_head"), Linear("score", nameof(C.Classes)), Output("values"), Pool("last")]
public sealed partial class Gemma2ForSequenceClassification;

/// <summary>A policy and its value in one trunk.</summary>
[Model<C>("Gemma2ForCausalLMWithValueHead"), TrainedBy("ppo"), Derive<Gemma2>]
[Replace("model.norm"), Use<Gemma2Norm>("model.norm"), As("normed")]
[From("normed"), Linear("v_head.summary", 1, Bias = true), Rearrange("b t 1 -> b t"), Output("values")]
public sealed partial class Gemma2ForCausalLMWithValueHead;

/// <summary>The trunk alone.</summary>
[Model<C>("Gemma2Model"), Derive<Gemma2>, Rename("model", ""), Remove("lm_head.output"), Remove("lm_head.apply"), Remove("lm_head")]
[Keys("with prefix", "embed_tokens", "layers", "norm", Under = "model")]
public sealed partial class Gemma2Model;
