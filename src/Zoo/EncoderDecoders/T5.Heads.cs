using Dsl;
using C = Zoo.EncoderDecoders.T5Config;

namespace Zoo.EncoderDecoders;

/// <summary>The encoder alone.</summary>
[Model<C>("T5EncoderModel"), Defaults(Eps = nameof(C.Eps)), Axis("head", nameof(C.Heads)), Axis("bucket", nameof(C.Buckets))]
[Input("input_ids", "b t", Mask = "attention_mask")]
[Parameter("encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight", "bucket head"), As("encoderBias")]
[From("input_ids"), Embedding("shared", nameof(C.Vocab), nameof(C.Hidden)), Dropout(nameof(C.Drop)),
    Repeat<T5EncoderBlock>("encoder.block", nameof(C.Layers), With = "bias=encoderBias")]
[RmsNorm("encoder.final_layer_norm"), Dropout(nameof(C.Drop)), Output("hidden")]
[Same("shared", "encoder.embed_tokens")]
public sealed partial class T5EncoderModel;

/// <summary>Both stacks without a head.</summary>
[Model<C>("T5Model"), Derive<T5>, Remove("lm_head.apply"), Remove("lm_head.output")]
[Replace("lm_head"), Output("hidden")]
public sealed partial class T5Model;
