using Dsl;

namespace Zoo.Decoders;

/// <summary>Published sizes (table 1 of the paper).</summary>
public sealed partial record Gemma2Config
{
    [Preset("gemma-2-2b", Model = typeof(Gemma2))]
    public static Gemma2Config B2 => new(Activation.GeluTanh)
    {
        Vocab = 256000,
        Hidden = 2304,
        FeedForward = 9216,
        Layers = 26,
        Heads = 8,
        KvHeadsKey = 4,
    };

    [Preset("gemma-2-9b", Model = typeof(Gemma2))]
    public static Gemma2Config B9 => B2 with { Hidden = 3584, FeedForward = 14336, Layers = 42, Heads = 16, KvHeadsKey = 8 };

    [Preset("gemma-2-27b", Model = typeof(Gemma2))]
    public static Gemma2Config B27 => B2 with
    {
        Hidden = 4608,
        FeedForward = 36864,
        Layers = 46,
        Heads = 32,
        KvHeadsKey = 16,
        HeadDimKey = 128,
        QueryScalar = 144,
    };
}
