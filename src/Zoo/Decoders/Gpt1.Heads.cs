using Dsl;
using C = Zoo.Decoders.Gpt1Config;

namespace Zoo.Decoders;

/// <summary>The trunk alone.</summary>
[Model<C>("OpenAIGPTModel"), Derive<Gpt1>, Rename("transformer", ""), Remove("lm_head.output"), Remove("lm_head")]
[Keys("with prefix", "tokens_embed", "positions_embed", "h", Under = "transformer")]
public sealed partial class Gpt1Model;

/// <summary>A language model that also scores a text by its last token, for the choice among several.</summary>
[Model<C>("OpenAIGPTDoubleHeadsModel"), Derive<Gpt1>]
[Replace("transformer.h"), Repeat<Gpt1Block>("transformer.h", nameof(C.Layers)), As("read")]
[From("read"), Pool("last"), Linear("multiple_choice_head.summary", 1, Bias = true), Output("mc_logits")]
public sealed partial class Gpt1DoubleHeads;
