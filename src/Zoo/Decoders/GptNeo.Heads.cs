using Dsl;
using C = Zoo.Decoders.GptNeoConfig;

namespace Zoo.Decoders;

public sealed partial record GptNeoConfig
{
    [Count("id2label")] public int Classes { get; init; } = 2;
}

/// <summary>Labels, or a reward where there is one: a score at each token (<c>values</c>), and of a text the one at its last real token.</summary>
[Model<C>("GPTNeoForSequenceClassification"), TrainedBy("reward"), Derive<GptNeo>]
[Replace("lm_head"), Linear("score", nameof(C.Classes)), Output("values"), Pool("last")]
public sealed partial class GptNeoForSequenceClassification;

/// <summary>A policy and its value in one trunk.</summary>
[Model<C>("GPTNeoForCausalLMWithValueHead"), TrainedBy("ppo"), Derive<GptNeo>]
[Replace("transformer.ln_f"), LayerNorm("transformer.ln_f"), As("normed")]
[From("normed"), Linear("v_head.summary", 1, Bias = true), Rearrange("b t 1 -> b t"), Output("values")]
public sealed partial class GptNeoForCausalLMWithValueHead;

/// <summary>The trunk alone.</summary>
[Model<C>("GPTNeoModel"), Derive<GptNeo>, Rename("transformer", ""), Remove("lm_head.output"), Remove("lm_head")]
[Keys("with prefix", "wte", "wpe", "h", "ln_f", Under = "transformer")]
public sealed partial class GptNeoModel;
