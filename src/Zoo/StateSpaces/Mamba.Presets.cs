using System;
using Dsl;

namespace Zoo.StateSpaces;

/// <summary>
/// Published sizes: the README of the authors' repository. The vocabulary of 50,277 is padded to a multiple of 8, the step's rank is a sixteenth of the
/// width. Embeddings begin at 0.02 and the last projections smaller with depth, as their code trains them.
/// </summary>
public sealed partial record MambaConfig
{
    [Preset("mamba-130m")] public static MambaConfig M130 => new(50280, 768, 24, 1536, 48, Activation.Silu, Deviation: 0.02, Rescaled: true);

    [Preset("mamba-370m")] public static MambaConfig M370 => new(50280, 1024, 48, 2048, 64, Activation.Silu, Deviation: 0.02, Rescaled: true);

    [Preset("mamba-790m")] public static MambaConfig M790 => new(50280, 1536, 48, 3072, 96, Activation.Silu, Deviation: 0.02, Rescaled: true);

    [Preset("mamba-1.4b")] public static MambaConfig B14 => new(50280, 2048, 48, 4096, 128, Activation.Silu, Deviation: 0.02, Rescaled: true);

    [Preset("mamba-2.8b")] public static MambaConfig B28 => new(50280, 2560, 64, 5120, 160, Activation.Silu, Deviation: 0.02, Rescaled: true);

    [Small("mamba", What = "7 layers, width 192, inner width 384, state 16, tied head")]
    public static MambaConfig Sized(SmallSize size) =>
        new(size.Vocab, size.WidthOr(192), size.Layers ?? 7, 2 * size.WidthOr(192), Math.Max(1, size.WidthOr(192) / 16), Activation.Silu, Deviation: 0.02);
}
