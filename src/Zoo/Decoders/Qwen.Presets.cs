using Dsl;
using Dsl.Runtime;

namespace Zoo.Decoders;

/// <summary>Published sizes (table 1 of the paper; the vocabulary of the files, which is padded).</summary>
public sealed partial record Qwen2Config
{
    [Preset("qwen2-0.5b", Model = typeof(Qwen2))] public static Qwen2Config B05 => Sized(151936, 896, 4864, 24, 14, 2) with { Tied = true };

    [Preset("qwen2-1.5b", Model = typeof(Qwen2))] public static Qwen2Config B15 => Sized(151936, 1536, 8960, 28, 12, 2) with { Tied = true };

    [Preset("qwen2-7b", Model = typeof(Qwen2))] public static Qwen2Config B7 => Sized(152064, 3584, 18944, 28, 28, 4);

    [Preset("qwen2-72b", Model = typeof(Qwen2))] public static Qwen2Config B72 => Sized(152064, 8192, 29568, 80, 64, 8);

    private static Qwen2Config Sized(int vocab, int hidden, int feedForward, int layers, int heads, int groups) => new()
    {
        Vocab = vocab,
        Hidden = hidden,
        FeedForward = feedForward,
        Layers = layers,
        Heads = heads,
        KvHeadsKey = groups,
        Act = Activation.Silu,
        Theta = 1e6,
        Context = 131072,
    };
}

/// <summary>Published sizes (table 1 of the paper).</summary>
public sealed partial record Qwen3Config
{
    [Preset("qwen3-0.6b", Model = typeof(Qwen3))] public static Qwen3Config B06 => Sized(1024, 3072, 28, 16) with { Tied = true };

    [Preset("qwen3-1.7b", Model = typeof(Qwen3))] public static Qwen3Config B17 => Sized(2048, 6144, 28, 16) with { Tied = true };

    [Preset("qwen3-4b", Model = typeof(Qwen3))] public static Qwen3Config B4 => Sized(2560, 9728, 36, 32) with { Tied = true };

    [Preset("qwen3-8b", Model = typeof(Qwen3))] public static Qwen3Config B8 => Sized(4096, 12288, 36, 32);

    [Preset("qwen3-14b", Model = typeof(Qwen3))] public static Qwen3Config B14 => Sized(5120, 17408, 40, 40);

    [Preset("qwen3-32b", Model = typeof(Qwen3))] public static Qwen3Config B32 => Sized(5120, 25600, 64, 64);

    private static Qwen3Config Sized(int hidden, int feedForward, int layers, int heads) => new()
    {
        Vocab = 151936,
        Hidden = hidden,
        FeedForward = feedForward,
        Layers = layers,
        Heads = heads,
        KvHeadsKey = 8,
        Act = Activation.Silu,
        Theta = 1e6,
        Context = 40960,
    };
}
