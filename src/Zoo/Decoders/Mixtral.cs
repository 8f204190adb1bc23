using Dsl;
using C = Zoo.Decoders.MixtralConfig;

namespace Zoo.Decoders;

/// <summary>Mixtral (Jiang et al. 2024, arXiv 2401.04088): Mistral with eight feed-forwards a layer, of which a token has two.</summary>
[ModelType("mixtral"), Extend<MistralConfig>, Only("router_jitter_noise", 0.0), NoEffect("output_router_logits")]
public sealed partial record MixtralConfig([Key("num_local_experts"), Range(1)] int Experts = 8, [Key("num_experts_per_tok"), Range(1)] int Chosen = 2,
    [Key("router_aux_loss_coef"), Range(0)] double Balance = 0.001)
{
    public RoutingConfig Routing => new(Experts, Chosen, FeedForward, Act, Normalised: true);
}

[Block<C>, Derive<MistralBlock>]
[Replace("mlp"), Use<RoutedFeedForward>("mlp", Config = nameof(C.Routing))]
public sealed partial class MixtralBlock;

[Model<C>("MixtralForCausalLM"), TrainedBy("clm"), Derive<Mistral>]
[Replace("model.layers"), Repeat<MixtralBlock>("model.layers", nameof(C.Layers)), As("layers")]
[From("layers"), Collected("router_logits", nameof(C.Experts)), Output("router_logits"), Softmax, Balance(nameof(C.Chosen)),
    Output("aux_loss", Loss = nameof(C.Balance))]
[Keys("a tensor an expert", "mlp=block_sparse_moe", "experts.gate_up_proj=experts.{e}.w1.weight+experts.{e}.w3.weight",
    "experts.down_proj=experts.{e}.w2.weight")]
public sealed partial class Mixtral;
