using Dsl;
using C = Zoo.Decoders.RoutingConfig;

namespace Zoo.Decoders;

/// <summary>What feed-forwards of which a token has a few are built with; a family's config makes it of its own members.</summary>
public sealed record RoutingConfig([Key("num_experts"), Range(1)] int Experts, [Key("num_experts_per_tok"), Range(1)] int Chosen,
    [Key("intermediate_size"), Range(1)] int Width, [Key("hidden_act")] Activation Act, [Key("norm_topk_prob")] bool Normalised)
{
    public int Both => 2 * Width;
}

/// <summary>A gated feed-forward for each expert, as transformers stores them since version 5: stacked, the gate's rows first.</summary>
[Block<C>, Input("x", "b t e d")]
[Linear("", nameof(C.Both), Weight = "gate_up_proj", Stored = "e out in"), Split("gate", "up")]
[From("up"), Gate("gate", nameof(C.Act)), Linear("", Weight = "down_proj", Stored = "e out in")]
public sealed partial class GatedExperts;

/// <summary>
/// The experts with the largest scores, weighted by the softmax over all of them, renormalised over the chosen ones or not: the softmax over the chosen alone
/// is the renormalised one.
/// </summary>
[Block<C>]
[Linear("gate", nameof(C.Experts)), Collect("router_logits"), As("scores")]
[From("scores"), Route(nameof(C.Chosen)), As("chosen")]
[When(nameof(C.Normalised)), From("scores"), Softmax("chosen")]
[Unless(nameof(C.Normalised)), From("scores"), Softmax, Gate("chosen"), As("shares")]
[From("x"), Experts<GatedExperts>("experts", "chosen", "shares")]
public sealed partial class RoutedFeedForward;
