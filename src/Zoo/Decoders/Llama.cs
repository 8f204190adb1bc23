using Dsl;
using Dsl.Runtime;
using C = Zoo.Decoders.LlamaConfig;

namespace Zoo.Decoders;

/// <summary>LLaMA 1, 2 and 3 (Touvron et al. 2023, arXiv 2302.13971 and 2307.09288; Grattafiori et al. 2024, arXiv 2407.21783).</summary>
[ModelType("llama")]
public sealed partial record LlamaConfig(
    [Key("vocab_size"), Range(1)] int Vocab,
    [Key("hidden_size"), Range(1)] int Hidden,
    [Key("intermediate_size"), Range(1)] int FeedForward,
    [Key("num_hidden_layers"), Range(1)] int Layers,
    [Key("num_attention_heads"), Range(1)] int Heads,
    [Key("hidden_act")] Activation Act,
    [Key("num_key_value_heads"), Range(1)] int? KvHeadsKey = null,
    [Key("head_dim"), Range(1)] int? HeadDimKey = null,
    [Key("rms_norm_eps"), Range(0)] double Eps = 1e-6,
    [Key("rope_parameters.rope_theta", "rope_theta"), Range(0, Above = true)] double Theta = 10000,
    [Key("rope_parameters", "rope_scaling")] RopeScaling? Scaling = null,
    [Key("max_position_embeddings"), Range(1)] int Context = 2048,
    [Key("attention_bias")] bool AttentionBias = false,
    [Key("mlp_bias")] bool FeedForwardBias = false,
    [Key("attention_dropout"), Range(0, 1)] double AttentionDrop = 0,
    [Key("tie_word_embeddings")] bool Tied = false,
    [Key("initializer_range"), Range(0)] double Deviation = 0.02,
    [Count("id2label")] int Classes = 2)
{
    public int KvHeads => KvHeadsKey ?? Heads;
    public int HeadDim => HeadDimKey ?? Hidden / Heads;
}

[Block<C>, Defaults(Eps = nameof(C.Eps), Theta = nameof(C.Theta), Frequency = nameof(C.Scaling), Context = nameof(C.Context),
    Dropout = nameof(C.AttentionDrop))]
[Residual, RmsNorm("input_layernorm"), Attention("self_attn.{q,k,v,o}_proj", Mask = Mask.Causal, Position = Position.Rotary, Bias = nameof(C.AttentionBias))]
[Residual, RmsNorm("post_attention_layernorm"), GatedFeedForward("mlp.{gate,up,down}_proj", nameof(C.Act), Bias = nameof(C.FeedForwardBias))]
public sealed partial class LlamaBlock;

[Model<C>("LlamaForCausalLM"), TrainedBy("clm"), Defaults(Eps = nameof(C.Eps), Deviation = nameof(C.Deviation))]
[Embedding("model.embed_tokens", nameof(C.Vocab), nameof(C.Hidden))]
[Repeat<LlamaBlock>("model.layers", nameof(C.Layers)), RmsNorm("model.norm"), Output("hidden")]
[Head("lm_head", TiedTo = "model.embed_tokens", Tied = nameof(C.Tied)), Output("logits")]
[Keys("without prefix", "model="), Ignore("*.rotary_emb.inv_freq")]
public sealed partial class Llama;
