using Dsl;
using C = Zoo.Encoders.AlbertConfig;

namespace Zoo.Encoders;

/// <summary>ALBERT (Lan et al. 2019, arXiv 1909.11942): factorised embeddings, and layers that share their weights.</summary>
[ModelType("albert"), Only("position_embedding_type", "absolute")]
[NoEffect("down_scale_factor", "gap_size", "layers_to_keep", "net_structure_type", "num_memory_blocks")]
public sealed partial record AlbertConfig(
    [Key("vocab_size"), Range(1)] int Vocab,
    [Key("embedding_size"), Range(1)] int EmbeddingWidth,
    [Key("hidden_size"), Range(1)] int Hidden,
    [Key("num_hidden_layers"), Range(1)] int Layers,
    [Key("num_attention_heads"), Range(1)] int Heads,
    [Key("intermediate_size"), Range(1)] int FeedForward,
    [Key("hidden_act")] Activation Act,
    [Key("num_hidden_groups"), Range(1)] int Groups = 1,
    [Key("inner_group_num"), Range(1)] int InnerLayers = 1,
    [Key("max_position_embeddings"), Range(1)] int Context = 512,
    [Key("type_vocab_size"), Range(1)] int Types = 2,
    [Key("layer_norm_eps"), Range(0)] double Eps = 1e-12,
    [Key("hidden_dropout_prob"), Range(0, 1)] double Drop = 0,
    [Key("attention_probs_dropout_prob"), Range(0, 1)] double AttentionDrop = 0,
    [Key("pad_token_id"), Range(-1)] int? Pad = 0,
    [Key("classifier_dropout_prob"), Range(0, 1)] double ClassifierDrop = 0.1,
    [Key("tie_word_embeddings")] bool Tied = true,
    [Key("initializer_range"), Range(0)] double Deviation = 0.02,
    [Count("id2label")] int Classes = 2)
{
    public int HeadDim => Hidden / Heads;
    public int AllLayers => Layers * InnerLayers;
    public int Group(int layer) => (int)(layer / InnerLayers / ((double)Layers / Groups));              // rounded as published
    public int Inner(int layer) => layer % InnerLayers;
}

[Block<C>, Defaults(Eps = nameof(C.Eps), Bias = true, Dropout = nameof(C.AttentionDrop))]
[Residual, Attention("attention.{query,key,value,dense}"), Dropout(nameof(C.Drop))]
[LayerNorm("attention.LayerNorm"), As("attended")]
[Residual, FeedForward("{ffn,ffn_output}", nameof(C.Act))]
[LayerNorm("full_layer_layer_norm")]
public sealed partial class AlbertBlock;

[Model<C>("AlbertForPreTraining"), TrainedBy("mlm", "masking=runs", "pairs=sentence-order"),
    Input("input_ids", "b t", Mask = "attention_mask"), Input("token_type_ids", "b t", Optional = true),
    Defaults(Eps = nameof(C.Eps), Bias = true, Deviation = nameof(C.Deviation))]
[From("input_ids"), Embedding("albert.embeddings.word_embeddings", nameof(C.Vocab), nameof(C.EmbeddingWidth), Padding = nameof(C.Pad)),
    Positions("albert.embeddings.position_embeddings", nameof(C.Context)), As("words")]
[From("token_type_ids"), Embedding("albert.embeddings.token_type_embeddings", nameof(C.Types), nameof(C.EmbeddingWidth)), As("types")]
[Sum("words", "types"), LayerNorm("albert.embeddings.LayerNorm"), Dropout(nameof(C.Drop)),
    Linear("albert.encoder.embedding_hidden_mapping_in", nameof(C.Hidden))]
[Repeat<AlbertBlock>("albert.encoder.albert_layer_groups.{Group}.albert_layers.{Inner}", nameof(C.AllLayers), Shared = true), As("hidden"), Output("hidden")]
[Linear("predictions.dense", nameof(C.EmbeddingWidth)), Activate(nameof(C.Act)), LayerNorm("predictions.LayerNorm")]
[Head("predictions.decoder", TiedTo = "albert.embeddings.word_embeddings", Tied = nameof(C.Tied), BiasWeight = "predictions.bias"), Output("mlm_logits")]
[From("hidden"), Pool("first"), Linear("albert.pooler", nameof(C.Hidden)), Activate(Activation.Tanh), Dropout(nameof(C.ClassifierDrop)),
    Linear("sop_classifier.classifier", 2), Output("sop_logits")]
[Same("predictions.bias", "predictions.decoder.bias"), Ignore("*.position_ids")]
public sealed partial class AlbertForPreTraining;
