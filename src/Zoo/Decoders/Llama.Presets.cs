using System;
using Dsl;
using Dsl.Runtime;

namespace Zoo.Decoders;

/// <summary>Published sizes. LLaMA 1: table 2 of its paper; 2: appendix A.2.1; 3, 3.1: table 3; 3.2: its model card.</summary>
public sealed partial record LlamaConfig
{
    [Preset("llama-7b", Model = typeof(Llama))] public static LlamaConfig V1B7 => new(32000, 4096, 11008, 32, 32, Activation.Silu);

    [Preset("llama-13b", Model = typeof(Llama))] public static LlamaConfig V1B13 => new(32000, 5120, 13824, 40, 40, Activation.Silu);

    [Preset("llama-33b", Model = typeof(Llama))] public static LlamaConfig V1B33 => new(32000, 6656, 17920, 60, 52, Activation.Silu);

    [Preset("llama-65b", Model = typeof(Llama))] public static LlamaConfig V1B65 => new(32000, 8192, 22016, 80, 64, Activation.Silu, Eps: 1e-5);

    [Preset("llama-2-7b", Model = typeof(Llama))] public static LlamaConfig V2B7 => V1B7 with { Eps = 1e-5, Context = 4096 };

    [Preset("llama-2-13b", Model = typeof(Llama))] public static LlamaConfig V2B13 => V1B13 with { Eps = 1e-5, Context = 4096 };

    [Preset("llama-2-70b", Model = typeof(Llama))]
    public static LlamaConfig V2B70 => new(32000, 8192, 28672, 80, 64, Activation.Silu, 8, Eps: 1e-5, Context: 4096);

    [Preset("llama-3-8b", Model = typeof(Llama))]
    public static LlamaConfig V3B8 => new(128256, 4096, 14336, 32, 32, Activation.Silu, 8, Eps: 1e-5, Theta: 5e5, Context: 8192);

    [Preset("llama-3-70b", Model = typeof(Llama))]
    public static LlamaConfig V3B70 => new(128256, 8192, 28672, 80, 64, Activation.Silu, 8, Eps: 1e-5, Theta: 5e5, Context: 8192);

    [Preset("llama-3.1-8b", Model = typeof(Llama))] public static LlamaConfig V31B8 => V3B8 with { Scaling = ByWavelength(8), Context = 131072 };

    [Preset("llama-3.1-70b", Model = typeof(Llama))] public static LlamaConfig V31B70 => V3B70 with { Scaling = ByWavelength(8), Context = 131072 };

    [Preset("llama-3.1-405b", Model = typeof(Llama))]
    public static LlamaConfig V31B405 =>
        new(128256, 16384, 53248, 126, 128, Activation.Silu, 8, Eps: 1e-5, Theta: 5e5, Scaling: ByWavelength(8), Context: 131072);

    [Preset("llama-3.2-1b", Model = typeof(Llama))]
    public static LlamaConfig V32B1 =>
        new(128256, 2048, 8192, 16, 32, Activation.Silu, 8, 64, Eps: 1e-5, Theta: 5e5, Scaling: ByWavelength(32), Context: 131072, Tied: true);

    [Preset("llama-3.2-3b", Model = typeof(Llama))]
    public static LlamaConfig V32B3 =>
        new(128256, 3072, 8192, 28, 24, Activation.Silu, 8, 128, Eps: 1e-5, Theta: 5e5, Scaling: ByWavelength(32), Context: 131072, Tied: true);

    [Preset("codellama-7b", Model = typeof(Llama))] public static LlamaConfig CodeB7 => V2B7 with { Vocab = 32016, Theta = 1e6, Context = 16384 };

    [Preset("codellama-13b", Model = typeof(Llama))] public static LlamaConfig CodeB13 => V2B13 with { Vocab = 32016, Theta = 1e6, Context = 16384 };

    [Preset("codellama-34b", Model = typeof(Llama))]
    public static LlamaConfig CodeB34 => new(32000, 8192, 22016, 48, 64, Activation.Silu, 8, Eps: 1e-5, Theta: 1e6, Context: 16384);

    [Preset("codellama-70b", Model = typeof(Llama))]
    public static LlamaConfig CodeB70 => new(32016, 8192, 28672, 80, 64, Activation.Silu, 8, Eps: 1e-5, Theta: 1e6, Context: 16384);

    [Small("llama", First = true, What = "4 layers, width 192, 6 heads, feed-forward 512, tied head")]
    public static LlamaConfig Sized(SmallSize size)
    {
        int width = size.WidthOr(192);
        return new(size.Vocab, width, size.Inner ?? width * 8 / 3, size.Layers ?? 4, Math.Max(1, width / 32), Activation.Silu,
            Context: size.Context, Tied: true)
        {
            Deviation = size.DeviationOr(0.02),
        };
    }

    private static RopeScaling ByWavelength(double factor) =>
        new(RopeScalingKind.Wavelength, factor) { OriginalLength = 8192, LowFrequencyFactor = 1, HighFrequencyFactor = 4 };
}
