using Dsl;
using C = Zoo.Decoders.Qwen3Config;

namespace Zoo.Decoders;

/// <summary>Qwen 3 (Yang et al. 2025, arXiv 2505.09388): Qwen 2 without its biases, whose queries and keys are normalised head by head.</summary>
[ModelType("qwen3"), Extend<Qwen2Config>]
public sealed partial record Qwen3Config
{
    public int HeadDim => HeadDimKey ?? 128;
}

[Block<C>, Defaults(Eps = nameof(C.Eps), Bias = nameof(C.AttentionBias), Theta = nameof(C.Theta), Frequency = nameof(C.Scaling), Context = nameof(C.Context),
    Dropout = nameof(C.AttentionDrop))]
[From("x"), Linear("q_proj"), Heads(nameof(C.Heads), nameof(C.HeadDim)), RmsNorm("q_norm"), Rotary, As("q")]
[From("x"), Linear("k_proj"), Heads(nameof(C.KvHeads), nameof(C.HeadDim)), RmsNorm("k_norm"), Rotary, As("k")]
[From("x"), Linear("v_proj"), Heads(nameof(C.KvHeads), nameof(C.HeadDim)), As("v")]
[Attend("q", "k", "v", Mask = nameof(Band)), Merge, Linear("o_proj")]
public sealed partial class Qwen3Attention
{
    [Mask] static bool Band(int query, int key, int layer, C c) => key <= query && (c.Sees(layer) is null || query - key < c.Sees(layer));
}

[Block<C>, Derive<LlamaBlock>]
[Replace("self_attn"), Use<Qwen3Attention>("self_attn")]
public sealed partial class Qwen3Block;

[Model<C>("Qwen3ForCausalLM"), TrainedBy("clm"), Derive<Llama>]
[Replace("model.layers"), Repeat<Qwen3Block>("model.layers", nameof(C.Layers))]
public sealed partial class Qwen3;
