using System;
using System.Collections.Generic;
using System.Linq;
using Dsl;
using static System.Math;
using C = Zoo.Encoders.DebertaV2Config;

namespace Zoo.Encoders;

/// <summary>DeBERTa, versions 2 and 3 (He et al. 2021, arXiv 2006.03654 and 2111.09543): content and distance meet in the scores.</summary>
[ModelType("deberta-v2"), Only("type_vocab_size", 0), Only("conv_kernel_size", 0), Only("legacy", true), NoEffect("conv_act", "conv_groups")]
public sealed partial record DebertaV2Config(
    [Key("vocab_size"), Range(1)] int Vocab, [Key("hidden_size"), Range(1)] int Hidden, [Key("num_hidden_layers"), Range(1)] int Layers,
    [Key("num_attention_heads"), Range(1)] int Heads, [Key("intermediate_size"), Range(1)] int FeedForward, [Key("hidden_act")] Activation Act,
    [Key("relative_attention"), Only("relative_attention", true)] bool Relative, [Key("share_att_key"), Only("share_att_key", true)] bool Shares,
    [Key("pos_att_type")] IReadOnlyList<string>? Reads = null, [Key("position_buckets")] int Buckets = -1, [Key("max_relative_positions")] int FurthestKey = -1,
    [Key("norm_rel_ebd")] string DistanceNorm = "none", [Key("position_biased_input")] bool HasPositions = true,
    [Key("max_position_embeddings"), Range(1)] int Context = 512, [Key("attention_head_size"), Range(1)] int? HeadDimKey = null,
    [Key("layer_norm_eps"), Range(0)] double Eps = 1e-7, [Key("hidden_dropout_prob"), Range(0, 1)] double Drop = 0.1,
    [Key("attention_probs_dropout_prob"), Range(0, 1)] double AttentionDrop = 0.1, [Key("pad_token_id"), Range(-1)] int? Pad = 0,
    [Key("tie_word_embeddings")] bool Tied = true, [Key("initializer_range"), Range(0)] double Deviation = 0.02, [Count("id2label")] int Classes = 2)
{
    public int HeadDim => HeadDimKey ?? Hidden / Heads;
    public int Furthest => FurthestKey < 1 ? Context : FurthestKey;
    public int Span => Buckets < 1 ? Furthest : Buckets;
    public int Distances => 2 * Span;
    public bool NormsDistances => DistanceNorm.Contains("layer_norm");
    public bool OfQuery => Reads?.Any(r => r.Contains("c2p")) == true;                    // content to position, a list or "p2c|c2p"
    public bool OfKey => Reads?.Any(r => r.Contains("p2c")) == true;
    public double Scale => 1 / Sqrt(HeadDim * (1.0 + (OfQuery ? 1 : 0) + (OfKey ? 1 : 0)));
}

[Block<C>, Input("distances", "distance width"), Defaults(Eps = nameof(C.Eps), Bias = true, Dropout = nameof(C.AttentionDrop))]
[From("x"), Linear("attention.self.query_proj"), Heads(nameof(C.Heads), nameof(C.HeadDim)), As("q")]
[From("x"), Linear("attention.self.key_proj"), Heads(nameof(C.Heads), nameof(C.HeadDim)), As("k")]
[From("x"), Linear("attention.self.value_proj"), Heads(nameof(C.Heads), nameof(C.HeadDim)), As("v")]
[From("distances"), Dropout(nameof(C.Drop)), As("far")]
[From("far"), Linear("attention.self.query_proj", Shared = true), Rearrange("n (h d) -> n h d", "h", nameof(C.Heads)), As("farQuery")]
[From("far"), Linear("attention.self.key_proj", Shared = true), Rearrange("n (h d) -> n h d", "h", nameof(C.Heads)), As("farKey")]
[Product("q", "farKey", "b t h d, n h d -> b t h n"), As("ofQuery")]
[Product("k", "farQuery", "b t h d, n h d -> b t h n"), As("ofKey")]
[From("x"), Residual, Attend("q", "k", "v", Score = nameof(Disentangled), Scale = nameof(C.Scale)), Merge, Linear("attention.output.dense"),
    Dropout(nameof(C.Drop))]
[LayerNorm("attention.output.LayerNorm")]
[Residual, FeedForward("{intermediate.dense,output.dense}", nameof(C.Act)), Dropout(nameof(C.Drop))]
[LayerNorm("output.LayerNorm")]
public sealed partial class DebertaV2Block
{
    [Score]
    private static double Disentangled(double score, int query, int key, [Table("b query head n")] ReadOnlySpan<double> ofQuery,
        [Table("b key head n")] ReadOnlySpan<double> ofKey, C c) =>
        score + c.Scale * ((c.OfQuery ? ofQuery[Bucket(query - key, c)] : 0) + (c.OfKey ? ofKey[Bucket(query - key, c)] : 0));

    private static int Bucket(int distance, C c)                                            // exact up to half of the buckets, logarithmic beyond
    {
        int half = c.Buckets / 2, far = Abs(distance);
        int bucket = c.Buckets < 1 || far <= half ? distance
            : Sign(distance) * (half + (int)Ceiling(Log((double)far / half) / Log((c.Furthest - 1.0) / half) * (half - 1)));
        return Clamp(bucket + c.Span, 0, c.Distances - 1);
    }
}

[Block<C>, Input("x", "b t"), Axis("n", nameof(C.Distances)), Axis("d", nameof(C.Hidden)), Defaults(Eps = nameof(C.Eps), Bias = true)]
[Parameter("encoder.rel_embeddings.weight", "n d")]
[When(nameof(C.NormsDistances)), LayerNorm("encoder.LayerNorm"), As("distances")]
[From("x"), Embedding("embeddings.word_embeddings", nameof(C.Vocab), nameof(C.Hidden), Padding = nameof(C.Pad))]
[When(nameof(C.HasPositions)), Positions("embeddings.position_embeddings", nameof(C.Context))]
[LayerNorm("embeddings.LayerNorm"), Dropout(nameof(C.Drop)), Repeat<DebertaV2Block>("encoder.layer", nameof(C.Layers))]
public sealed partial class DebertaV2Body;
