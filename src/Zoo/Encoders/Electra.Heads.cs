using Dsl;
using C = Zoo.Encoders.ElectraConfig;

namespace Zoo.Encoders;

/// <summary>One label for a text or a pair, from the first token through two maps of the head's own, with exact GELU between them.</summary>
[Model<C>("ElectraForSequenceClassification"), TrainedBy("sequence"), Derive<BertForSequenceClassification>]
[Rename("classifier", "classifier.out_proj"), Rename("bert.pooler.dense", "classifier.dense"), Rename("bert", "electra")]
[Replace("electra.embeddings"), Use<ElectraEmbeddings>("electra.embeddings")]
[Replace("classifier.dense"), Dropout(nameof(C.HeadDrop)), Linear("classifier.dense", nameof(C.Hidden))]
[Replace("activate"), Activate(Activation.Gelu)]
public sealed partial class ElectraForSequenceClassification;

/// <summary>One label for each token.</summary>
[Model<C>("ElectraForTokenClassification"), TrainedBy("tokens"), Derive<BertForTokenClassification>, Rename("bert", "electra")]
[Replace("electra.embeddings"), Use<ElectraEmbeddings>("electra.embeddings")]
public sealed partial class ElectraForTokenClassification;

/// <summary>One score for each choice, from a summary of the first token.</summary>
[Model<C>("ElectraForMultipleChoice"), TrainedBy("choice"),
    Derive<BertForMultipleChoice>, Rename("bert.pooler.dense", "sequence_summary.summary"), Rename("bert", "electra")]
[Replace("electra.embeddings"), Use<ElectraEmbeddings>("electra.embeddings")]
[Replace("activate"), Activate(Activation.Gelu)]
[Replace("dropout"), Dropout(nameof(C.SummaryDrop))]
public sealed partial class ElectraForMultipleChoice;

/// <summary>Where an answer begins and ends.</summary>
[Model<C>("ElectraForQuestionAnswering"), TrainedBy("answer"), Derive<BertForQuestionAnswering>, Rename("bert", "electra")]
[Replace("electra.embeddings"), Use<ElectraEmbeddings>("electra.embeddings")]
public sealed partial class ElectraForQuestionAnswering;

[Block<C>, Derive<BertEmbeddings>]
[When(nameof(C.Projects)), Linear("/embeddings_project", nameof(C.Hidden), Bias = true)]
public sealed partial class ElectraTrunkEmbeddings;

/// <summary>The encoder alone: token vectors, and the mean of a row's real ones (a sentence's embedding).</summary>
[Model<C>("ElectraModel"), Input("input_ids", "b t", Mask = "attention_mask"), Input("token_type_ids", "b t", Optional = true),
    Defaults(Bias = true, Deviation = nameof(C.Deviation))]
[From("input_ids"), Use<ElectraTrunkEmbeddings>("embeddings")]
[Repeat<BertBlock>("encoder.layer", nameof(C.Layers)), As("hidden"), Output("hidden")]
[From("hidden"), Pool("mean"), Output("mean")]
[Keys("with prefix", "embeddings", "embeddings_project", "encoder", Under = "electra"), Ignore("*position_ids")]
public sealed partial class ElectraModel;
