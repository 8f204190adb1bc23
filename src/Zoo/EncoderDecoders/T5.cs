using System;
using Dsl;
using static System.Math;
using C = Zoo.EncoderDecoders.T5Config;

namespace Zoo.EncoderDecoders;

/// <summary>T5 (Raffel et al. 2019, arXiv 1910.10683) and T5 1.1: one declaration, the config says which.</summary>
[ModelType("t5"), NoEffect("dense_act_fn", "is_gated_act", "classifier_dropout", "n_positions")]
public sealed partial record T5Config(
    [Key("vocab_size"), Range(1)] int Vocab,
    [Key("d_model"), Range(1)] int Hidden,
    [Key("d_kv"), Range(1)] int HeadDim, [Key("d_ff"), Range(1)] int FeedForward,
    [Key("num_heads"), Range(1)] int Heads, [Key("num_layers"), Range(1)] int Layers, [Key("num_decoder_layers"), Range(1)] int? DecoderLayersKey = null,
    [Key("relative_attention_num_buckets"), Range(4)] int Buckets = 32, [Key("relative_attention_max_distance"), Range(1)] int MaxDistance = 128,
    [Key("feed_forward_proj")] string Projection = "relu",
    [Key("dropout_rate"), Range(0, 1)] double Drop = 0.1, [Key("layer_norm_epsilon"), Range(0)] double Eps = 1e-6,
    [Key("tie_word_embeddings")] bool Tied = true, [Key("scale_decoder_outputs")] bool? ScaledKey = null,
    [Key("initializer_factor"), Range(0)] double Factor = 1)
{
    public int DecoderLayers => DecoderLayersKey ?? Layers;
    public Type Kind => T5Config.IsGated(Projection) ? typeof(T5GatedFeedForward) : typeof(T5FeedForward);
    public Activation Act => Projection == "gated-gelu" ? Activation.Of("gelu_new") : Activation.Of(Projection.Replace("gated-", ""));
    public double HeadScale => (ScaledKey ?? Tied) ? 1 / Math.Sqrt(Hidden) : 1;                                       // tied is not the same as scaled
}

[Block<C>, Input("memory", "b s m"), Defaults(Dropout = nameof(C.Drop))]                                          // no position bias here
[From("x"), Linear("q"), Heads(nameof(C.Heads), nameof(C.HeadDim)), As("q")]
[From("memory"), Linear("k"), Heads(nameof(C.Heads), nameof(C.HeadDim)), As("k")]
[From("memory"), Linear("v"), Heads(nameof(C.Heads), nameof(C.HeadDim)), As("v")]
[Attend("q", "k", "v", Scale = 1), Merge, Linear("o")]
public sealed partial class T5CrossAttention;

[Block<C>]
[Linear("wi", nameof(C.FeedForward)), Activate(nameof(C.Act)), Dropout(nameof(C.Drop)), Linear("wo")]
public sealed partial class T5FeedForward;

[Block<C>]
[From("x"), Linear("wi_1", nameof(C.FeedForward)), As("up")]
[From("x"), Linear("wi_0", nameof(C.FeedForward)), Activate(nameof(C.Act)), Gate("up"), Dropout(nameof(C.Drop)), Linear("wo")]
public sealed partial class T5GatedFeedForward;

[Block<C>, Input("bias", "bucket head"), Defaults(Eps = nameof(C.Eps), Dropout = nameof(C.Drop))]
[Residual, RmsNorm("layer.0.layer_norm"), Attention("layer.0.SelfAttention.{q,k,v,o}", Scale = 1, Score = nameof(T5.BothWays)), Dropout(nameof(C.Drop))]
[Residual, RmsNorm("layer.1.layer_norm"), Use<T5FeedForward, T5GatedFeedForward>("layer.1.DenseReluDense", By = nameof(C.Kind)), Dropout(nameof(C.Drop))]
public sealed partial class T5EncoderBlock;

