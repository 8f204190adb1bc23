using Dsl;
using C = Zoo.Encoders.AlbertConfig;

namespace Zoo.Encoders;

[Block<C>, Input("x", "b t"), Input("token_type_ids", "b t"), Defaults(Eps = nameof(C.Eps))]
[From("x"), Embedding("embeddings.word_embeddings", nameof(C.Vocab), nameof(C.EmbeddingWidth), Padding = nameof(C.Pad)),
    Positions("embeddings.position_embeddings", nameof(C.Context)), As("words")]
[From("token_type_ids"), Embedding("embeddings.token_type_embeddings", nameof(C.Types), nameof(C.EmbeddingWidth)), As("types")]
[Sum("words", "types"), LayerNorm("embeddings.LayerNorm"), Dropout(nameof(C.Drop)),
    Linear("encoder.embedding_hidden_mapping_in", nameof(C.Hidden), Bias = true)]
public sealed partial class AlbertEmbeddings;

/// <summary>A word for each masked one.</summary>
[Model<C>("AlbertForMaskedLM"), Input("input_ids", "b t", Mask = "attention_mask"), Input("token_type_ids", "b t", Optional = true),
    Defaults(Eps = nameof(C.Eps), Bias = true, Deviation = nameof(C.Deviation))]
[From("input_ids"), Use<AlbertEmbeddings>("albert")]
[Repeat<AlbertBlock>("albert.encoder.albert_layer_groups.{Group}.albert_layers.{Inner}", nameof(C.AllLayers), Shared = true), Output("hidden")]
[Linear("predictions.dense", nameof(C.EmbeddingWidth)), Activate(nameof(C.Act)), LayerNorm("predictions.LayerNorm")]
[Head("predictions.decoder", TiedTo = "albert.embeddings.word_embeddings", Tied = nameof(C.Tied), BiasWeight = "predictions.bias"), Output("logits")]
[Same("predictions.bias", "predictions.decoder.bias"), Ignore("*.position_ids", "albert.pooler.*", "sop_classifier.*")]
public sealed partial class AlbertForMaskedLM;

/// <summary>One label for a text or a pair, from the pooled first token.</summary>
[Model<C>("AlbertForSequenceClassification"), TrainedBy("sequence"),
    Input("input_ids", "b t", Mask = "attention_mask"), Input("token_type_ids", "b t", Optional = true),
    Defaults(Bias = true, Deviation = nameof(C.Deviation))]
[From("input_ids"), Use<AlbertEmbeddings>("albert")]
[Repeat<AlbertBlock>("albert.encoder.albert_layer_groups.{Group}.albert_layers.{Inner}", nameof(C.AllLayers), Shared = true), Output("hidden")]
[Pool("first"), Linear("albert.pooler", nameof(C.Hidden)), Activate(Activation.Tanh), Dropout(nameof(C.ClassifierDrop)),
    Linear("classifier", nameof(C.Classes)), Output("logits")]
[Ignore("*.position_ids")]
public sealed partial class AlbertForSequenceClassification;

/// <summary>One score for each choice.</summary>
[Model<C>("AlbertForMultipleChoice"), TrainedBy("choice"), Derive<AlbertForSequenceClassification>]
[Replace("classifier"), Linear("classifier", 1)]
public sealed partial class AlbertForMultipleChoice;

/// <summary>One label for each token.</summary>
[Model<C>("AlbertForTokenClassification"), TrainedBy("tokens"),
    Input("input_ids", "b t", Mask = "attention_mask"), Input("token_type_ids", "b t", Optional = true),
    Defaults(Bias = true, Deviation = nameof(C.Deviation))]
[From("input_ids"), Use<AlbertEmbeddings>("albert")]
[Repeat<AlbertBlock>("albert.encoder.albert_layer_groups.{Group}.albert_layers.{Inner}", nameof(C.AllLayers), Shared = true), Output("hidden")]
[Dropout(nameof(C.ClassifierDrop)), Linear("classifier", nameof(C.Classes)), Output("logits")]
[Ignore("*.position_ids")]
public sealed partial class AlbertForTokenClassification;

/// <summary>Where an answer begins and ends.</summary>
[Model<C>("AlbertForQuestionAnswering"), TrainedBy("answer"),
    Input("input_ids", "b t", Mask = "attention_mask"), Input("token_type_ids", "b t", Optional = true),
    Defaults(Bias = true, Deviation = nameof(C.Deviation))]
[From("input_ids"), Use<AlbertEmbeddings>("albert")]
[Repeat<AlbertBlock>("albert.encoder.albert_layer_groups.{Group}.albert_layers.{Inner}", nameof(C.AllLayers), Shared = true), Output("hidden")]
[Linear("qa_outputs", 2), Split("start", "end")]
[From("start"), Rearrange("b t 1 -> b t"), Output("start_logits")]
[From("end"), Rearrange("b t 1 -> b t"), Output("end_logits")]
[Ignore("*.position_ids")]
public sealed partial class AlbertForQuestionAnswering;

/// <summary>The encoder alone: token vectors, the mean of a row's real ones (a sentence's embedding), and the pooled first token.</summary>
[Model<C>("AlbertModel"), Input("input_ids", "b t", Mask = "attention_mask"), Input("token_type_ids", "b t", Optional = true),
    Defaults(Eps = nameof(C.Eps), Bias = true, Deviation = nameof(C.Deviation))]
[From("input_ids"), Embedding("embeddings.word_embeddings", nameof(C.Vocab), nameof(C.EmbeddingWidth), Padding = nameof(C.Pad)),
    Positions("embeddings.position_embeddings", nameof(C.Context)), As("words")]
[From("token_type_ids"), Embedding("embeddings.token_type_embeddings", nameof(C.Types), nameof(C.EmbeddingWidth)), As("types")]
[Sum("words", "types"), LayerNorm("embeddings.LayerNorm"), Dropout(nameof(C.Drop)), Linear("encoder.embedding_hidden_mapping_in", nameof(C.Hidden))]
[Repeat<AlbertBlock>("encoder.albert_layer_groups.{Group}.albert_layers.{Inner}", nameof(C.AllLayers), Shared = true), As("hidden"), Output("hidden")]
[From("hidden"), Pool("mean"), Output("mean")]
[From("hidden"), Pool("first"), Linear("pooler", nameof(C.Hidden)), Activate(Activation.Tanh), Output("pooled")]
[Keys("with prefix", "embeddings", "encoder", "pooler", Under = "albert"), Ignore("*position_ids")]
public sealed partial class AlbertModel;
