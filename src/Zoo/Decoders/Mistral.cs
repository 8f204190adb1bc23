using Dsl;
using C = Zoo.Decoders.MistralConfig;

namespace Zoo.Decoders;

/// <summary>Mistral (Jiang et al. 2023, arXiv 2310.06825): LLaMA whose queries see a window of keys.</summary>
[ModelType("mistral"), Extend<LlamaConfig>, NoEffect("use_sliding_window")]
public sealed partial record MistralConfig([Key("sliding_window"), Range(1)] int? Window = null);

[Block<C>, Derive<LlamaBlock>, Set("self_attn", "Mask", nameof(Band))]
public sealed partial class MistralBlock
{
    [Mask] static bool Band(int query, int key, C c) => key <= query && (c.Window is null || query - key < c.Window);
}

[Model<C>("MistralForCausalLM"), Derive<Llama>]
[Replace("model.layers"), Repeat<MistralBlock>("model.layers", nameof(C.Layers))]
public sealed partial class Mistral;
