using Dsl;
using C = Zoo.Encoders.BertConfig;

namespace Zoo.Encoders;

/// <summary>BERT (Devlin et al. 2018, arXiv 1810.04805).</summary>
[ModelType("bert"), Only("position_embedding_type", "absolute"), Only("is_decoder", false), Only("add_cross_attention", false)]
public sealed partial record BertConfig(
    [Key("vocab_size"), Range(1)] int Vocab,
    [Key("hidden_size"), Range(1)] int Hidden,
    [Key("num_hidden_layers"), Range(1)] int Layers,
    [Key("num_attention_heads"), Range(1)] int Heads,
    [Key("intermediate_size"), Range(1)] int FeedForward,
    [Key("hidden_act")] Activation Act,
    [Key("max_position_embeddings"), Range(1)] int Context = 512, [Key("type_vocab_size"), Range(1)] int Types = 2,
    [Key("layer_norm_eps"), Range(0)] double Eps = 1e-12, [Key("classifier_dropout"), Range(0, 1)] double? HeadDropKey = null,
    [Key("hidden_dropout_prob"), Range(0, 1)] double Drop = 0.1, [Key("attention_probs_dropout_prob"), Range(0, 1)] double AttentionDrop = 0.1,
    [Key("pad_token_id"), Range(-1)] int? Pad = 0, [Key("tie_word_embeddings")] bool Tied = true, [Key("initializer_range"), Range(0)] double Deviation = 0.02,
    [Count("id2label")] int Classes = 2)
{
    public int HeadDim => Hidden / Heads;
    public double HeadDrop => HeadDropKey ?? Drop;
    public int EmbeddingWidth => Hidden;                        // narrower in a family derived from this one
}

[Block<C>, Input("x", "b t"), Input("token_type_ids", "b t"), Defaults(Eps = nameof(C.Eps))]
[From("x"), Embedding("word_embeddings", nameof(C.Vocab), nameof(C.EmbeddingWidth), Padding = nameof(C.Pad)),
    Positions("position_embeddings", nameof(C.Context)), As("words")]
[From("token_type_ids"), Embedding("token_type_embeddings", nameof(C.Types), nameof(C.EmbeddingWidth)), As("types")]
[Sum("words", "types"), LayerNorm("LayerNorm"), Dropout(nameof(C.Drop))]
public sealed partial class BertEmbeddings;

[Block<C>, Defaults(Eps = nameof(C.Eps), Bias = true, Dropout = nameof(C.AttentionDrop))]
[Residual, Attention("attention.{self.query,self.key,self.value,output.dense}"), Dropout(nameof(C.Drop))]
[LayerNorm("attention.output.LayerNorm"), As("attended")]
[Residual, FeedForward("{intermediate.dense,output.dense}", nameof(C.Act)), Dropout(nameof(C.Drop))]
[LayerNorm("output.LayerNorm")]
public sealed partial class BertBlock;

/// <summary>The encoder alone: token vectors, the mean of a row's real ones (a sentence's embedding), and the pooled first token.</summary>
[Model<C>("BertModel"), Input("input_ids", "b t", Mask = "attention_mask"), Input("token_type_ids", "b t", Optional = true),
    Defaults(Bias = true, Deviation = nameof(C.Deviation))]
[From("input_ids"), Use<BertEmbeddings>("embeddings")]
[Repeat<BertBlock>("encoder.layer", nameof(C.Layers)), As("hidden"), Output("hidden")]
[From("hidden"), Pool("mean"), Output("mean")]
[From("hidden"), Pool("first"), Linear("pooler.dense", nameof(C.Hidden)), Activate(Activation.Tanh), Output("pooled")]
[Ignore("*position_ids"), Keys("with prefix", "embeddings", "encoder", "pooler", Under = "bert"), Keys("old norms", "weight?=gamma", "bias?=beta")]
public sealed partial class Bert;

[Model<C>("BertForPreTraining"), TrainedBy("mlm", "pairs=next-sentence"), Defaults(Eps = nameof(C.Eps), Bias = true, Deviation = nameof(C.Deviation))]
[Input("input_ids", "b t", Mask = "attention_mask"), Input("token_type_ids", "b t", Optional = true)]
[From("input_ids"), Use<BertEmbeddings>("bert.embeddings"), Output("hidden0")]
[Repeat<BertBlock>("bert.encoder.layer", nameof(C.Layers)), As("hidden"), Output("hidden")]
[Linear("cls.predictions.transform.dense", nameof(C.Hidden)), Activate(nameof(C.Act)), LayerNorm("cls.predictions.transform.LayerNorm")]
[Head("cls.predictions.decoder", TiedTo = "bert.embeddings.word_embeddings", Tied = nameof(C.Tied), BiasWeight = "cls.predictions.bias"), Output("mlm_logits")]
[From("hidden"), Pool("first"), Linear("bert.pooler.dense", nameof(C.Hidden)), Activate(Activation.Tanh), Linear("cls.seq_relationship", 2),
    Output("nsp_logits")]
[Same("cls.predictions.bias", "cls.predictions.decoder.bias"), Ignore("*.position_ids"), Keys("old norms", "weight?=gamma", "bias?=beta")]
public sealed partial class BertForPreTraining;
