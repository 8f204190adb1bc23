using Dsl;
using C = Zoo.Decoders.PhiConfig;

namespace Zoo.Decoders;

/// <summary>The trunk alone.</summary>
[Model<C>("PhiModel"), Derive<Phi>, Rename("model", ""), Remove("lm_head.output"), Remove("lm_head")]
[Keys("with prefix", "embed_tokens", "layers", "final_layernorm", Under = "model")]
public sealed partial class PhiModel;