[Block<C>, Input("bias", "bucket head"), Input("memory", "b s m"), Defaults(Eps = nameof(C.Eps), Dropout = nameof(C.Drop))]
[Residual, RmsNorm("layer.0.layer_norm"), Attention("layer.0.SelfAttention.{q,k,v,o}", Mask = Mask.Causal, Scale = 1, Score = nameof(T5.Backwards)),
    Dropout(nameof(C.Drop))]
[Residual, RmsNorm("layer.1.layer_norm"), Use<T5CrossAttention>("layer.1.EncDecAttention"), Dropout(nameof(C.Drop))]
[Residual, RmsNorm("layer.2.layer_norm"), Use<T5FeedForward, T5GatedFeedForward>("layer.2.DenseReluDense", By = nameof(C.Kind)), Dropout(nameof(C.Drop))]
public sealed partial class T5DecoderBlock;

[Model<C>("T5ForConditionalGeneration", "T5WithLMHeadModel"),
    TrainedBy("span"), TrainedBy("prefix"), Defaults(Eps = nameof(C.Eps)), Axis("head", nameof(C.Heads))]
[TrainedBy("text"), Axis("bucket", nameof(C.Buckets)), Input("input_ids", "b s", Mask = "attention_mask"), Input("decoder_input_ids", "b t", Steps = true)]
[Parameter("encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight", "bucket head"), As("encoderBias")]
[Parameter("decoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight", "bucket head"), As("decoderBias")]
[From("input_ids"), Embedding("shared", nameof(C.Vocab), nameof(C.Hidden)), Dropout(nameof(C.Drop)),
    Repeat<T5EncoderBlock>("encoder.block", nameof(C.Layers), With = "bias=encoderBias")]
[RmsNorm("encoder.final_layer_norm"), Dropout(nameof(C.Drop)), As("memory"), Output("encoder_hidden")]
[From("decoder_input_ids"), Embedding("shared", Shared = true), Dropout(nameof(C.Drop)),
    Repeat<T5DecoderBlock>("decoder.block", nameof(C.DecoderLayers), With = "bias=decoderBias")]
[RmsNorm("decoder.final_layer_norm"), Dropout(nameof(C.Drop)),
    Apply(nameof(Scaled)), Head("lm_head", TiedTo = "shared", Tied = nameof(C.Tied)), Output("logits")]
[Init("shared.weight", nameof(C.Factor)), Init("lm_head.weight", nameof(C.Factor)), Init("*.q.weight", nameof(C.OfQuery))]
[Init("*.k.weight", nameof(C.OfHidden)), Init("*.v.weight", nameof(C.OfHidden)), Init("*.o.weight", nameof(C.OfHeads))]
[Init("*.wi*.weight", nameof(C.OfHidden)), Init("*.wo.weight", nameof(C.OfFeedForward)), Init("*.relative_attention_bias.weight", nameof(C.OfHidden))]
[Same("shared", "encoder.embed_tokens", "decoder.embed_tokens"), Ignore("decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight")]
public sealed partial class T5
{
    [Score]
    internal static double BothWays(double score, int head, int query, int key, [Table] Matrix bias, C c) => score + bias[Bucket(key - query, true, c), head];

    [Score]
    internal static double Backwards(double score, int head, int query, int key, [Table] Matrix bias, C c) => score + bias[Bucket(key - query, false, c), head];

    [Pointwise] private static double Scaled(double x, C c) => x * c.HeadScale;

    private static int Bucket(int distance, bool bothWays, C c)
    {
        int n = bothWays ? c.Buckets / 2 : c.Buckets, exact = n / 2, side = bothWays && distance > 0 ? n : 0;
        int d = bothWays ? Abs(distance) : Max(-distance, 0);
        return side + (d < exact ? d : Min(exact + (int)(Log((double)d / exact) / Log((double)c.MaxDistance / exact) * (n - exact)), n - 1));
    }
}
