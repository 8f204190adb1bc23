using Dsl;
using C = Zoo.Encoders.RobertaConfig;

namespace Zoo.Encoders;

/// <summary>RoBERTa (Liu et al. 2019, arXiv 1907.11692): BERT whose positions begin after the padding index.</summary>
[ModelType("roberta"), Extend<BertConfig>]
public sealed partial record RobertaConfig([Key("pad_token_id"), Range(-1)] int? Pad = 1)
{
    public int FirstPosition => (Pad ?? 1) + 1;
}

[Block<C>, Derive<BertEmbeddings>, Set("position_embeddings", "Offset", nameof(C.FirstPosition))]
public sealed partial class RobertaEmbeddings;

[Model<C>("RobertaForMaskedLM"), Derive<BertForMaskedLM>, Rename("bert", "roberta"), Rename("cls.predictions.transform.dense", "lm_head.dense")]
[TrainedBy("mlm"), Rename("cls.predictions.transform.LayerNorm", "lm_head.layer_norm"), Rename("cls.predictions", "lm_head")]
[Replace("roberta.embeddings"), Use<RobertaEmbeddings>("roberta.embeddings")]
[Replace("activate"), Activate(Activation.Gelu)]
public sealed partial class Roberta;
