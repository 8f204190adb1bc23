using Dsl;
using C = Zoo.Decoders.Qwen3Config;

namespace Zoo.Decoders;

/// <summary>Qwen 3 (Yang et al. 2025, arXiv 2505.09388): Qwen 2 without its biases, whose queries and keys are normalised head by head.</summary>
[ModelType("qwen3"), Extend<Qwen2Config>]
public sealed partial record Qwen3Config
{
    public int HeadDim => HeadDimKey ?? 128;
}

[Block<C>, Derive<LlamaBlock>, Set("self_attn", nameof(AttentionAttribute.Mask), nameof(Band))]
[Replace("self_attn.q_proj.rotary"), RmsNorm("self_attn.q_norm"), Rotary]
[Replace("self_attn.k_proj.rotary"), RmsNorm("self_attn.k_norm"), Rotary]
public sealed partial class Qwen3Block
{
    [Mask] static bool Band(int query, int key, int layer, C c) => key <= query && (c.Sees(layer) is null || query - key < c.Sees(layer));
}

[Model<C>("Qwen3ForCausalLM"), TrainedBy("clm"), Derive<Llama>]
[Replace("model.layers"), Repeat<Qwen3Block>("model.layers", nameof(C.Layers))]
public sealed partial class Qwen3;
