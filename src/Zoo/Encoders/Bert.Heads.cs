using Dsl;
using C = Zoo.Encoders.BertConfig;

namespace Zoo.Encoders;

/// <summary>A word for each masked one.</summary>
[Model<C>("BertForMaskedLM"), Input("input_ids", "b t", Mask = "attention_mask"), Input("token_type_ids", "b t", Optional = true),
    Defaults(Eps = nameof(C.Eps), Bias = true, Deviation = nameof(C.Deviation))]
[From("input_ids"), Use<BertEmbeddings>("bert.embeddings")]
[Repeat<BertBlock>("bert.encoder.layer", nameof(C.Layers)), Output("hidden")]
[Linear("cls.predictions.transform.dense", nameof(C.EmbeddingWidth)), Activate(nameof(C.Act)), LayerNorm("cls.predictions.transform.LayerNorm")]
[Head("cls.predictions.decoder", TiedTo = "bert.embeddings.word_embeddings", Tied = nameof(C.Tied), BiasWeight = "cls.predictions.bias"), Output("logits")]
[Same("cls.predictions.bias", "cls.predictions.decoder.bias"), Ignore("*.position_ids", "bert.pooler.*", "cls.seq_relationship.*"),
    Keys("old norms", "weight?=gamma", "bias?=beta")]
public sealed partial class BertForMaskedLM;

/// <summary>One label for a sentence or a pair, from the pooled first token.</summary>
[Model<C>("BertForSequenceClassification"), TrainedBy("sequence"),
    Input("input_ids", "b t", Mask = "attention_mask"), Input("token_type_ids", "b t", Optional = true),
    Defaults(Bias = true, Deviation = nameof(C.Deviation))]
[From("input_ids"), Use<BertEmbeddings>("bert.embeddings")]
[Repeat<BertBlock>("bert.encoder.layer", nameof(C.Layers)), Output("hidden")]
[Pool("first"), Linear("bert.pooler.dense", nameof(C.Hidden)), Activate(Activation.Tanh), Dropout(nameof(C.HeadDrop)), Linear("classifier", nameof(C.Classes)),
    Output("logits")]
[Ignore("*.position_ids"), Keys("old norms", "weight?=gamma", "bias?=beta")]
public sealed partial class BertForSequenceClassification;

/// <summary>One label for each token.</summary>
[Model<C>("BertForTokenClassification"), TrainedBy("tokens"),
    Input("input_ids", "b t", Mask = "attention_mask"), Input("token_type_ids", "b t", Optional = true),
    Defaults(Bias = true, Deviation = nameof(C.Deviation))]
[From("input_ids"), Use<BertEmbeddings>("bert.embeddings")]
[Repeat<BertBlock>("bert.encoder.layer", nameof(C.Layers)), Output("hidden")]
[Dropout(nameof(C.HeadDrop)), Linear("classifier", nameof(C.Classes)), Output("logits")]
[Ignore("*.position_ids"), Keys("old norms", "weight?=gamma", "bias?=beta")]
public sealed partial class BertForTokenClassification;

/// <summary>One score for each choice: rows are choices, and a question's choices stand one after the other.</summary>
[Model<C>("BertForMultipleChoice"), TrainedBy("choice"), Derive<BertForSequenceClassification>]
[Replace("classifier"), Linear("classifier", 1)]
public sealed partial class BertForMultipleChoice;

/// <summary>Where an answer begins and ends in the text.</summary>
[Model<C>("BertForQuestionAnswering"), TrainedBy("answer"), Input("input_ids", "b t", Mask = "attention_mask"), Input("token_type_ids", "b t", Optional = true),
    Defaults(Bias = true, Deviation = nameof(C.Deviation))]
[From("input_ids"), Use<BertEmbeddings>("bert.embeddings")]
[Repeat<BertBlock>("bert.encoder.layer", nameof(C.Layers)), Output("hidden")]
[Linear("qa_outputs", 2), Split("start", "end")]
[From("start"), Rearrange("b t 1 -> b t"), Output("start_logits")]
[From("end"), Rearrange("b t 1 -> b t"), Output("end_logits")]
[Ignore("*.position_ids", "bert.pooler.*"), Keys("old norms", "weight?=gamma", "bias?=beta")]
public sealed partial class BertForQuestionAnswering;

/// <summary>Whether the second sentence of a pair is the one that follows.</summary>
[Model<C>("BertForNextSentencePrediction"), Derive<BertForSequenceClassification>, Rename("classifier", "cls.seq_relationship"), Remove("dropout")]
[Replace("cls.seq_relationship"), Linear("cls.seq_relationship", 2)]
public sealed partial class BertForNextSentencePrediction;
