using Dsl;
using C = Zoo.Encoders.ElectraConfig;

namespace Zoo.Encoders;

/// <summary>ELECTRA (Clark et al. 2020, arXiv 2003.10555): BERT whose embeddings may be narrower, trained to tell replaced tokens.</summary>
[ModelType("electra"), Extend<BertConfig>, Only("summary_type", "first"), Only("summary_use_proj", true), Only("summary_activation", "gelu")]
public sealed partial record ElectraConfig(
    [Key("embedding_size"), Range(1)] int EmbeddingWidth, [Key("summary_last_dropout"), Range(0, 1)] double SummaryDrop = 0.1)
{
    public bool Projects => EmbeddingWidth != Hidden;
}

[Block<C>, Derive<BertEmbeddings>]
[When(nameof(C.Projects)), Linear("/electra.embeddings_project", nameof(C.Hidden), Bias = true)]
public sealed partial class ElectraEmbeddings;

/// <summary>The generator: a small masked language model.</summary>
[Model<C>("ElectraForMaskedLM"), Derive<BertForMaskedLM>]
[Rename("bert", "electra"), Rename("cls.predictions.transform", "generator_predictions"), Rename("cls.predictions.decoder", "generator_lm_head"),
    Rename("cls.predictions", "generator_lm_head")]
[Replace("electra.embeddings"), Use<ElectraEmbeddings>("electra.embeddings")]
[Replace("activate"), Activate(Activation.Gelu)]
public sealed partial class ElectraForMaskedLM;

/// <summary>The discriminator: for each token, whether it was replaced.</summary>
[Model<C>("ElectraForPreTraining"), Derive<BertForTokenClassification>, Rename("bert", "electra"), Remove("dropout")]
[Replace("electra.embeddings"), Use<ElectraEmbeddings>("electra.embeddings")]
[Replace("classifier"), Linear("discriminator_predictions.dense", nameof(C.Hidden)), Activate(nameof(C.Act)),
    Linear("discriminator_predictions.dense_prediction", 1), Rearrange("b t 1 -> b t")]
public sealed partial class ElectraForPreTraining;
