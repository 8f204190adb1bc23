using Dsl;
using C = Zoo.Decoders.Gpt1Config;

namespace Zoo.Decoders;

public sealed partial record Gpt1Config
{
    [Count("id2label")] public int Classes { get; init; } = 2;
}

/// <summary>Labels, or a reward where there is one: a score at each token (<c>values</c>), and of a text the one at its last real token.</summary>
[Model<C>("OpenAIGPTForSequenceClassification"), TrainedBy("reward"), Derive<Gpt1>]
[Replace("lm_head"), Linear("score", nameof(C.Classes)), Output("values"), Pool("last")]
public sealed partial class Gpt1ForSequenceClassification;

/// <summary>A policy and its value in one trunk.</summary>
[Model<C>("OpenAIGPTForCausalLMWithValueHead"), TrainedBy("ppo"), Derive<Gpt1>]
[Replace("transformer.h"), Repeat<Gpt1Block>("transformer.h", nameof(C.Layers)), As("read")]
[From("read"), Linear("v_head.summary", 1, Bias = true), Rearrange("b t 1 -> b t"), Output("values")]
public sealed partial class Gpt1ForCausalLMWithValueHead;

/// <summary>The trunk alone.</summary>
[Model<C>("OpenAIGPTModel"), Derive<Gpt1>, Rename("transformer", ""), Remove("lm_head.output"), Remove("lm_head")]
[Keys("with prefix", "tokens_embed", "positions_embed", "h", Under = "transformer")]
public sealed partial class Gpt1Model;

/// <summary>A language model that also scores a text by its last token, for the choice among several.</summary>
[Model<C>("OpenAIGPTDoubleHeadsModel"), Derive<Gpt1>]
[Replace("transformer.h"), Repeat<Gpt1Block>("transformer.h", nameof(C.Layers)), As("read")]
[From("read"), Pool("last"), Linear("multiple_choice_head.summary", 1, Bias = true), Output("mc_logits")]
public sealed partial class Gpt1DoubleHeads;
