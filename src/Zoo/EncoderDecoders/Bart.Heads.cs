using Dsl;
using C = Zoo.EncoderDecoders.BartConfig;

namespace Zoo.EncoderDecoders;

public sealed partial record BartConfig
{
    [Key("classifier_dropout", "classif_dropout"), Range(0, 1)] public double HeadDrop { get; init; } = 0;
    [Count("id2label")] public int Classes { get; init; } = 3;
}

/// <summary>Both stacks without a head.</summary>
[Model<C>("BartModel"), Derive<Bart>, Rename("model", ""), Remove("lm_head.apply"), Remove("lm_head.output")]
[Replace("lm_head"), Output("hidden")]
[Keys("with prefix", "shared", "encoder", "decoder", Under = "model")]
public sealed partial class BartModel;

/// <summary>One label for a text: the decoder reads it too, shifted by one, and its last real token is classified.</summary>
[Model<C>("BartForSequenceClassification"), Derive<Bart>, Remove("lm_head.apply")]
[Replace("lm_head"), Pool("last"), Dropout(nameof(C.HeadDrop)), Linear("classification_head.dense", nameof(C.Hidden), Bias = true), Activate(Activation.Tanh),
    Dropout(nameof(C.HeadDrop)), Linear("classification_head.out_proj", nameof(C.Classes), Bias = true)]
public sealed partial class BartForSequenceClassification;
