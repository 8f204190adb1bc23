using Dsl;

namespace Zoo.Decoders;

/// <summary>Published sizes: table 1 of the Pythia paper, section 2 of GPT-NeoX-20B's.</summary>
public sealed partial record GptNeoXConfig
{
    [Preset("gpt-neox-20b", Model = typeof(GptNeoX))] public static GptNeoXConfig B20 => new(50432, 6144, 24576, 44, 64, Activation.GeluTanh);

    [Preset("pythia-70m", Model = typeof(GptNeoX))] public static GptNeoXConfig PythiaM70 => new(50304, 512, 2048, 6, 8, Activation.Gelu);

    [Preset("pythia-160m", Model = typeof(GptNeoX))] public static GptNeoXConfig PythiaM160 => new(50304, 768, 3072, 12, 12, Activation.Gelu);

    [Preset("pythia-410m", Model = typeof(GptNeoX))] public static GptNeoXConfig PythiaM410 => new(50304, 1024, 4096, 24, 16, Activation.Gelu);

    [Preset("pythia-1b", Model = typeof(GptNeoX))] public static GptNeoXConfig PythiaB1 => new(50304, 2048, 8192, 16, 8, Activation.Gelu);

    [Preset("pythia-1.4b", Model = typeof(GptNeoX))] public static GptNeoXConfig PythiaB14 => new(50304, 2048, 8192, 24, 16, Activation.Gelu);

    [Preset("pythia-2.8b", Model = typeof(GptNeoX))] public static GptNeoXConfig PythiaB28 => new(50304, 2560, 10240, 32, 32, Activation.Gelu);

    [Preset("pythia-6.9b", Model = typeof(GptNeoX))] public static GptNeoXConfig PythiaB69 => new(50432, 4096, 16384, 32, 32, Activation.Gelu);

    [Preset("pythia-12b", Model = typeof(GptNeoX))] public static GptNeoXConfig PythiaB12 => new(50688, 5120, 20480, 36, 40, Activation.Gelu);
}
