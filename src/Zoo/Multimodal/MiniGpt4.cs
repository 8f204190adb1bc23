using Dsl;
using Zoo.Decoders;
using C = Zoo.Multimodal.MiniGpt4Config;

namespace Zoo.Multimodal;

/// <summary>LLaMA as MiniGPT-4 has it: Vicuna 7B of the first version, whose vocabulary has a padding token.</summary>
[Extend<LlamaConfig>]
public sealed partial record VicunaConfig(
    [Key("vocab_size"), Range(1)] int Vocab = 32001, [Key("hidden_size"), Range(1)] int Hidden = 4096,
    [Key("intermediate_size"), Range(1)] int FeedForward = 11008,
    [Key("num_hidden_layers"), Range(1)] int Layers = 32, [Key("num_attention_heads"), Range(1)] int Heads = 32, [Key("hidden_act")] string ActName = "silu")
{
    public Activation Act => Activation.Of(ActName);
}

/// <summary>
/// MiniGPT-4 (Zhu et al. 2023, arXiv 2304.10592): BLIP-2's sight, one linear map, and Vicuna, which reads what the queries saw as tokens. Its checkpoints
/// hold what was trained, the map; the config names what the rest comes from.
/// </summary>
[NoEffect("vit_model", "q_former_model", "llama_model")]
public sealed partial record MiniGpt4Config(
    [Key("vision_config")] EvaVisionConfig Vision, [Key("qformer_config")] QFormerConfig QFormer, [Key("text_config")] VicunaConfig Text,
    [Key("num_query_tokens"), Range(1)] int Queries = 32, [Key("ln_vision_eps"), Range(0)] double VisionEps = 1e-5,
    [Key("image_token_id", "image_token_index")] int? PlaceholderKey = null)
{
    public Blip2SightConfig Sight => new(Vision, QFormer, Queries, Text.Hidden);
    public int Placeholder => PlaceholderKey ?? 0;                                                  // Vicuna has no such token: the unknown one stands in
    public int Channels => Vision.Channels;
    public int Vocab => Text.Vocab;
    public int Hidden => Text.Hidden;
    public int Layers => Text.Layers;
    public double Eps => Text.Eps;
    public double Deviation => Text.Deviation;
    public bool Tied => Text.Tied;

    [Preset("minigpt4-7b")] public static MiniGpt4Config B7 => new(new EvaVisionConfig(), new QFormerConfig(), new VicunaConfig());

    [Preset("minigpt4-13b")]
    public static MiniGpt4Config B13 => new(new EvaVisionConfig(), new QFormerConfig(), new VicunaConfig(32001, 5120, 13824, 40, 40));
}

[Model<C>("MiniGPT4"), Axis("c", nameof(C.Channels)), Axis("h"), Axis("w"),
    Input("input_ids", "b t", Mask = "attention_mask", Steps = true), Input("pixel_values", "b c h w"),
    Defaults(Eps = nameof(C.Eps), Deviation = nameof(C.Deviation))]
[From("pixel_values"), Use<EvaTower>("vision_model", Config = nameof(C.Vision)), LayerNorm("vision_model.post_layernorm", Eps = nameof(C.VisionEps)),
    Use<QFormer>("qformer", Config = nameof(C.Sight)), Linear("language_projection", nameof(C.Hidden), Bias = true), As("image"), Output("image_features")]
[From("input_ids"), Embedding("language_model.model.embed_tokens", nameof(C.Vocab), nameof(C.Hidden)), Splice("image", "input_ids", nameof(IsImage))]
[Repeat<LlamaBlock>("language_model.model.layers", nameof(C.Layers), Config = nameof(C.Text)), RmsNorm("language_model.model.norm"), Output("hidden")]
[Head("language_model.lm_head", TiedTo = "language_model.model.embed_tokens", Tied = nameof(C.Tied)), Output("logits")]
[Keys("original", "/vision_model.post_layernorm=ln_vision", "/vision_model.embeddings.class_embedding=visual_encoder.cls_token",
    "/vision_model.embeddings.position_embedding=visual_encoder.pos_embed", "/vision_model.embeddings.patch_embedding=visual_encoder.patch_embed.proj",
    "/vision_model.encoder.layers=visual_encoder.blocks", "layer_norm1=norm1", "layer_norm2=norm2", "self_attn.qkv=attn.qkv", "self_attn.projection=attn.proj",
    "attn.qkv.bias=attn.q_bias+0+attn.v_bias", "/qformer.layernorm=Qformer.bert.embeddings.LayerNorm", "/qformer.encoder=Qformer.bert.encoder",
    "attention.attention=attention.self", "crossattention.attention=crossattention.self", "/language_projection=llama_proj", "/language_model=llama_model")]
[Folder("vit_model", "visual_encoder"), Folder("q_former_model", ""), Folder("llama_model", "llama_model")]
[Ignore("*.rotary_emb.inv_freq", "*.position_ids")]
public sealed partial class MiniGpt4
{
    private static bool IsImage(int id, C c) => id == c.Placeholder;
}
