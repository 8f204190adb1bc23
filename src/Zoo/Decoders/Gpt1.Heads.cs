using Dsl;
using C = Zoo.Decoders.Gpt1Config;

namespace Zoo.Decoders;

/// <summary>The trunk alone.</summary>
[Model<C>("OpenAIGPTModel"), Derive<Gpt1>, Rename("transformer", ""), Remove("lm_head.output"), Remove("lm_head")]
[Keys("with prefix", "tokens_embed", "positions_embed", "h", Under = "transformer")]
public sealed partial class Gpt1Model;
