using Dsl;
using static System.Math;
using C = Zoo.EncoderDecoders.BartConfig;

namespace Zoo.EncoderDecoders;

/// <summary>BART (Lewis et al. 2019, arXiv 1910.13461): norms after the residuals, learned positions from row 2 on.</summary>
[ModelType("bart"), Only("encoder_layerdrop", 0.0), Only("decoder_layerdrop", 0.0), Only("normalize_embedding", true), Only("extra_pos_embeddings", 2)]
[Only("static_position_embeddings", false), NoEffect("num_hidden_layers", "add_bias_logits", "add_final_layer_norm", "classif_dropout")]
public sealed partial record BartConfig(
    [Key("vocab_size"), Range(1)] int Vocab,
    [Key("d_model"), Range(1)] int Hidden,
    [Key("encoder_layers"), Range(1)] int EncoderLayers, [Key("decoder_layers"), Range(1)] int DecoderLayers,
    [Key("encoder_attention_heads"), Range(1)] int EncoderHeads, [Key("decoder_attention_heads"), Range(1)] int DecoderHeads,
    [Key("encoder_ffn_dim"), Range(1)] int EncoderFeedForward, [Key("decoder_ffn_dim"), Range(1)] int DecoderFeedForward,
    [Key("activation_function")] Activation? ActKey = null,
    [Key("max_position_embeddings"), Range(1)] int Context = 1024,
    [Key("scale_embedding")] bool ScaleEmbedding = false,
    [Key("dropout"), Range(0, 1)] double Drop = 0.1,
    [Key("attention_dropout"), Range(0, 1)] double AttentionDrop = 0, [Key("activation_dropout"), Range(0, 1)] double ActivationDrop = 0,
    [Key("tie_word_embeddings")] bool Tied = true, [Key("pad_token_id"), Range(-1)] int? Pad = 1,
    [Key("normalize_before")] bool PreNorm = false,
    [Key("init_std"), Range(0)] double Deviation = 0.02)
{
    public Activation Act => ActKey ?? Activation.Gelu;
    public int EncoderHeadDim => Hidden / EncoderHeads;
    public int DecoderHeadDim => Hidden / DecoderHeads;
    public int Rows => Context + 2;
    public double Scale => ScaleEmbedding ? Sqrt(Hidden) : 1;
}

[Block<C>, Input("memory", "b s m"), Defaults(Bias = true, Dropout = nameof(C.AttentionDrop))]
[From("x"), Linear("q_proj"), Heads(nameof(C.DecoderHeads), nameof(C.DecoderHeadDim)), As("q")]
[From("memory"), Linear("k_proj"), Heads(nameof(C.DecoderHeads), nameof(C.DecoderHeadDim)), As("k")]
[From("memory"), Linear("v_proj"), Heads(nameof(C.DecoderHeads), nameof(C.DecoderHeadDim)), As("v")]
[Attend("q", "k", "v"), Merge, Linear("out_proj")]
public sealed partial class BartCrossAttention;

// Each step: norm before (mBART), branch, residual, norm after (BART).
[Block<C>, Defaults(Bias = true, Dropout = nameof(C.AttentionDrop), Heads = nameof(C.EncoderHeads), HeadDim = nameof(C.EncoderHeadDim))]
[When(nameof(C.PreNorm)), LayerNorm("self_attn_layer_norm")]
[Attention("self_attn.{q,k,v,out}_proj"), Dropout(nameof(C.Drop)), As("a"), Sum("x", "a"), As("x1")]
[Unless(nameof(C.PreNorm)), LayerNorm("self_attn_layer_norm"), As("y1")]
[When(nameof(C.PreNorm)), LayerNorm("final_layer_norm")]
[Linear("fc1", nameof(C.EncoderFeedForward)), Activate(nameof(C.Act)), Dropout(nameof(C.ActivationDrop)), Linear("fc2"), Dropout(nameof(C.Drop)), As("f")]
[Sum("y1", "f"), As("x2")]
[Unless(nameof(C.PreNorm)), LayerNorm("final_layer_norm")]
public sealed partial class BartEncoderBlock;

[Block<C>, Input("memory", "b s m")]
[Defaults(Bias = true, Dropout = nameof(C.AttentionDrop), Heads = nameof(C.DecoderHeads), HeadDim = nameof(C.DecoderHeadDim))]
[When(nameof(C.PreNorm)), LayerNorm("self_attn_layer_norm")]
[Attention("self_attn.{q,k,v,out}_proj", Mask = Mask.Causal), Dropout(nameof(C.Drop)), As("a"), Sum("x", "a"), As("x1")]
[Unless(nameof(C.PreNorm)), LayerNorm("self_attn_layer_norm"), As("y1")]
[When(nameof(C.PreNorm)), LayerNorm("encoder_attn_layer_norm")]
[Use<BartCrossAttention>("encoder_attn"), Dropout(nameof(C.Drop)), As("c"), Sum("y1", "c"), As("x2")]
[Unless(nameof(C.PreNorm)), LayerNorm("encoder_attn_layer_norm"), As("y2")]
[When(nameof(C.PreNorm)), LayerNorm("final_layer_norm")]
[Linear("fc1", nameof(C.DecoderFeedForward)), Activate(nameof(C.Act)), Dropout(nameof(C.ActivationDrop)), Linear("fc2"), Dropout(nameof(C.Drop)), As("f")]
[Sum("y2", "f"), As("x3")]
[Unless(nameof(C.PreNorm)), LayerNorm("final_layer_norm")]
public sealed partial class BartDecoderBlock;

[Model<C>("BartForConditionalGeneration"), TrainedBy("denoise"), TrainedBy("text"), Defaults(Deviation = nameof(C.Deviation))]
[Input("input_ids", "b s", Mask = "attention_mask"), Input("decoder_input_ids", "b t", Steps = true)]
[From("input_ids"), Embedding("model.shared", nameof(C.Vocab), nameof(C.Hidden), Padding = nameof(C.Pad)), Apply(nameof(Scaled)),
    Positions("model.encoder.embed_positions", nameof(C.Rows), Offset = 2)]
[LayerNorm("model.encoder.layernorm_embedding"), Dropout(nameof(C.Drop)), Repeat<BartEncoderBlock>("model.encoder.layers", nameof(C.EncoderLayers))]
[When(nameof(C.PreNorm)), LayerNorm("model.encoder.layer_norm"), As("memory")]
[From("memory"), Output("encoder_hidden")]
[From("decoder_input_ids"), Embedding("model.shared", Shared = true, Padding = nameof(C.Pad)), Apply(nameof(Scaled)),
    Positions("model.decoder.embed_positions", nameof(C.Rows), Offset = 2)]
[LayerNorm("model.decoder.layernorm_embedding"), Dropout(nameof(C.Drop)), Repeat<BartDecoderBlock>("model.decoder.layers", nameof(C.DecoderLayers))]
[When(nameof(C.PreNorm)), LayerNorm("model.decoder.layer_norm")]
[Head("lm_head", TiedTo = "model.shared", Tied = nameof(C.Tied)), Apply(nameof(Biased)), Output("logits")]
[Init("final_logits_bias", 0), Group("final_logits_bias", Rate = 0)]
[Same("model.shared", "model.encoder.embed_tokens", "model.decoder.embed_tokens"), Ignore("encoder.version", "decoder.version")]
public sealed partial class Bart
{
    [Pointwise] internal static double Scaled(double x, C c) => x * c.Scale;

    [Pointwise] internal static double Biased(double x, [Parameter("final_logits_bias", "1 d")] double bias) => x + bias;
}
