using Dsl;

namespace Zoo.StateSpaces;

/// <summary>
/// Published sizes: the paper's models (their vocabulary of 50,277 padded to a multiple of 16; embeddings begin at 0.02 and the last projections smaller
/// with depth), and Codestral Mamba.
/// </summary>
public sealed partial record Mamba2Config
{
    [Preset("mamba2-130m")] public static Mamba2Config M130 => new(50288, 768, 24, 24, Groups: 1, Tied: true, Deviation: 0.02, Rescaled: true);

    [Preset("mamba2-370m")] public static Mamba2Config M370 => new(50288, 1024, 48, 32, Groups: 1, Tied: true, Deviation: 0.02, Rescaled: true);

    [Preset("mamba2-780m")] public static Mamba2Config M780 => new(50288, 1536, 48, 48, Groups: 1, Tied: true, Deviation: 0.02, Rescaled: true);

    [Preset("mamba2-1.3b")] public static Mamba2Config B13 => new(50288, 2048, 48, 64, Groups: 1, Tied: true, Deviation: 0.02, Rescaled: true);

    [Preset("mamba2-2.7b")] public static Mamba2Config B27 => new(50288, 2560, 64, 80, Groups: 1, Tied: true, Deviation: 0.02, Rescaled: true);

    [Preset("mamba-codestral-7b")] public static Mamba2Config Codestral => new(32768, 4096, 64, 128);
}
