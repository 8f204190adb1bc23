using Dsl;
using Dsl.Runtime;

namespace Zoo.Decoders;

/// <summary>Published sizes (table 1 of the paper).</summary>
public sealed partial record MixtralConfig
{
    [Preset("mixtral-8x7b", Model = typeof(Mixtral))]
    public static MixtralConfig B8x7 => new()
    {
        Vocab = 32000,
        Hidden = 4096,
        FeedForward = 14336,
        Layers = 32,
        Heads = 32,
        KvHeadsKey = 8,
        Act = Activation.Silu,
        Eps = 1e-5,
        Theta = 1e6,
        Context = 32768,
    };
}

/// <summary>Published sizes (table 1 of the paper).</summary>
public sealed partial record OlmoeConfig
{
    [Preset("olmoe-1b-7b", Model = typeof(Olmoe))]
    public static OlmoeConfig B1 => new()
    {
        Vocab = 50304,
        Hidden = 2048,
        FeedForward = 1024,
        Layers = 16,
        Heads = 16,
        Act = Activation.Silu,
        Context = 4096,
    };
}

/// <summary>Published sizes (table 2 of the paper): billions of parameters, and of those that a token has.</summary>
public sealed partial record Qwen3MoeConfig
{
    [Preset("qwen3-30b-a3b", Model = typeof(Qwen3Moe))] public static Qwen3MoeConfig B30 => Sized(2048, 6144, 768, 48, 32);

    [Preset("qwen3-235b-a22b", Model = typeof(Qwen3Moe))] public static Qwen3MoeConfig B235 => Sized(4096, 12288, 1536, 94, 64);

    private static Qwen3MoeConfig Sized(int hidden, int feedForward, int expert, int layers, int heads) => new()
    {
        Vocab = 151936,
        Hidden = hidden,
        FeedForward = feedForward,
        ExpertWidth = expert,
        Layers = layers,
        Heads = heads,
        KvHeadsKey = 4,
        HeadDimKey = 128,
        Normalised = true,
        Act = Activation.Silu,
        Theta = 1e6,
        Context = 40960,
    };
}
