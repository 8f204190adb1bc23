using Dsl;
using C = Zoo.Encoders.DebertaV2Config;

namespace Zoo.Encoders;

public sealed partial record DebertaV2Config
{
    [Key("pooler_hidden_size"), Range(1)] public int? PoolerKey { get; init; }
    [Key("pooler_dropout"), Range(0, 1)] public double PoolerDrop { get; init; } = 0;
    [Key("pooler_hidden_act")] public Activation? PoolerActKey { get; init; }
    [Key("cls_dropout"), Range(0, 1)] public double? HeadDropKey { get; init; }
    public int Pooler => PoolerKey ?? Hidden;
    public Activation PoolerAct => PoolerActKey ?? Activation.Gelu;
    public double HeadDrop => HeadDropKey ?? Drop;
}

/// <summary>A word for each masked one.</summary>
[Model<C>("DebertaV2ForMaskedLM"), TrainedBy("mlm"), Defaults(Eps = nameof(C.Eps), Bias = true, Deviation = nameof(C.Deviation))]
[Use<DebertaV2Body>("deberta"), Output("hidden")]
[Linear("cls.predictions.transform.dense", nameof(C.Hidden)), Activate(nameof(C.Act)), LayerNorm("cls.predictions.transform.LayerNorm")]
[Head("cls.predictions.decoder", TiedTo = "deberta.embeddings.word_embeddings", Tied = nameof(C.Tied), BiasWeight = "cls.predictions.bias"), Output("logits")]
[Same("cls.predictions.bias", "cls.predictions.decoder.bias"), Ignore("*.position_ids", "lm_predictions.*", "mask_predictions.*")]
public sealed partial class DebertaV2ForMaskedLM;

/// <summary>One label for a sentence or a pair, from the pooled first token.</summary>
[Model<C>("DebertaV2ForSequenceClassification"), TrainedBy("sequence"), Defaults(Bias = true, Deviation = nameof(C.Deviation))]
[Use<DebertaV2Body>("deberta"), Output("hidden")]
[Pool("first"), Dropout(nameof(C.PoolerDrop)), Linear("pooler.dense", nameof(C.Pooler)), Activate(nameof(C.PoolerAct)), Dropout(nameof(C.HeadDrop))]
[Linear("classifier", nameof(C.Classes)), Output("logits"), Ignore("*.position_ids", "lm_predictions.*", "mask_predictions.*")]
public sealed partial class DebertaV2ForSequenceClassification;
