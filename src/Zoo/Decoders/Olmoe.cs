using System;
using Dsl;
using C = Zoo.Decoders.OlmoeConfig;

namespace Zoo.Decoders;

/// <summary>OLMoE (Muennighoff et al. 2024, arXiv 2409.02060): LLaMA with many small feed-forwards; queries and keys are normalised.</summary>
[ModelType("olmoe"), Extend<LlamaConfig>, NoEffect("output_router_logits")]
public sealed partial record OlmoeConfig([Key("num_experts"), Range(1)] int Experts = 64, [Key("num_experts_per_tok"), Range(1)] int Chosen = 8,
    [Key("norm_topk_prob")] bool Normalised = false, [Key("clip_qkv"), Range(0, Above = true)] double? Clip = null,
    [Key("router_aux_loss_coef"), Range(0)] double Balance = 0.01, [Key("rms_norm_eps"), Range(0)] double Eps = 1e-5)
{
    public RoutingConfig Routing => new(Experts, Chosen, FeedForward, Act, Normalised);
}

[Block<C>, Derive<LlamaBlock>]
[Replace("self_attn.q_proj"), Linear("self_attn.q_proj", Bias = nameof(C.AttentionBias)), RmsNorm("self_attn.q_norm"), Apply(nameof(Clipped))]
[Replace("self_attn.k_proj"), Linear("self_attn.k_proj", Bias = nameof(C.AttentionBias)), RmsNorm("self_attn.k_norm"), Apply(nameof(Clipped))]
[Replace("self_attn.v_proj"), Linear("self_attn.v_proj", Bias = nameof(C.AttentionBias)), Apply(nameof(Clipped))]
[Replace("mlp"), Use<RoutedFeedForward>("mlp", Config = nameof(C.Routing))]
public sealed partial class OlmoeBlock
{
    [Pointwise] static double Clipped(double x, C c) => c.Clip is { } most ? Math.Min(Math.Max(x, -most), most) : x;
}

[Model<C>("OlmoeForCausalLM"), TrainedBy("clm"), Derive<Llama>]
[Replace("model.layers"), Repeat<OlmoeBlock>("model.layers", nameof(C.Layers)), As("layers")]
[From("layers"), Collected("router_logits", nameof(C.Experts)), Output("router_logits"), Softmax, Balance(nameof(C.Chosen)),
    Output("aux_loss", Loss = nameof(C.Balance))]
[Keys("a tensor an expert", "experts.gate_up_proj=experts.{e}.gate_proj.weight+experts.{e}.up_proj.weight",
    "experts.down_proj=experts.{e}.down_proj.weight")]
public sealed partial class Olmoe;
