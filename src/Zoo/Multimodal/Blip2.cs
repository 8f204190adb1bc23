using System;
using Dsl;
using Q = Zoo.Multimodal.QFormerConfig;
using S = Zoo.Multimodal.Blip2SightConfig;
using V = Zoo.Multimodal.EvaVisionConfig;

namespace Zoo.Multimodal;

/// <summary>EVA's vision transformer (Fang et al. 2022, arXiv 2211.07636) as BLIP-2 cuts it: the last of 40 layers is left out.</summary>
public sealed partial record EvaVisionConfig(
    [Key("hidden_size"), Range(1)] int Hidden = 1408, [Key("intermediate_size"), Range(1)] int FeedForward = 6144,
    [Key("num_hidden_layers"), Range(1)] int Layers = 39, [Key("num_attention_heads"), Range(1)] int Heads = 16,
    [Key("image_size"), Range(1)] int Image = 224, [Key("patch_size"), Range(1)] int Patch = 14, [Key("num_channels"), Range(1)] int Channels = 3,
    [Key("hidden_act")] string ActName = "gelu", [Key("layer_norm_eps"), Range(0)] double Eps = 1e-6, [Key("qkv_bias")] bool QkvBias = true,
    [Key("attention_dropout"), Range(0, 1)] double AttentionDrop = 0, [Key("initializer_range"), Range(0)] double Deviation = 1e-10)
{
    public int HeadDim => Hidden / Heads;
    public Activation Act => Activation.Of(ActName);
    public int Side => Image / Patch;
    public int Positions => Side * Side + 1;
}

/// <summary>BLIP-2's querying transformer (Li et al. 2023, arXiv 2301.12597): BERT over learned queries that look at the picture in every second
/// layer.</summary>
[Only("use_qformer_text_input", false), Only("position_embedding_type", "absolute"), NoEffect("vocab_size", "max_position_embeddings", "encoder_hidden_size")]
public sealed partial record QFormerConfig(
    [Key("hidden_size"), Range(1)] int Hidden = 768, [Key("intermediate_size"), Range(1)] int FeedForward = 3072,
    [Key("num_hidden_layers"), Range(1)] int Layers = 12, [Key("num_attention_heads"), Range(1)] int Heads = 12, [Key("hidden_act")] string ActName = "gelu",
    [Key("cross_attention_frequency"), Range(1)] int Frequency = 2, [Key("layer_norm_eps"), Range(0)] double Eps = 1e-12,
    [Key("hidden_dropout_prob"), Range(0, 1)] double Drop = 0.1,
    [Key("attention_probs_dropout_prob"), Range(0, 1)] double AttentionDrop = 0.1, [Key("initializer_range"), Range(0)] double Deviation = 0.02)
{
    public int HeadDim => Hidden / Heads;
    public Activation Act => Activation.Of(ActName);
}

/// <summary>BLIP-2's way from a picture to a language model's width, in the files that it has in the published library. The language model of such a file is
/// not read.</summary>
[ModelType("blip-2"), NoEffect("text_config", "image_text_hidden_size", "image_token_index", "image_token_id", "initializer_factor", "initializer_range",
    "use_decoder_only_language_model")]
public sealed partial record Blip2SightConfig(
    [Key("vision_config")] EvaVisionConfig Vision, [Key("qformer_config")] QFormerConfig QFormer,
    [Key("num_query_tokens"), Range(1)] int Queries = 32, [Key("text_config.hidden_size"), Range(1)] int TextHidden = 4096)
{
    public int Channels => Vision.Channels;
    public double VisionEps => Vision.Eps;
    public int QHidden => QFormer.Hidden;
    public int QLayers => QFormer.Layers;
    public double Eps => QFormer.Eps;
    public double Drop => QFormer.Drop;
    public Type Kind(int layer) => layer % QFormer.Frequency == 0 ? typeof(QFormerCrossBlock) : typeof(QFormerBlock);

    [Preset("minigpt4-7b-sight")] public static Blip2SightConfig B7 => new(new EvaVisionConfig(), new QFormerConfig());

    [Preset("minigpt4-13b-sight")] public static Blip2SightConfig B13 => B7 with { TextHidden = 5120 };
}

[Block<V>, Axis("c", nameof(V.Channels)), Axis("h"), Axis("w"), Axis("n", nameof(V.Positions)), Input("x", "b c h w")]
[Parameter("class_embedding", "1 1 d"), Rearrange("1 1 d -> d"), As("summary")]
[Parameter("position_embedding", "1 n d"), Rearrange("1 n d -> n d"), As("rows")]
[From("x"), Conv("patch_embedding", nameof(V.Patch), nameof(V.Hidden), Over = "h w -> rows columns", Stride = nameof(V.Patch), Bias = true),
    Rearrange("b d rows columns -> b (rows columns) d"), As("patches")]
