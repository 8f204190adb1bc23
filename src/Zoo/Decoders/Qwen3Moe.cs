using System;
using System.Linq;
using Dsl;
using C = Zoo.Decoders.Qwen3MoeConfig;

namespace Zoo.Decoders;

/// <summary>Qwen 3 MoE (Yang et al. 2025, arXiv 2505.09388): Qwen 3 with many small feed-forwards in its layers, or in some of them.</summary>
[ModelType("qwen3_moe"), Extend<Qwen3Config>, NoEffect("output_router_logits")]
public sealed partial record Qwen3MoeConfig([Key("num_local_experts", "num_experts"), Range(1)] int Experts = 128,
    [Key("num_experts_per_tok"), Range(1)] int Chosen = 8, [Key("moe_intermediate_size"), Range(1)] int ExpertWidth = 768,
    [Key("norm_topk_prob")] bool Normalised = false, [Key("decoder_sparse_step"), Range(1)] int Every = 1, [Key("mlp_only_layers")] int[]? Dense = null,
    [Key("router_aux_loss_coef"), Range(0)] double Balance = 0.001)
{
    public RoutingConfig Routing => new(Experts, Chosen, ExpertWidth, Act, Normalised);
    public Type Kind(int layer) => (layer + 1) % Every == 0 && Dense?.Contains(layer) != true ? typeof(Qwen3MoeBlock) : typeof(Qwen3Block);
}

[Block<C>, Derive<Qwen3Block>]
[Replace("mlp"), Use<RoutedFeedForward>("mlp", Config = nameof(C.Routing))]
public sealed partial class Qwen3MoeBlock;

[Model<C>("Qwen3MoeForCausalLM"), TrainedBy("clm"), Derive<Qwen3>]
[Replace("model.layers"), Repeat<Qwen3MoeBlock, Qwen3Block>("model.layers", nameof(C.Layers), By = nameof(C.Kind)), As("layers")]
[From("layers"), Collected("router_logits", nameof(C.Experts)), Output("router_logits"), Softmax, Balance(nameof(C.Chosen)),
    Output("aux_loss", Loss = nameof(C.Balance))]
[Keys("a tensor an expert", "experts.gate_up_proj=experts.{e}.gate_proj.weight+experts.{e}.up_proj.weight",
    "experts.down_proj=experts.{e}.down_proj.weight")]
public sealed partial class Qwen3Moe;
