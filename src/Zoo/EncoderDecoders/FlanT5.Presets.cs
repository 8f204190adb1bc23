using Dsl;

namespace Zoo.EncoderDecoders;

/// <summary>Published sizes: those of T5 1.1.</summary>
public sealed partial record FlanT5Config
{
    [Preset("flan-t5-small")]
    public static FlanT5Config Small => new()
    {
        Vocab = 32128,
        Hidden = 512,
        HeadDim = 64,
        FeedForward = 1024,
        Heads = 6,
        Layers = 8,
    };

    [Preset("flan-t5-base")] public static FlanT5Config Base => Small with { Hidden = 768, FeedForward = 2048, Heads = 12, Layers = 12 };

    [Preset("flan-t5-large")] public static FlanT5Config Large => Small with { Hidden = 1024, FeedForward = 2816, Heads = 16, Layers = 24 };

    [Preset("flan-t5-xl")] public static FlanT5Config ExtraLarge => Small with { Hidden = 2048, FeedForward = 5120, Heads = 32, Layers = 24 };

    [Preset("flan-t5-xxl")] public static FlanT5Config TwiceExtraLarge => Small with { Hidden = 4096, FeedForward = 10240, Heads = 64, Layers = 24 };
}
