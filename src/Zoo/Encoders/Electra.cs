using Dsl;
using C = Zoo.Encoders.ElectraConfig;

namespace Zoo.Encoders;

/// <summary>ELECTRA (Clark et al. 2020, arXiv 2003.10555): BERT whose embeddings may be narrower, trained to tell replaced tokens.</summary>
[Extend<BertConfig>]
public sealed partial record ElectraConfig([Key("embedding_size")] int EmbeddingWidth)
{
    public bool Projects => EmbeddingWidth != Hidden;
}

[Block<C>, Derive<BertEmbeddings>]
[Replace("word_embeddings"), Embedding("word_embeddings", nameof(C.Vocab), nameof(C.EmbeddingWidth), Padding = nameof(C.Pad))]
[Replace("token_type_embeddings"), Embedding("token_type_embeddings", nameof(C.Types), nameof(C.EmbeddingWidth))]
public sealed partial class ElectraEmbeddings;

/// <summary>The discriminator: for each token, whether it was replaced.</summary>
[Model<C>("ElectraForPreTraining"), Input("input_ids", "b t", Mask = "attention_mask"), Input("token_type_ids", "b t", Optional = true), Defaults(Bias = true)]
[From("input_ids"), Use<ElectraEmbeddings>("electra.embeddings")]
[When(nameof(C.Projects)), Linear("electra.embeddings_project", nameof(C.Hidden))]
[Repeat<BertBlock>("electra.encoder.layer", nameof(C.Layers)), Output("hidden")]
[Linear("discriminator_predictions.dense", nameof(C.Hidden)), Activate(nameof(C.Act)), Linear("discriminator_predictions.dense_prediction", 1), Rearrange("b t 1 -> b t"), Output("logits")]
[Ignore("*.position_ids"), Keys("old norms", "weight?=gamma", "bias?=beta")]
public sealed partial class ElectraForPreTraining;

/// <summary>The generator: a small masked language model.</summary>
[Model<C>("ElectraForMaskedLM"), Input("input_ids", "b t", Mask = "attention_mask"), Input("token_type_ids", "b t", Optional = true), Defaults(Eps = nameof(C.Eps), Bias = true)]
[From("input_ids"), Use<ElectraEmbeddings>("electra.embeddings")]
[When(nameof(C.Projects)), Linear("electra.embeddings_project", nameof(C.Hidden))]
[Repeat<BertBlock>("electra.encoder.layer", nameof(C.Layers)), Output("hidden")]
[Linear("generator_predictions.dense", nameof(C.EmbeddingWidth)), Activate(Activation.Gelu), LayerNorm("generator_predictions.LayerNorm")]
[Head("generator_lm_head", TiedTo = "electra.embeddings.word_embeddings", Tied = nameof(C.Tied), Bias = true), Output("logits")]
[Ignore("*.position_ids"), Keys("old norms", "weight?=gamma", "bias?=beta")]
public sealed partial class ElectraForMaskedLM;
