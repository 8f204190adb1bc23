using Dsl;
using Dsl.Runtime;
using C = Zoo.Multimodal.ClipVisionConfig;

namespace Zoo.Multimodal;

/// <summary>CLIP's image tower (Radford et al. 2021, arXiv 2103.00020): a vision transformer (Dosovitskiy et al. 2020, arXiv 2010.11929).</summary>
[ModelType("clip_vision_model"), NoEffect("projection_dim", "initializer_factor", "dropout", "vocab_size")]
public sealed partial record ClipVisionConfig(
    [Key("hidden_size"), Range(1)] int Hidden = 768, [Key("intermediate_size"), Range(1)] int FeedForward = 3072,
    [Key("num_hidden_layers"), Range(1)] int Layers = 12, [Key("num_attention_heads"), Range(1)] int Heads = 12,
    [Key("image_size"), Range(1)] int Image = 224, [Key("patch_size"), Range(1)] int Patch = 32, [Key("num_channels"), Range(1)] int Channels = 3,
    [Key("hidden_act")] string ActName = "quick_gelu", [Key("layer_norm_eps"), Range(0)] double Eps = 1e-5,
    [Key("attention_dropout"), Range(0, 1)] double AttentionDrop = 0, [Key("initializer_range"), Range(0)] double Deviation = 0.02)
{
    public int HeadDim => Hidden / Heads;
    public Activation Act => Activation.Of(ActName);
    public int Side => Image / Patch;
    public int Positions => Side * Side + 1;                                                             // the class token and the patches

    /// <summary>The published tower of that name.</summary>
    /// <exception cref="ConfigException">It is none that is known.</exception>
    public static ClipVisionConfig Of(string tower) => tower is "openai/clip-vit-large-patch14-336" ? L14At336
        : throw new ConfigException("config.json", $"mm_vision_tower '{tower}', expected 'openai/clip-vit-large-patch14-336'");

    [Preset("clip-vit-b32")] public static ClipVisionConfig B32 => new();

    [Preset("clip-vit-l14-336")] public static ClipVisionConfig L14At336 => new(1024, 4096, 24, 16, 336, 14);
}

[Block<C>, Axis("c", nameof(C.Channels)), Axis("h"), Axis("w"), Input("x", "b c h w")]
[Parameter("class_embedding", "d"), As("summary")]
[From("x"), Conv("patch_embedding", nameof(C.Patch), nameof(C.Hidden), Over = "h w -> rows columns", Stride = nameof(C.Patch)),
    Rearrange("b d rows columns -> b (rows columns) d"), As("patches")]
[Expand("summary", "first"), As("first")]
[Concat("first", "patches", Along = "t"), Positions("position_embedding", nameof(C.Positions))]
public sealed partial class ClipEmbeddings;

[Block<C>, Defaults(Eps = nameof(C.Eps), Bias = true, Dropout = nameof(C.AttentionDrop))]
[Residual, LayerNorm("layer_norm1"), Attention("self_attn.{q_proj,k_proj,v_proj,out_proj}")]
[Residual, LayerNorm("layer_norm2"), FeedForward("mlp.{fc1,fc2}", nameof(C.Act))]
public sealed partial class ClipBlock;

[Model<C>("CLIPVisionModel"), Axis("c", nameof(C.Channels)), Axis("h"), Axis("w"), Input("pixel_values", "b c h w"),
    Defaults(Eps = nameof(C.Eps), Deviation = nameof(C.Deviation))]
[Use<ClipEmbeddings>("embeddings"), LayerNorm("pre_layrnorm"), Repeat<ClipBlock>("encoder.layers", nameof(C.Layers)), As("seen"), Output("hidden")]
[Take(-2), Output("second_last")]
[From("seen"), Pool("first"), LayerNorm("post_layernorm"), Output("pooled")]
[Keys("with prefix", "embeddings", "pre_layrnorm", "encoder", "post_layernorm", Under = "vision_model"), Ignore("*.position_ids")]
public sealed partial class ClipVision;
