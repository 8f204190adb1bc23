using Dsl;

namespace Zoo.EncoderDecoders;

/// <summary>Published sizes: the two largest of T5 1.1.</summary>
public sealed partial record T0Config
{
    [Preset("t0-3b")]
    public static T0Config B3 => new()
    {
        Vocab = 32128,
        Hidden = 2048,
        HeadDim = 64,
        FeedForward = 5120,
        Heads = 32,
        Layers = 24,
    };

    [Preset("t0")] public static T0Config B11 => B3 with { Hidden = 4096, FeedForward = 10240, Heads = 64 };
}
