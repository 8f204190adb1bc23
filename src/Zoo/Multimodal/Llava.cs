using Dsl;
using Zoo.Decoders;
using C = Zoo.Multimodal.LlavaConfig;

namespace Zoo.Multimodal;

/// <summary>LLaMA as LLaVA's files have it: what they leave out is Vicuna 7B.</summary>
[Extend<LlamaConfig>]
public sealed partial record LlavaTextConfig(
    [Key("vocab_size"), Range(1)] int Vocab = 32000, [Key("hidden_size"), Range(1)] int Hidden = 4096,
    [Key("intermediate_size"), Range(1)] int FeedForward = 11008,
    [Key("num_hidden_layers"), Range(1)] int Layers = 32, [Key("num_attention_heads"), Range(1)] int Heads = 32, [Key("hidden_act")] string ActName = "silu")
{
    public Activation Act => Activation.Of(ActName);
}

/// <summary>LLaVA 1.5 (Liu et al. 2023, arXiv 2304.08485 and 2310.03744): what CLIP sees of a picture stands in the place of its tokens.</summary>
[ModelType("llava"), Only("vision_feature_select_strategy", "default"), Only("mm_projector_type", "mlp2x_gelu")]
[Only("mm_vision_select_feature", "patch")]
[Only("mm_use_im_start_end", false), Only("mm_use_im_patch_token", false), Only("use_mm_proj", true)]
[NoEffect("vocab_size", "image_seq_length", "ignore_index", "mm_hidden_size", "freeze_mm_mlp_adapter", "freeze_mm_vision_resampler", "tune_mm_mlp_adapter",
    "tune_mm_vision_resampler", "unfreeze_mm_vision_tower")]
public sealed partial record LlavaConfig(
    [Key("text_config", ".")] LlavaTextConfig Text, [Key("vision_config")] ClipVisionConfig? VisionKey = null,
    [Key("image_token_id", "image_token_index")] int? PlaceholderKey = null,
    [Key("mm_vision_select_layer", "vision_feature_layer")] int FeatureLayer = -2,
    [Key("projector_hidden_act")] string ProjectorActName = "gelu", [Key("multimodal_projector_bias")] bool ProjectorBias = true,
    [Key("tie_word_embeddings")] bool? TiedKey = null, [Key("mm_vision_tower")] string Tower = "openai/clip-vit-large-patch14-336",
    [Key("image_aspect_ratio")] string Aspect = "square")
{
    public ClipVisionConfig Vision => VisionKey ?? ClipVisionConfig.Of(Tower);  // flat files name the tower, a folder
    public int Placeholder => PlaceholderKey ?? 0;                                                       // flat files have none: the unknown token stands in
    public int Vocab => Text.Vocab;
    public int Hidden => Text.Hidden;
    public int Layers => Text.Layers;
    public double Eps => Text.Eps;
    public double Deviation => Text.Deviation;
    public int VisionLayers => Vision.Layers;
    public int Channels => Vision.Channels;
    public double VisionEps => Vision.Eps;
    public bool Tied => TiedKey ?? Text.Tied;
    public Activation ProjectorAct => Activation.Of(ProjectorActName);

    [Preset("llava-1.5-7b")]
    public static LlavaConfig B7 => new(new LlavaTextConfig(Vocab: 32064) { Eps = 1e-5, Context = 4096 }, ClipVisionConfig.L14At336, 32000);

    [Preset("llava-1.5-13b")]
    public static LlavaConfig B13 =>
        new(new LlavaTextConfig(32064, 5120, 13824, 40, 40) { Eps = 1e-5, Context = 4096 }, ClipVisionConfig.L14At336, 32000);
}

[Model<C>("LlavaForConditionalGeneration", "LlavaLlamaForCausalLM"), Axis("c", nameof(C.Channels)), Axis("h"), Axis("w"),
    Input("input_ids", "b t", Mask = "attention_mask", Steps = true), Input("pixel_values", "b c h w"),
    Defaults(Eps = nameof(C.Eps), Deviation = nameof(C.Deviation))]
[From("pixel_values"), Use<ClipEmbeddings>("model.vision_tower.embeddings", Config = nameof(C.Vision)),
    LayerNorm("model.vision_tower.pre_layrnorm", Eps = nameof(C.VisionEps)),
    Repeat<ClipBlock>("model.vision_tower.encoder.layers", nameof(C.VisionLayers), Config = nameof(C.Vision)), As("seen")]
[Take(nameof(C.FeatureLayer)), Slice(1, Along = "p"), Linear("model.multi_modal_projector.linear_1", nameof(C.Hidden), Bias = nameof(C.ProjectorBias)),
    Activate(nameof(C.ProjectorAct)), Linear("model.multi_modal_projector.linear_2", nameof(C.Hidden), Bias = nameof(C.ProjectorBias)), As("image"),
    Output("image_features")]
[From("seen"), Pool("first"), LayerNorm("model.vision_tower.post_layernorm", Eps = nameof(C.VisionEps)), Output("image_pooled")]
[From("input_ids"), Embedding("model.language_model.embed_tokens", nameof(C.Vocab), nameof(C.Hidden)), Splice("image", "input_ids", nameof(IsImage))]
[Repeat<LlamaBlock>("model.language_model.layers", nameof(C.Layers), Config = nameof(C.Text)), RmsNorm("model.language_model.norm"), Output("hidden")]
[Head("lm_head", TiedTo = "model.language_model.embed_tokens", Tied = nameof(C.Tied)), Output("logits")]
[Keys("by part", "/lm_head=language_model.lm_head", "/model.language_model=language_model.model", "/model.vision_tower=vision_tower.vision_model",
    "/model.multi_modal_projector=multi_modal_projector")]
[Keys("with vision_model", "/model.vision_tower=model.vision_tower.vision_model")]
[Keys("flat", "/model.multi_modal_projector.linear_1=model.mm_projector.0", "/model.multi_modal_projector.linear_2=model.mm_projector.2",
    "/model.language_model=model", "/model.vision_tower=model.vision_tower.vision_tower.vision_model")]
[Folder("mm_vision_tower", "model.vision_tower.vision_tower"), Ignore("*.position_ids", "*.rotary_emb.inv_freq")]
public sealed partial class Llava
{
    private static bool IsImage(int id, C c) => id == c.Placeholder;
}
