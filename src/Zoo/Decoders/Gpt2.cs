using System;
using Dsl;
using C = Zoo.Decoders.Gpt2Config;

namespace Zoo.Decoders;

/// <summary>GPT-2 (Radford et al. 2019, "Language Models are Unsupervised Multitask Learners").</summary>
[ModelType("gpt2"), Only("add_cross_attention", false), NoEffect("reorder_and_upcast_attn")]
[NoEffect("n_ctx", "n_special", "predict_special_tokens")]
public sealed partial record Gpt2Config(
    [Key("vocab_size"), Range(1)] int Vocab,
    [Key("n_embd"), Range(1)] int Hidden,
    [Key("n_layer"), Range(1)] int Layers,
    [Key("n_head"), Range(1)] int Heads,
    [Key("n_positions"), Range(1)] int Context,
    [Key("activation_function")] Activation? ActKey = null,
    [Key("n_inner"), Range(1)] int? FeedForwardKey = null,
    [Key("layer_norm_epsilon"), Range(0)] double Eps = 1e-5,
    [Key("embd_pdrop"), Range(0, 1)] double EmbeddingDrop = 0.1,
    [Key("attn_pdrop"), Range(0, 1)] double AttentionDrop = 0.1,
    [Key("resid_pdrop"), Range(0, 1)] double ResidualDrop = 0.1,
    [Key("scale_attn_weights")] bool Scaled = true,
    [Key("scale_attn_by_inverse_layer_idx")] bool ScaledByLayer = false,
    [Key("tie_word_embeddings")] bool Tied = true,
    [Key("initializer_range"), Range(0)] double Deviation = 0.02,
    [Count("id2label")] int Classes = 2)
{
    public Activation Act => ActKey ?? Activation.Of("gelu_new");
    public int HeadDim => Hidden / Heads;
    public int FeedForward => FeedForwardKey ?? 4 * Hidden;
    public double Scale(int layer) => (Scaled ? 1 / Math.Sqrt(HeadDim) : 1) / (ScaledByLayer ? layer + 1 : 1);
    public double ResidualDeviation => Deviation / Math.Sqrt(2 * Layers);
}

[Block<C>, Defaults(Eps = nameof(C.Eps), Bias = true, Dropout = nameof(C.AttentionDrop))]
[Residual, LayerNorm("ln_1"), PackedAttention("attn.{c_attn,c_proj}", Mask = Mask.Causal, Scale = nameof(C.Scale), Stored = "in out"),
    Dropout(nameof(C.ResidualDrop))]
[Residual, LayerNorm("ln_2"), FeedForward("mlp.{c_fc,c_proj}", nameof(C.Act), Stored = "in out"), Dropout(nameof(C.ResidualDrop))]
public sealed partial class Gpt2Block;

[Model<C>("GPT2LMHeadModel"), Defaults(Eps = nameof(C.Eps), Deviation = nameof(C.Deviation))]
[Embedding("transformer.wte", nameof(C.Vocab), nameof(C.Hidden)), Positions("transformer.wpe", nameof(C.Context)), Dropout(nameof(C.EmbeddingDrop))]
[Repeat<Gpt2Block>("transformer.h", nameof(C.Layers)), LayerNorm("transformer.ln_f"), Output("hidden")]
[Head("lm_head", TiedTo = "transformer.wte", Tied = nameof(C.Tied)), Output("logits")]
[Keys("without prefix", "transformer="), Ignore("*.attn.bias", "*.attn.masked_bias")]
[Init("*.c_proj.weight", nameof(C.ResidualDeviation))]
public sealed partial class Gpt2;
