using Dsl;

namespace Zoo.Decoders;

/// <summary>Published sizes (table 2 of the paper).</summary>
public sealed partial record Gpt2Config
{
    [Preset("gpt2", Model = typeof(Gpt2))] public static Gpt2Config Small => new(50257, 768, 12, 12, 1024, Activation.GeluTanh);

    [Preset("gpt2-medium", Model = typeof(Gpt2))] public static Gpt2Config Medium => new(50257, 1024, 24, 16, 1024, Activation.GeluTanh);

    [Preset("gpt2-large", Model = typeof(Gpt2))] public static Gpt2Config Large => new(50257, 1280, 36, 20, 1024, Activation.GeluTanh);

    [Preset("gpt2-xl", Model = typeof(Gpt2))] public static Gpt2Config ExtraLarge => new(50257, 1600, 48, 25, 1024, Activation.GeluTanh);
}

/// <summary>
/// Published sizes (table 2.1 of the paper). Two rows of that table do not multiply out: XL prints 24 heads of 128 at width 2048 (16 heads give the 1.3 B
/// of its name, and are what <c>gpt3-xl</c> has), 13B prints 40 heads of 128 at width 5140.
/// </summary>
public sealed partial record Gpt3Config
{
    [Preset("gpt3-small", Model = typeof(Gpt3))]
    public static Gpt3Config Small =>
        new() { Vocab = 50257, Hidden = 768, Layers = 12, Heads = 12, Context = 2048, ActKey = Activation.GeluTanh };

    [Preset("gpt3-medium", Model = typeof(Gpt3))] public static Gpt3Config Medium => Small with { Hidden = 1024, Layers = 24, Heads = 16 };

    [Preset("gpt3-large", Model = typeof(Gpt3))] public static Gpt3Config Large => Small with { Hidden = 1536, Layers = 24, Heads = 16 };

    [Preset("gpt3-xl", Model = typeof(Gpt3))] public static Gpt3Config ExtraLarge => Small with { Hidden = 2048, Layers = 24, Heads = 16 };

    [Preset("gpt3-xl-as-printed", Model = typeof(Gpt3))] public static Gpt3Config ExtraLargeAsPrinted => ExtraLarge with { Heads = 24, HeadDimKey = 128 };

    [Preset("gpt3-2.7b", Model = typeof(Gpt3))] public static Gpt3Config B2 => Small with { Hidden = 2560, Layers = 32, Heads = 32 };

    [Preset("gpt3-6.7b", Model = typeof(Gpt3))] public static Gpt3Config B6 => Small with { Hidden = 4096, Layers = 32, Heads = 32 };

    [Preset("gpt3-13b", Model = typeof(Gpt3))] public static Gpt3Config B13 => Small with { Hidden = 5140, Layers = 40, Heads = 40, HeadDimKey = 128 };

    [Preset("gpt3-175b", Model = typeof(Gpt3))] public static Gpt3Config B175 => Small with { Hidden = 12288, Layers = 96, Heads = 96 };
}

/// <summary>Published sizes.</summary>
public sealed partial record MistralConfig
{
    [Preset("mistral-7b", Model = typeof(Mistral))]
    public static MistralConfig B7 => new(4096)
    {
        Vocab = 32000,
        Hidden = 4096,
        FeedForward = 14336,
        Layers = 32,
        Heads = 32,
        KvHeadsKey = 8,
        Act = Activation.Silu,
        Eps = 1e-5,
        Context = 32768,
    };
}
