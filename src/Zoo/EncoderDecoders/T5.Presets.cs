using System;
using Dsl;

namespace Zoo.EncoderDecoders;

/// <summary>
/// Published sizes. T5: table of section 3.7.2 of its paper; 1.1 has gated feed-forwards and a head of its own, and mT5 more words; T0 (Sanh et al. 2021,
/// arXiv 2110.08207) and Flan-T5 (Chung et al. 2022, arXiv 2210.11416) are 1.1 trained further.
/// </summary>
public sealed partial record T5Config
{
    [Preset("t5-small")] public static T5Config Small => new(32128, 512, 64, 2048, 8, 6);

    [Preset("t5-base")] public static T5Config Base => new(32128, 768, 64, 3072, 12, 12);

    [Preset("t5-large")] public static T5Config Large => new(32128, 1024, 64, 4096, 16, 24);

    [Preset("t5-3b")] public static T5Config B3 => new(32128, 1024, 128, 16384, 32, 24);

    [Preset("t5-11b")] public static T5Config B11 => new(32128, 1024, 128, 65536, 128, 24);

    [Preset("t5-v1.1-small")] public static T5Config V11Small => new(32128, 512, 64, 1024, 6, 8, Projection: "gated-gelu", Tied: false);

    [Preset("t5-v1.1-base")] public static T5Config V11Base => new(32128, 768, 64, 2048, 12, 12, Projection: "gated-gelu", Tied: false);

    [Preset("t5-v1.1-large")] public static T5Config V11Large => new(32128, 1024, 64, 2816, 16, 24, Projection: "gated-gelu", Tied: false);

    [Preset("t5-v1.1-xl")] public static T5Config V11ExtraLarge => new(32128, 2048, 64, 5120, 32, 24, Projection: "gated-gelu", Tied: false);

    [Preset("t5-v1.1-xxl")] public static T5Config V11TwiceExtraLarge => new(32128, 4096, 64, 10240, 64, 24, Projection: "gated-gelu", Tied: false);

    [Preset("flan-t5-small")] public static T5Config FlanSmall => V11Small with { };

    [Preset("flan-t5-base")] public static T5Config FlanBase => V11Base with { };

    [Preset("flan-t5-large")] public static T5Config FlanLarge => V11Large with { };

    [Preset("flan-t5-xl")] public static T5Config FlanExtraLarge => V11ExtraLarge with { };

    [Preset("flan-t5-xxl")] public static T5Config FlanTwiceExtraLarge => V11TwiceExtraLarge with { };

    [Preset("t0-3b")] public static T5Config T0B3 => V11ExtraLarge with { };

    [Preset("t0")] public static T5Config T0B11 => V11TwiceExtraLarge with { };

    [Preset("mt5-small")] public static T5Config MultilingualSmall => V11Small with { Vocab = 250112, ModelType = "mt5" };

    [Preset("mt5-base")] public static T5Config MultilingualBase => V11Base with { Vocab = 250112, ModelType = "mt5" };

    [Preset("mt5-large")] public static T5Config MultilingualLarge => V11Large with { Vocab = 250112, ModelType = "mt5" };

    [Preset("mt5-xl")] public static T5Config MultilingualExtraLarge => V11ExtraLarge with { Vocab = 250112, ModelType = "mt5" };

    [Preset("mt5-xxl")] public static T5Config MultilingualTwiceExtraLarge => V11TwiceExtraLarge with { Vocab = 250112, ModelType = "mt5" };

    // Deviations of new weights, as the published code draws them.
    public double OfHidden => Factor / Math.Sqrt(Hidden);
    public double OfQuery => Factor / Math.Sqrt(Hidden * HeadDim);
    public double OfHeads => Factor / Math.Sqrt(Heads * HeadDim);
    public double OfFeedForward => Factor / Math.Sqrt(FeedForward);
}
