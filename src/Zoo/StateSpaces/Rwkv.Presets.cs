using Dsl;

namespace Zoo.StateSpaces;

/// <summary>Published sizes (Peng et al. 2023, table 1), trained on the Pile with 1,024 tokens of context.</summary>
public sealed partial record RwkvConfig
{
    [Preset("rwkv-4-169m")] public static RwkvConfig M169 => new(50277, 768, 12);

    [Preset("rwkv-4-430m")] public static RwkvConfig M430 => new(50277, 1024, 24);

    [Preset("rwkv-4-1b5")] public static RwkvConfig B1 => new(50277, 2048, 24);

    [Preset("rwkv-4-3b")] public static RwkvConfig B3 => new(50277, 2560, 32);

    [Preset("rwkv-4-7b")] public static RwkvConfig B7 => new(50277, 4096, 32);

    [Preset("rwkv-4-14b")] public static RwkvConfig B14 => new(50277, 5120, 40);

    [Small("rwkv", What = "4 layers, width 192, feed-forward 768")]
    public static RwkvConfig Sized(SmallSize size) =>
        new(size.Vocab, size.WidthOr(192), size.Layers ?? 4, size.WidthOr(192), size.Inner ?? 4 * size.WidthOr(192), Context: size.Context);
}
