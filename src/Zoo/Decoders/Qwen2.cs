using Dsl;
using C = Zoo.Decoders.Qwen2Config;

namespace Zoo.Decoders;

/// <summary>Qwen 2 and 2.5 (Yang et al. 2024, arXiv 2407.10671): LLaMA with a bias on queries, keys and values; some layers may read a window.</summary>
[ModelType("qwen2"), Extend<LlamaConfig>]
public sealed partial record Qwen2Config([Key("sliding_window"), Range(1)] int? Window = 4096, [Key("use_sliding_window")] bool Windowed = false,
    [Key("max_window_layers"), Range(0)] int FullLayers = 28, [Key("layer_types")] string[]? Kinds = null)
{
    public int? Sees(int layer) => Windowed && (Kinds is null ? layer >= FullLayers : LayerKinds.IsBanded(Kinds, layer)) ? Window : null;
}

[Block<C>, Derive<LlamaBlock>, Set("self_attn", "Mask", nameof(Band)), Set("self_attn", "Bias", true), Set("self_attn", "OutputBias", false)]
public sealed partial class Qwen2Block
{
    [Mask] static bool Band(int query, int key, int layer, C c) => key <= query && (c.Sees(layer) is null || query - key < c.Sees(layer));
}

[Model<C>("Qwen2ForCausalLM"), TrainedBy("clm"), Derive<Llama>]
[Replace("model.layers"), Repeat<Qwen2Block>("model.layers", nameof(C.Layers))]
public sealed partial class Qwen2;
