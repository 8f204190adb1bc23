using Dsl;

namespace Zoo.Decoders;

/// <summary>Published sizes.</summary>
public sealed partial record PhiConfig
{
    [Preset("phi-1", Model = typeof(Phi))] public static PhiConfig V1 => new(51200, 2048, 8192, 24, 32, Activation.GeluTanh);

    [Preset("phi-1.5", Model = typeof(Phi))] public static PhiConfig V15 => V1;

    [Preset("phi-2", Model = typeof(Phi))] public static PhiConfig V2 => new(51200, 2560, 10240, 32, 32, Activation.GeluTanh, Rotated: 0.4);
}
