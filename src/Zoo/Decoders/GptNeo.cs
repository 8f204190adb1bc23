using System;
using Dsl;
using Dsl.Runtime;
using C = Zoo.Decoders.GptNeoConfig;

namespace Zoo.Decoders;

/// <summary>GPT-Neo (Black et al. 2021): the public stand-in for GPT-3's alternation; its attention has no scale, and no bias on q, k and v.</summary>
[ModelType("gpt_neo"), NoEffect("attention_types", "classifier_dropout")]
public sealed partial record GptNeoConfig(
    [Key("vocab_size"), Range(1)] int Vocab,
    [Key("hidden_size"), Range(1)] int Hidden,
    [Key("num_layers"), Range(1)] int Layers,
    [Key("num_heads"), Range(1)] int Heads,
    [Key("max_position_embeddings"), Range(1)] int Context,
    [Key("attention_layers")] string[] Pattern,
    [Key("activation_function")] Activation? ActKey = null,
    [Key("window_size"), Range(1)] int Window = 256,
    [Key("intermediate_size"), Range(1)] int? FeedForwardKey = null,
    [Key("layer_norm_epsilon"), Range(0)] double Eps = 1e-5,
    [Key("embed_dropout"), Range(0, 1)] double EmbeddingDrop = 0,
    [Key("attention_dropout"), Range(0, 1)] double AttentionDrop = 0,
    [Key("resid_dropout"), Range(0, 1)] double ResidualDrop = 0,
    [Key("tie_word_embeddings")] bool Tied = true,
    [Key("initializer_range"), Range(0)] double Deviation = 0.02)
{
    [Key("attention_types")] public object[] Types => [new object[] { Pattern, 1 }];  // what the published library builds the layers from
    public Activation Act => ActKey ?? Activation.Of("gelu_new");
    public int HeadDim => Hidden / Heads;
    public int FeedForward => FeedForwardKey ?? 4 * Hidden;
    public Type Kind(int layer) => layer >= Pattern.Length
        ? throw new ConfigException("config.json", $"attention_layers has {Pattern.Length} names, expected one for each of num_layers {Layers}")
        : Pattern[layer] == "local" ? typeof(GptNeoLocalBlock) : typeof(GptNeoBlock);
}

[Block<C>, Defaults(Eps = nameof(C.Eps), Dropout = nameof(C.AttentionDrop))]
[Residual, LayerNorm("ln_1"), Attention("attn.attention.{q_proj,k_proj,v_proj,out_proj}", Mask = Mask.Causal, Scale = 1, OutputBias = true),
    Dropout(nameof(C.ResidualDrop))]
[Residual, LayerNorm("ln_2"), FeedForward("mlp.{c_fc,c_proj}", nameof(C.Act), Bias = true), Dropout(nameof(C.ResidualDrop))]
public sealed partial class GptNeoBlock;

[Block<C>, Derive<GptNeoBlock>, Set("attn", "Mask", nameof(Band))]
public sealed partial class GptNeoLocalBlock
{
    [Mask] static bool Band(int query, int key, C c) => key <= query && query - key < c.Window;
}

[Model<C>("GPTNeoForCausalLM"), Defaults(Eps = nameof(C.Eps), Deviation = nameof(C.Deviation))]
[Embedding("transformer.wte", nameof(C.Vocab), nameof(C.Hidden)), Positions("transformer.wpe", nameof(C.Context)), Dropout(nameof(C.EmbeddingDrop))]
[Repeat<GptNeoBlock, GptNeoLocalBlock>("transformer.h", nameof(C.Layers), By = nameof(C.Kind)), LayerNorm("transformer.ln_f"), Output("hidden")]
[Head("lm_head", TiedTo = "transformer.wte", Tied = nameof(C.Tied)), Output("logits")]
[Keys("without prefix", "transformer="), Ignore("*.attn.attention.bias", "*.attn.attention.masked_bias")]
public sealed partial class GptNeo;
