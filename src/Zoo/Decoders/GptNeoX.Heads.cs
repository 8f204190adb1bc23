using Dsl;
using C = Zoo.Decoders.GptNeoXConfig;

namespace Zoo.Decoders;

/// <summary>The trunk alone.</summary>
[Model<C>("GPTNeoXModel"), Derive<GptNeoX>, Rename("gpt_neox", ""), Remove("lm_head.output"), Remove("lm_head")]
[Keys("with prefix", "embed_in", "layers", "final_layer_norm", Under = "gpt_neox")]
public sealed partial class GptNeoXModel;
