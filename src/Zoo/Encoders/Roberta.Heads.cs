using Dsl;
using C = Zoo.Encoders.RobertaConfig;

namespace Zoo.Encoders;

/// <summary>One label for a text or a pair, from the first token through two maps of the head's own.</summary>
[Model<C>("RobertaForSequenceClassification"), TrainedBy("sequence"), Derive<BertForSequenceClassification>]
[Rename("classifier", "classifier.out_proj"), Rename("bert.pooler.dense", "classifier.dense"), Rename("bert", "roberta")]
[Replace("roberta.embeddings"), Use<RobertaEmbeddings>("roberta.embeddings")]
[Replace("classifier.dense"), Dropout(nameof(C.HeadDrop)), Linear("classifier.dense", nameof(C.Hidden))]
public sealed partial class RobertaForSequenceClassification;

/// <summary>One label for each token.</summary>
[Model<C>("RobertaForTokenClassification"), TrainedBy("tokens"), Derive<BertForTokenClassification>, Rename("bert", "roberta")]
[Replace("roberta.embeddings"), Use<RobertaEmbeddings>("roberta.embeddings")]
public sealed partial class RobertaForTokenClassification;

/// <summary>One score for each choice.</summary>
[Model<C>("RobertaForMultipleChoice"), TrainedBy("choice"), Derive<BertForMultipleChoice>, Rename("bert", "roberta")]
[Replace("roberta.embeddings"), Use<RobertaEmbeddings>("roberta.embeddings")]
public sealed partial class RobertaForMultipleChoice;

/// <summary>Where an answer begins and ends.</summary>
[Model<C>("RobertaForQuestionAnswering"), TrainedBy("answer"), Derive<BertForQuestionAnswering>, Rename("bert", "roberta")]
[Replace("roberta.embeddings"), Use<RobertaEmbeddings>("roberta.embeddings")]
public sealed partial class RobertaForQuestionAnswering;

/// <summary>The encoder alone: token vectors, the mean of a row's real ones (a sentence's embedding), and the pooled first token.</summary>
[Model<C>("RobertaModel"), Derive<Bert>]
[Replace("embeddings"), Use<RobertaEmbeddings>("embeddings")]
[Keys("with the family's prefix", "embeddings", "encoder", "pooler", Under = "roberta")]
public sealed partial class RobertaModel;
