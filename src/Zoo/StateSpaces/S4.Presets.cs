using Dsl;

namespace Zoo.StateSpaces;

/// <summary>
/// Published sizes: the S4 repository's example.py on sequential CIFAR-10 (as its s4d-minimal-cifar.yaml) and, at width 256, on MNIST. Its other
/// configurations read in both directions and have batch norms.
/// </summary>
public sealed partial record S4Config
{
    [Preset("s4d-cifar")] public static S4Config Cifar => new(3) { Hidden = 128, Layers = 4, Drop = 0.1 };

    [Preset("s4d-mnist")] public static S4Config Mnist => new(1) { Hidden = 256, Layers = 4, Drop = 0.1 };
}
