using System;
using Dsl;
using C = Zoo.Decoders.Gemma2Config;

namespace Zoo.Decoders;

/// <summary>Gemma 2 (Gemma Team 2024, arXiv 2408.00118): four norms a block, capped scores and logits, every other layer reads a window.</summary>
[ModelType("gemma2"), Extend<LlamaConfig>, Only("use_bidirectional_attention", false), NoEffect("cache_implementation", "hidden_act")]
public sealed partial record Gemma2Config(
    [Key("hidden_activation")] Activation? ActKey = null, [Key("query_pre_attn_scalar"), Range(0, Above = true)] double QueryScalar = 256,
    [Key("sliding_window"), Range(1)] int Window = 4096, [Key("layer_types")] string[]? Kinds = null,
    [Key("attn_logit_softcapping"), Range(0, Above = true)] double? ScoreCap = 50,
    [Key("final_logit_softcapping"), Range(0, Above = true)] double? LogitCap = 30,
    [Key("max_position_embeddings"), Range(1)] int Context = 8192, [Key("tie_word_embeddings")] bool Tied = true)
{
    public Activation Act => ActKey ?? Activation.GeluTanh;
    public int HeadDim => HeadDimKey ?? 256;
    public double Scale => 1 / Math.Sqrt(QueryScalar);
    public bool IsBanded(int layer) => Kinds is null ? layer % 2 == 0 : LayerKinds.IsBanded(Kinds, layer);
}

[Block<C>]
[RmsNorm(Eps = nameof(C.Eps)), Apply(nameof(Scale))]
public sealed partial class Gemma2Norm
{
    [Pointwise] static double Scale(double x, [Parameter("weight", "d")] double weight) => x * (1 + weight);
}

[Block<C>, Defaults(Theta = nameof(C.Theta), Frequency = nameof(C.Scaling), Context = nameof(C.Context), Dropout = nameof(C.AttentionDrop))]
[Residual, Use<Gemma2Norm>("input_layernorm"), Attention("self_attn.{q,k,v,o}_proj", Mask = nameof(Band), Score = nameof(Capped), Scale = nameof(C.Scale),
    Position = Position.Rotary, Bias = nameof(C.AttentionBias)), Use<Gemma2Norm>("post_attention_layernorm")]
[Residual, Use<Gemma2Norm>("pre_feedforward_layernorm"), GatedFeedForward("mlp.{gate,up,down}_proj", nameof(C.Act)),
    Use<Gemma2Norm>("post_feedforward_layernorm")]
public sealed partial class Gemma2Block
{
    [Mask] static bool Band(int query, int key, int layer, C c) => key <= query && (!c.IsBanded(layer) || query - key < c.Window);
    [Score] static double Capped(double score, C c) => c.ScoreCap is { } cap ? cap * Math.Tanh(score / cap) : score;
}

[Model<C>("Gemma2ForCausalLM"), TrainedBy("clm"), Defaults(Deviation = nameof(C.Deviation))]
[Embedding("model.embed_tokens", nameof(C.Vocab), nameof(C.Hidden)), Apply(nameof(Scaled))]
[Repeat<Gemma2Block>("model.layers", nameof(C.Layers)), Use<Gemma2Norm>("model.norm"), Output("hidden")]
[Head("lm_head", TiedTo = "model.embed_tokens", Tied = nameof(C.Tied)), Apply(nameof(Capped)), Output("logits")]
[Keys("without prefix", "model="), Init("*norm.weight", 0.0)]
public sealed partial class Gemma2
{
    [Pointwise] static double Scaled(double x, C c) => x * Math.Sqrt(c.Hidden);
    [Pointwise] static double Capped(double logit, C c) => c.LogitCap is { } cap ? cap * Math.Tanh(logit / cap) : logit;
}
