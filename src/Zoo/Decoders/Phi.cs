using Dsl;
using Dsl.Runtime;
using C = Zoo.Decoders.PhiConfig;

namespace Zoo.Decoders;

/// <summary>Phi 1, 1.5 and 2 (Gunasekar et al. 2023, arXiv 2306.11644; Li et al. 2023, arXiv 2309.05463): attention and feed-forward read one norm.</summary>
[ModelType("phi")]
public sealed partial record PhiConfig(
    [Key("vocab_size"), Range(1)] int Vocab,
    [Key("hidden_size"), Range(1)] int Hidden,
    [Key("intermediate_size"), Range(1)] int FeedForward,
    [Key("num_hidden_layers"), Range(1)] int Layers,
    [Key("num_attention_heads"), Range(1)] int Heads,
    [Key("hidden_act")] Activation Act,
    [Key("num_key_value_heads"), Range(1)] int? KvHeadsKey = null,
    [Key("layer_norm_eps"), Range(0)] double Eps = 1e-5,
    [Key("rope_parameters.partial_rotary_factor", "partial_rotary_factor"), Range(0, 1, Above = true)] double Rotated = 0.5,
    [Key("rope_parameters.rope_theta", "rope_theta"), Range(0, Above = true)] double Theta = 10000,
    [Key("rope_parameters", "rope_scaling")] RopeScaling? Scaling = null,
    [Key("max_position_embeddings"), Range(1)] int Context = 2048,
    [Key("qk_layernorm")] bool NormedHeads = false,
    [Key("embd_pdrop"), Range(0, 1)] double EmbeddingDrop = 0,
    [Key("attention_dropout"), Range(0, 1)] double AttentionDrop = 0,
    [Key("resid_pdrop"), Range(0, 1)] double ResidualDrop = 0,
    [Key("tie_word_embeddings")] bool Tied = false,
    [Key("initializer_range"), Range(0)] double Deviation = 0.02)
{
    public int KvHeads => KvHeadsKey ?? Heads;
    public int HeadDim => Hidden / Heads;
    public int RotaryWidth => (int)(HeadDim * Rotated);
}

[Block<C>, Defaults(Eps = nameof(C.Eps), Bias = true, Theta = nameof(C.Theta), Frequency = nameof(C.Scaling), Context = nameof(C.Context),
    Width = nameof(C.RotaryWidth), Dropout = nameof(C.AttentionDrop))]
[From("x"), Linear("q_proj"), Heads(nameof(C.Heads), nameof(C.HeadDim))]
[When(nameof(C.NormedHeads)), LayerNorm("q_layernorm")]
[Rotary, As("q")]
[From("x"), Linear("k_proj"), Heads(nameof(C.KvHeads), nameof(C.HeadDim))]
[When(nameof(C.NormedHeads)), LayerNorm("k_layernorm")]
[Rotary, As("k")]
[From("x"), Linear("v_proj"), Heads(nameof(C.KvHeads), nameof(C.HeadDim)), As("v")]
[Attend("q", "k", "v", Mask = Mask.Causal), Merge, Linear("dense")]
public sealed partial class PhiAttention;

[Block<C>, Defaults(Eps = nameof(C.Eps), Bias = true)]
[LayerNorm("input_layernorm"), As("n")]
[From("n"), Use<PhiAttention>("self_attn"), Dropout(nameof(C.ResidualDrop)), As("a")]
[From("n"), FeedForward("mlp.{fc1,fc2}", nameof(C.Act)), Dropout(nameof(C.ResidualDrop)), As("m")]
[Sum("a", "m", "x")]
public sealed partial class PhiBlock;

[Model<C>("PhiForCausalLM"), TrainedBy("clm"), Defaults(Eps = nameof(C.Eps), Deviation = nameof(C.Deviation))]
[Embedding("model.embed_tokens", nameof(C.Vocab), nameof(C.Hidden)), Dropout(nameof(C.EmbeddingDrop))]
[Repeat<PhiBlock>("model.layers", nameof(C.Layers)), LayerNorm("model.final_layernorm"), Output("hidden")]
[Head("lm_head", TiedTo = "model.embed_tokens", Tied = nameof(C.Tied), Bias = true), Output("logits")]
[Keys("without prefix", "model="), Ignore("*.rotary_emb.inv_freq")]
public sealed partial class Phi;
