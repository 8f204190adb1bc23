using Dsl;

namespace Zoo.EncoderDecoders;

/// <summary>Published sizes: those of T5 1.1, with more words (table 1 of the paper).</summary>
public sealed partial record MT5Config
{
    [Preset("mt5-small", Model = typeof(MT5))]
    public static MT5Config Small => new()
    {
        Vocab = 250112,
        Hidden = 512,
        HeadDim = 64,
        FeedForward = 1024,
        Heads = 6,
        Layers = 8,
    };

    [Preset("mt5-base", Model = typeof(MT5))] public static MT5Config Base => Small with { Hidden = 768, FeedForward = 2048, Heads = 12, Layers = 12 };

    [Preset("mt5-large", Model = typeof(MT5))] public static MT5Config Large => Small with { Hidden = 1024, FeedForward = 2816, Heads = 16, Layers = 24 };

    [Preset("mt5-xl", Model = typeof(MT5))] public static MT5Config ExtraLarge => Small with { Hidden = 2048, FeedForward = 5120, Heads = 32, Layers = 24 };

    [Preset("mt5-xxl", Model = typeof(MT5))]
    public static MT5Config TwiceExtraLarge => Small with { Hidden = 4096, FeedForward = 10240, Heads = 64, Layers = 24 };
}
