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
