using Dsl;
using C = Zoo.EncoderDecoders.BartConfig;

namespace Zoo.EncoderDecoders;

public sealed partial record BartConfig
{
    [Key("classifier_dropout"), Range(0, 1)] public double HeadDrop { get; init; } = 0;
    [Count("id2label")] public int Classes { get; init; } = 3;
}

/// <summary>Both stacks without a head.</summary>
[Model<C>("BartModel"), Derive<Bart>, Rename("model", ""), Remove("lm_head.apply"), Remove("lm_head.output")]
[Replace("lm_head"), Output("hidden")]
[Keys("with prefix", "shared", "encoder", "decoder", Under = "model")]
public sealed partial class BartModel;

/// <summary>One label for a text: the decoder reads it too, shifted by one, and its last real token is classified.</summary>
[Model<C>("BartForSequenceClassification"), Defaults(Deviation = nameof(C.Deviation))]
[Input("input_ids", "b s", Mask = "attention_mask"), Input("decoder_input_ids", "b t", Mask = "decoder_attention_mask", Steps = true)]
[From("input_ids"), Embedding("model.shared", nameof(C.Vocab), nameof(C.Hidden), Padding = nameof(C.Pad)), Apply(nameof(Bart.Scaled)),
    Positions("model.encoder.embed_positions", nameof(C.Rows), Offset = 2)]
[LayerNorm("model.encoder.layernorm_embedding"), Dropout(nameof(C.Drop)), Repeat<BartEncoderBlock>("model.encoder.layers", nameof(C.EncoderLayers))]
[When(nameof(C.PreNorm)), LayerNorm("model.encoder.layer_norm"), As("memory")]
[From("decoder_input_ids"), Embedding("model.shared", Shared = true, Padding = nameof(C.Pad)), Apply(nameof(Bart.Scaled)),
    Positions("model.decoder.embed_positions", nameof(C.Rows), Offset = 2)]
[LayerNorm("model.decoder.layernorm_embedding"), Dropout(nameof(C.Drop)), Repeat<BartDecoderBlock>("model.decoder.layers", nameof(C.DecoderLayers))]
[When(nameof(C.PreNorm)), LayerNorm("model.decoder.layer_norm"), As("read")]
[From("read"), Output("hidden")]
[From("read"), Pool("last"), Dropout(nameof(C.HeadDrop)), Linear("classification_head.dense", nameof(C.Hidden), Bias = true), Activate(Activation.Tanh),
    Dropout(nameof(C.HeadDrop)), Linear("classification_head.out_proj", nameof(C.Classes), Bias = true), Output("logits")]
[Same("model.shared", "model.encoder.embed_tokens", "model.decoder.embed_tokens"), Ignore("*.version", "final_logits_bias")]
public sealed partial class BartForSequenceClassification;
