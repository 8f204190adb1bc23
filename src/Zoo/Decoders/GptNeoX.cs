using Dsl;
using Dsl.Runtime;
using C = Zoo.Decoders.GptNeoXConfig;

namespace Zoo.Decoders;

/// <summary>GPT-NeoX and Pythia (Black et al. 2022, arXiv 2204.06745; Biderman et al. 2023, arXiv 2304.01373): parallel branches, partial rotation.</summary>
[ModelType("gpt_neox"), NoEffect("classifier_dropout", "attention_probs_dropout_prob", "hidden_dropout_prob")]
public sealed partial record GptNeoXConfig(
    [Key("vocab_size"), Range(1)] int Vocab,
    [Key("hidden_size"), Range(1)] int Hidden,
    [Key("intermediate_size"), Range(1)] int FeedForward,
    [Key("num_hidden_layers"), Range(1)] int Layers,
    [Key("num_attention_heads"), Range(1)] int Heads,
    [Key("hidden_act")] Activation Act,
    [Key("layer_norm_eps"), Range(0)] double Eps = 1e-5,
    [Key("rope_parameters.partial_rotary_factor", "rotary_pct"), Range(0, 1)] double Rotated = 0.25,
    [Key("rope_parameters.rope_theta", "rope_theta", "rotary_emb_base"), Range(0, Above = true)] double Theta = 10000,
    [Key("rope_parameters", "rope_scaling")] RopeScaling? Scaling = null,
    [Key("max_position_embeddings"), Range(1)] int Context = 2048,
    [Key("use_parallel_residual")] bool Parallel = true,
    [Key("attention_bias")] bool AttentionBias = true,
    [Key("attention_dropout"), Range(0, 1)] double AttentionDrop = 0,
    [Key("hidden_dropout"), Range(0, 1)] double Drop = 0,
    [Key("tie_word_embeddings")] bool Tied = false,
    [Key("initializer_range"), Range(0)] double Deviation = 0.02)
{
    public int HeadDim => Hidden / Heads;
    public int RotaryWidth => (int)(HeadDim * Rotated);
}

[Block<C>, Defaults(Bias = nameof(C.AttentionBias), Theta = nameof(C.Theta), Frequency = nameof(C.Scaling), Context = nameof(C.Context),
    Width = nameof(C.RotaryWidth), Dropout = nameof(C.AttentionDrop))]
[Linear("query_key_value"), Rearrange("b t (h c) -> b t h c", "h", nameof(C.Heads)),
    Split("query", nameof(C.HeadDim), "key", nameof(C.HeadDim), "v", nameof(C.HeadDim))]
[From("query"), Rotary, As("q")]
[From("key"), Rotary, As("k")]
[Attend("q", "k", "v", Mask = Mask.Causal), Merge, Linear("dense")]
public sealed partial class GptNeoXAttention;

[Block<C>, Defaults(Eps = nameof(C.Eps), Bias = true)]
[Residual, LayerNorm("input_layernorm"), Use<GptNeoXAttention>("attention"), Dropout(nameof(C.Drop))]
[As("h")]
[When(nameof(C.Parallel)), From("x")]
[LayerNorm("post_attention_layernorm"), FeedForward("mlp.{dense_h_to_4h,dense_4h_to_h}", nameof(C.Act)), Dropout(nameof(C.Drop)), As("m")]
[Sum("h", "m")]
public sealed partial class GptNeoXBlock;

[Model<C>("GPTNeoXForCausalLM"), TrainedBy("clm"), Defaults(Eps = nameof(C.Eps), Deviation = nameof(C.Deviation))]
[Embedding("gpt_neox.embed_in", nameof(C.Vocab), nameof(C.Hidden)), Dropout(nameof(C.Drop))]
[Repeat<GptNeoXBlock>("gpt_neox.layers", nameof(C.Layers)), LayerNorm("gpt_neox.final_layer_norm"), Output("hidden")]
[Head("lm_head", TiedTo = "gpt_neox.embed_in", Tied = nameof(C.Tied)), Output("logits")]
[Keys("published", "lm_head=embed_out"), Ignore("*.attention.bias", "*.attention.masked_bias", "*.rotary_emb.inv_freq")]
public sealed partial class GptNeoX;
