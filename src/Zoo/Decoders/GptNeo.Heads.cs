using Dsl;
using C = Zoo.Decoders.GptNeoConfig;

namespace Zoo.Decoders;

/// <summary>The trunk alone.</summary>
[Model<C>("GPTNeoModel"), Derive<GptNeo>, Rename("transformer", ""), Remove("lm_head.output"), Remove("lm_head")]
[Keys("with prefix", "wte", "wpe", "h", "ln_f", Under = "transformer")]
public sealed partial class GptNeoModel;
