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

[Block<C>, Defaults(Eps = nameof(C.Eps), Bias = nameof(C.AttentionBias), Theta = nameof(C.Theta), Frequency = nameof(C.Scaling), Context = nameof(C.Context),
    Dropout = nameof(C.AttentionDrop))]
[From("x"), Linear("q_proj"), RmsNorm("q_norm"), Apply(nameof(Clipped)), Heads(nameof(C.Heads), nameof(C.HeadDim)), Rotary, As("q")]
[From("x"), Linear("k_proj"), RmsNorm("k_norm"), Apply(nameof(Clipped)), Heads(nameof(C.KvHeads), nameof(C.HeadDim)), Rotary, As("k")]
[From("x"), Linear("v_proj"), Apply(nameof(Clipped)), Heads(nameof(C.KvHeads), nameof(C.HeadDim)), As("v")]
[Attend("q", "k", "v", Mask = Mask.Causal), Merge, Linear("o_proj")]
public sealed partial class OlmoeAttention
{
    [Pointwise] static double Clipped(double x, C c) => c.Clip is { } most ? Math.Min(Math.Max(x, -most), most) : x;
}

[Block<C>, Derive<LlamaBlock>]
[Replace("self_attn"), Use<OlmoeAttention>("self_attn")]
[Replace("mlp"), Use<RoutedFeedForward>("mlp", Config = nameof(C.Routing))]
public sealed partial class OlmoeBlock;

[Model<C>("OlmoeForCausalLM"), TrainedBy("clm"), Derive<Llama>]
[Replace("model.layers"), Repeat<OlmoeBlock>("model.layers", nameof(C.Layers)), As("layers")]
[From("layers"), Collected("router_logits", nameof(C.Experts)), Output("router_logits"), Softmax, Balance(nameof(C.Chosen)),
    Output("aux_loss", Loss = nameof(C.Balance))]
[Keys("a tensor an expert", "experts.gate_up_proj=experts.{e}.gate_proj.weight+experts.{e}.up_proj.weight",
    "experts.down_proj=experts.{e}.down_proj.weight")]
public sealed partial class Olmoe;