[Expand("summary", "first"), As("first")]
[Concat("first", "patches", Along = "t"), Positions(Table = "rows")]
public sealed partial class EvaEmbeddings;

[Block<V>, Defaults(Dropout = nameof(V.AttentionDrop))]
[Linear("qkv", Bias = nameof(V.QkvBias)), Split("query", "key", "value")]
[From("query"), Heads(nameof(V.Heads), nameof(V.HeadDim)), As("q")]
[From("key"), Heads(nameof(V.Heads), nameof(V.HeadDim)), As("k")]
[From("value"), Heads(nameof(V.Heads), nameof(V.HeadDim)), As("v")]
[Attend("q", "k", "v"), Merge, Linear("projection", Bias = true)]
public sealed partial class EvaAttention;

[Block<V>, Defaults(Eps = nameof(V.Eps), Bias = true)]
[Residual, LayerNorm("layer_norm1"), Use<EvaAttention>("self_attn")]
[Residual, LayerNorm("layer_norm2"), FeedForward("mlp.{fc1,fc2}", nameof(V.Act))]
public sealed partial class EvaBlock;

[Block<Q>, Input("image", "b s m"), Defaults(Eps = nameof(Q.Eps), Bias = true, Dropout = nameof(Q.AttentionDrop))]
[Residual, Attention("attention.{attention.query,attention.key,attention.value,output.dense}"), Dropout(nameof(Q.Drop))]
[LayerNorm("attention.output.LayerNorm")]
[Residual, FeedForward("{intermediate_query.dense,output_query.dense}", nameof(Q.Act)), Dropout(nameof(Q.Drop))]
[LayerNorm("output_query.LayerNorm")]
public sealed partial class QFormerBlock;

[Block<Q>, Input("image", "b s m"), Defaults(Eps = nameof(Q.Eps), Bias = true, Dropout = nameof(Q.AttentionDrop))]
[Residual, Attention("attention.{attention.query,attention.key,attention.value,output.dense}"), Dropout(nameof(Q.Drop))]
[LayerNorm("attention.output.LayerNorm"), As("attended")]
[From("attended"), Linear("crossattention.attention.query"), Heads(nameof(Q.Heads), nameof(Q.HeadDim)), As("q")]
[From("image"), Linear("crossattention.attention.key"), Heads(nameof(Q.Heads), nameof(Q.HeadDim)), As("k")]
[From("image"), Linear("crossattention.attention.value"), Heads(nameof(Q.Heads), nameof(Q.HeadDim)), As("v")]
[Attend("q", "k", "v"), Merge, Linear("crossattention.output.dense"), Dropout(nameof(Q.Drop)), As("looked")]
[Sum("attended", "looked"), LayerNorm("crossattention.output.LayerNorm")]
[Residual, FeedForward("{intermediate_query.dense,output_query.dense}", nameof(Q.Act)), Dropout(nameof(Q.Drop))]
[LayerNorm("output_query.LayerNorm")]
public sealed partial class QFormerCrossBlock;

[Block<V>, Axis("c", nameof(V.Channels)), Axis("h"), Axis("w"), Input("x", "b c h w")]
[Use<EvaEmbeddings>("embeddings"), Repeat<EvaBlock>("encoder.layers", nameof(V.Layers))]
public sealed partial class EvaTower;

[Block<S>, Axis("n", nameof(S.Queries)), Axis("d", nameof(S.QHidden)), Input("x", "b s m"), Defaults(Eps = nameof(S.Eps))]
[Parameter("/query_tokens", "1 n d"), Rearrange("1 n d -> n d"), As("queries")]
[From("x"), As("image")]
[Expand("queries", "q"), LayerNorm("layernorm"), Dropout(nameof(S.Drop)),
    Repeat<QFormerCrossBlock, QFormerBlock>("encoder.layer", nameof(S.QLayers), By = nameof(S.Kind), Config = nameof(S.QFormer))]
public sealed partial class QFormer;

[Model<S>("Blip2ForConditionalGeneration"), Axis("c", nameof(S.Channels)), Axis("h"), Axis("w"), Input("pixel_values", "b c h w")]
[From("pixel_values"), Use<EvaTower>("vision_model", Config = nameof(S.Vision)), LayerNorm("vision_model.post_layernorm", Eps = nameof(S.VisionEps)),
    Output("image_hidden")]
[Use<QFormer>("qformer"), Output("query_hidden")]
[Linear("language_projection", nameof(S.TextHidden), Bias = true), Output("projected")]
[Ignore("language_model.*")]
public sealed partial class Blip2Sight;
