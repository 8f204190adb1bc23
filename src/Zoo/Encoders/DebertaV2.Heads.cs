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

/// <summary>One score for each choice.</summary>
[Model<C>("DebertaV2ForMultipleChoice"), TrainedBy("choice"), Derive<DebertaV2ForSequenceClassification>]
[Replace("classifier"), Linear("classifier", 1)]
public sealed partial class DebertaV2ForMultipleChoice;

/// <summary>One label for each token.</summary>
[Model<C>("DebertaV2ForTokenClassification"), TrainedBy("tokens"), Defaults(Bias = true, Deviation = nameof(C.Deviation))]
[Use<DebertaV2Body>("deberta"), Output("hidden")]
[Dropout(nameof(C.Drop)), Linear("classifier", nameof(C.Classes)), Output("logits")]
[Ignore("*.position_ids", "lm_predictions.*", "mask_predictions.*")]
public sealed partial class DebertaV2ForTokenClassification;

/// <summary>Where an answer begins and ends.</summary>
[Model<C>("DebertaV2ForQuestionAnswering"), TrainedBy("answer"), Defaults(Bias = true, Deviation = nameof(C.Deviation))]
[Use<DebertaV2Body>("deberta"), Output("hidden")]
[Linear("qa_outputs", 2), Split("start", "end")]
[From("start"), Rearrange("b t 1 -> b t"), Output("start_logits")]
[From("end"), Rearrange("b t 1 -> b t"), Output("end_logits")]
[Ignore("*.position_ids", "lm_predictions.*", "mask_predictions.*")]
public sealed partial class DebertaV2ForQuestionAnswering;

/// <summary>The encoder alone.</summary>
[Model<C>("DebertaV2Model"), Derive<DebertaV2ForTokenClassification>, Rename("deberta", "")]
[Remove("classifier.output"), Remove("dropout"), Remove("classifier")]
[Keys("with prefix", "embeddings", "encoder", Under = "deberta")]
public sealed partial class DebertaV2Model;
