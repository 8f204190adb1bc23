using Dsl;
using C = Zoo.Decoders.Gpt1Config;

namespace Zoo.Decoders;

/// <summary>GPT-1 (Radford et al. 2018, "Improving Language Understanding by Generative Pre-Training"): norms after the residuals, none at the end.</summary>
[ModelType("openai-gpt")]
[NoEffect("n_ctx", "n_special", "predict_special_tokens", "context_size", "shared_attention", "shared_module")]
public sealed partial record Gpt1Config(
    [Key("vocab_size"), Range(1)] int Vocab,
    [Key("n_embd"), Range(1)] int Hidden,
    [Key("n_layer"), Range(1)] int Layers,
    [Key("n_head"), Range(1)] int Heads,
    [Key("n_positions"), Range(1)] int Context,
    [Key("afn")] string ActName = "gelu",
    [Key("layer_norm_epsilon"), Range(0)] double Eps = 1e-5,
    [Key("embd_pdrop"), Range(0, 1)] double EmbeddingDrop = 0.1,
    [Key("attn_pdrop"), Range(0, 1)] double AttentionDrop = 0.1,
    [Key("resid_pdrop"), Range(0, 1)] double ResidualDrop = 0.1,
    [Key("tie_word_embeddings")] bool Tied = true,
    [Key("initializer_range"), Range(0)] double Deviation = 0.02)
{
    public int HeadDim => Hidden / Heads;
    public int FeedForward => 4 * Hidden;
    public Activation Act => ActName == "gelu" ? Activation.Of(Activation.GeluTanh) : Activation.Of(ActName);        // "gelu" was the tanh form then

    [Preset("gpt1", Model = typeof(Gpt1))] public static Gpt1Config Base => new(40478, 768, 12, 12, 512);
}

[Block<C>, Defaults(Eps = nameof(C.Eps), Bias = true, Dropout = nameof(C.AttentionDrop))]
[Residual, PackedAttention("attn.{c_attn,c_proj}", Mask = Mask.Causal, Stored = "in out"), Dropout(nameof(C.ResidualDrop))]
[LayerNorm("ln_1"), As("n")]
[Residual, FeedForward("mlp.{c_fc,c_proj}", nameof(C.Act), Stored = "in out"), Dropout(nameof(C.ResidualDrop))]
[LayerNorm("ln_2")]
public sealed partial class Gpt1Block;

[Model<C>("OpenAIGPTLMHeadModel"), Defaults(Deviation = nameof(C.Deviation))]
[Embedding("transformer.tokens_embed", nameof(C.Vocab), nameof(C.Hidden)), Positions("transformer.positions_embed", nameof(C.Context)),
    Dropout(nameof(C.EmbeddingDrop))]
[Repeat<Gpt1Block>("transformer.h", nameof(C.Layers)), Output("hidden")]
[Head("lm_head", TiedTo = "transformer.tokens_embed", Tied = nameof(C.Tied)), Output("logits")]
[Keys("without prefix", "transformer="), Ignore("*.attn.bias", "*.position_ids")]
public sealed partial class Gpt1;
