using Dsl;
using C = Zoo.Decoders.Gpt2Config;

namespace Zoo.Decoders;

/// <summary>Labels, or a reward where there is one: a score at each token (<c>values</c>), and of a text the one at its last real token.</summary>
[Model<C>("GPT2ForSequenceClassification"), TrainedBy("reward"), Derive<Gpt2>]
[Replace("lm_head"), Linear("score", nameof(C.Classes)), Output("values"), Pool("last")]
public sealed partial class Gpt2ForSequenceClassification;

/// <summary>A policy and its value in one trunk.</summary>
[Model<C>("GPT2ForCausalLMWithValueHead"), TrainedBy("ppo"), Derive<Gpt2>]
[Replace("transformer.ln_f"), LayerNorm("transformer.ln_f"), As("normed")]
[From("normed"), Linear("v_head.summary", 1, Bias = true), Rearrange("b t 1 -> b t"), Output("values")]
public sealed partial class Gpt2ForCausalLMWithValueHead;

public sealed partial record Gpt2Config
{
    [Key("classifier_dropout"), Range(0, 1)] public double? HeadDropKey { get; init; }
    public double HeadDrop => HeadDropKey ?? 0.1;
}

/// <summary>One label for each token.</summary>
[Model<C>("GPT2ForTokenClassification"), Derive<Gpt2>]
[Replace("lm_head"), Dropout(nameof(C.HeadDrop)), Linear("classifier", nameof(C.Classes), Bias = true)]
public sealed partial class Gpt2ForTokenClassification;

/// <summary>The trunk alone.</summary>
[Model<C>("GPT2Model"), Derive<Gpt2>, Rename("transformer", ""), Remove("lm_head.output"), Remove("lm_head")]
[Keys("with prefix", "wte", "wpe", "h", "ln_f", Under = "transformer")]
public sealed partial class Gpt2Model;

/// <summary>A language model that also scores a text by its last token, for the choice among several.</summary>
[Model<C>("GPT2DoubleHeadsModel"), Derive<Gpt2>]
[Replace("transformer.ln_f"), LayerNorm("transformer.ln_f"), As("normed")]
[From("normed"), Pool("last"), Linear("multiple_choice_head.summary", 1, Bias = true), Output("mc_logits")]
public sealed partial class Gpt2DoubleHeads;
