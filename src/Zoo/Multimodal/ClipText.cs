using System;
using Dsl;
using Both = Zoo.Multimodal.ClipConfig;
using C = Zoo.Multimodal.ClipTextConfig;

namespace Zoo.Multimodal;

/// <summary>CLIP's text tower (Radford et al. 2021, arXiv 2103.00020): a causal transformer, read at a text's last token.</summary>
[ModelType("clip_text_model"), NoEffect("projection_dim", "initializer_factor", "dropout")]
public sealed partial record ClipTextConfig(
    [Key("vocab_size"), Range(1)] int Vocab = 49408, [Key("hidden_size"), Range(1)] int Hidden = 512,
    [Key("intermediate_size"), Range(1)] int FeedForward = 2048,
    [Key("num_hidden_layers"), Range(1)] int Layers = 12, [Key("num_attention_heads"), Range(1)] int Heads = 8,
    [Key("max_position_embeddings"), Range(1)] int Context = 77, [Key("hidden_act")] string ActName = "quick_gelu",
    [Key("layer_norm_eps"), Range(0)] double Eps = 1e-5, [Key("attention_dropout"), Range(0, 1)] double AttentionDrop = 0,
    [Key("initializer_range"), Range(0)] double Deviation = 0.02)
{
    public int HeadDim => Hidden / Heads;
    public Activation Act => Activation.Of(ActName);
}

[Block<C>, Defaults(Eps = nameof(C.Eps), Bias = true, Dropout = nameof(C.AttentionDrop))]
[Residual, LayerNorm("layer_norm1"), Attention("self_attn.{q_proj,k_proj,v_proj,out_proj}", Mask = Mask.Causal)]
[Residual, LayerNorm("layer_norm2"), FeedForward("mlp.{fc1,fc2}", nameof(C.Act))]
public sealed partial class ClipTextBlock;

/// <summary>The tower alone. A text ends with its last real token: padding is masked, not read.</summary>
[Model<C>("CLIPTextModel"), Input("input_ids", "b t", Mask = "attention_mask"), Defaults(Eps = nameof(C.Eps), Deviation = nameof(C.Deviation))]
[Embedding("embeddings.token_embedding", nameof(C.Vocab), nameof(C.Hidden)), Positions("embeddings.position_embedding", nameof(C.Context))]
[Repeat<ClipTextBlock>("encoder.layers", nameof(C.Layers)), LayerNorm("final_layer_norm"), Output("hidden")]
[Pool("last"), Output("pooled")]
[Keys("with prefix", "embeddings", "encoder", "final_layer_norm", Under = "text_model"), Ignore("*.position_ids")]
public sealed partial class ClipText;

/// <summary>Both towers.</summary>
[ModelType("clip"), NoEffect("logit_scale_init_value", "text_config_dict", "vision_config_dict")]
public sealed partial record ClipConfig(
    [Key("text_config")] ClipTextConfig Text, [Key("vision_config")] ClipVisionConfig Vision, [Key("projection_dim"), Range(1)] int Width = 512)
{
    public int Vocab => Text.Vocab;
    public int TextHidden => Text.Hidden;
    public int TextLayers => Text.Layers;
    public int Context => Text.Context;
    public double TextEps => Text.Eps;
    public int Channels => Vision.Channels;
    public int VisionLayers => Vision.Layers;
    public double VisionEps => Vision.Eps;
    public double Deviation => Text.Deviation;
}

/// <summary>Vectors of length one of texts and pictures, and how alike the picture and the text of each row are.</summary>
[Model<Both>("CLIPModel"), Axis("c", nameof(Both.Channels)), Axis("h"), Axis("w"),
    Input("input_ids", "b t", Mask = "attention_mask"), Input("pixel_values", "b c h w"), Defaults(Deviation = nameof(Both.Deviation))]
[From("input_ids"), Embedding("text_model.embeddings.token_embedding", nameof(Both.Vocab), nameof(Both.TextHidden)),
    Positions("text_model.embeddings.position_embedding", nameof(Both.Context))]
[Repeat<ClipTextBlock>("text_model.encoder.layers", nameof(Both.TextLayers), Config = nameof(Both.Text)),
    LayerNorm("text_model.final_layer_norm", Eps = nameof(Both.TextEps)), Output("text_hidden"), Pool("last"),
    Linear("text_projection", nameof(Both.Width)), RmsNorm(Eps = 0.0), Apply(nameof(OfLengthOne)), As("text"), Output("text_embeds")]
[From("pixel_values"), Use<ClipEmbeddings>("vision_model.embeddings", Config = nameof(Both.Vision)),
    LayerNorm("vision_model.pre_layrnorm", Eps = nameof(Both.VisionEps)),
    Repeat<ClipBlock>("vision_model.encoder.layers", nameof(Both.VisionLayers), Config = nameof(Both.Vision)), Pool("first"),
    LayerNorm("vision_model.post_layernorm", Eps = nameof(Both.VisionEps)), Linear("visual_projection", nameof(Both.Width)), RmsNorm(Eps = 0.0),
    Apply(nameof(OfLengthOne)), As("image"), Output("image_embeds")]
[From("text"), Apply(nameof(Sharpened)), As("sharp")]
[Product("sharp", "image", "b e, b e -> b"), Output("similarity")]
[Ignore("*.position_ids")]
public sealed partial class Clip
{
    [Pointwise] static double OfLengthOne(double x, Both c) => x / Math.Sqrt(c.Width);
    [Pointwise] static double Sharpened(double x, [Parameter("logit_scale", "")] double scale) => x * Math.Exp(scale);
}
