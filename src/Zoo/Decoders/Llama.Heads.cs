using Dsl;
using C = Zoo.Decoders.LlamaConfig;

namespace Zoo.Decoders;

/// <summary>Labels, or a reward where there is one: a score at each token (<c>values</c>), and of a text the one at its last real token.</summary>
[Model<C>("LlamaForSequenceClassification"), TrainedBy("reward"), Derive<Llama>]
[Replace("lm_head"), Linear("score", nameof(C.Classes)), Output("values"), Pool("last")]
public sealed partial class LlamaForSequenceClassification;

/// <summary>A policy and its value in one trunk (Ziegler and others, 2019).</summary>
[Model<C>("LlamaForCausalLMWithValueHead"), TrainedBy("ppo"), Derive<Llama>]
[Replace("model.norm"), RmsNorm("model.norm"), As("normed")]
[From("normed"), Linear("v_head.summary", 1, Bias = true), Rearrange("b t 1 -> b t"), Output("values")]
public sealed partial class LlamaForCausalLMWithValueHead;

public sealed partial record LlamaConfig
{
    [Key("classifier_dropout"), Range(0, 1)] public double? HeadDropKey { get; init; }
    public double HeadDrop => HeadDropKey ?? 0.1;
}

/// <summary>One label for each token.</summary>
[Model<C>("LlamaForTokenClassification"), Derive<Llama>]
[Replace("lm_head"), Dropout(nameof(C.HeadDrop)), Linear("score", nameof(C.Classes), Bias = true)]
public sealed partial class LlamaForTokenClassification;

/// <summary>The trunk alone.</summary>
[Model<C>("LlamaModel"), Derive<Llama>, Rename("model", ""), Remove("lm_head.output"), Remove("lm_head")]
[Keys("with prefix", "embed_tokens", "layers", "norm", Under = "model")]
public sealed partial class LlamaModel;
