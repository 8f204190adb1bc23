using Dsl;

namespace Zoo.Encoders;

/// <summary>Published sizes of version 3 (arXiv 2111.09543, table 7 and the published configurations): no absolute positions, 256 buckets.</summary>
public sealed partial record DebertaV2Config
{
    [Preset("deberta-v3-xsmall", Model = typeof(DebertaV2ForMaskedLM))] public static DebertaV2Config ExtraSmall => Of(128100, 384, 12, 6, 1536);

    [Preset("deberta-v3-small", Model = typeof(DebertaV2ForMaskedLM))] public static DebertaV2Config Small => Of(128100, 768, 6, 12, 3072);

    [Preset("deberta-v3-base", Model = typeof(DebertaV2ForMaskedLM))] public static DebertaV2Config Base => Of(128100, 768, 12, 12, 3072);

    [Preset("deberta-v3-large", Model = typeof(DebertaV2ForMaskedLM))] public static DebertaV2Config Large => Of(128100, 1024, 24, 16, 4096);

    [Preset("mdeberta-v3-base", Model = typeof(DebertaV2ForMaskedLM))] public static DebertaV2Config Multilingual => Of(251000, 768, 12, 12, 3072);

    [Small("deberta-v2", Layout = "bert")]
    public static DebertaV2Config Sized(SmallSize size) => Of(size.Vocab, size.Width, 2, 4, size.Inner ?? 4 * size.Width) with
    {
        Buckets = 32,
        Context = size.Context,
        Drop = 0,
        AttentionDrop = 0,
        Pad = size.Pad,
        Deviation = SmallSize.Deviation,
    };

    private static DebertaV2Config Of(int vocab, int hidden, int layers, int heads, int feedForward) =>
        new(vocab, hidden, layers, heads, feedForward, Activation.Gelu, true, true, ["p2c", "c2p"], 256, DistanceNorm: "layer_norm", HasPositions: false);
}
