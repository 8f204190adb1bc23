using Dsl;

namespace Zoo.TestTimeTraining;

/// <summary>
/// Published sizes (table 2 of the paper's appendix), with the backbone of its released recipes, which is Mamba's: gate, one projection for query and key
/// with a convolution each, and a convolution before each layer. Those that end in -transformer have the paper's other backbone, with none of these.
/// The recipes of TTT-MLP also raise the inner base rate from 0.01 to its 0.1 over the first tenth of the steps, which training here does not.
/// </summary>
public sealed partial record TttConfig
{
    /// <summary>The id whose row learns nothing from being looked up.</summary>
    [Key("pad_token_id")] public int? Pad { get; init; }

    [Preset("ttt-linear-125m")] public static TttConfig Linear125M => new(32000, 768, 2048, 12, 12, Gated: true, SharesQk: true, PreConv: true);

    [Preset("ttt-linear-350m")] public static TttConfig Linear350M => new(32000, 1024, 2736, 24, 16, Gated: true, SharesQk: true, PreConv: true);

    [Preset("ttt-linear-760m")] public static TttConfig Linear760M => new(32000, 1536, 4096, 24, 16, Gated: true, SharesQk: true, PreConv: true);

    [Preset("ttt-linear-1b")] public static TttConfig Linear1B => new(32000, 2048, 5504, 24, 32, Gated: true, SharesQk: true, PreConv: true);

    [Preset("ttt-mlp-125m")] public static TttConfig Mlp125M => Linear125M with { Kind = "mlp", BaseRate = 0.1 };

    [Preset("ttt-mlp-350m")] public static TttConfig Mlp350M => Linear350M with { Kind = "mlp", BaseRate = 0.1 };

    [Preset("ttt-mlp-760m")] public static TttConfig Mlp760M => Linear760M with { Kind = "mlp", BaseRate = 0.1 };

    [Preset("ttt-mlp-1b")] public static TttConfig Mlp1B => Linear1B with { Kind = "mlp", BaseRate = 0.1 };

    [Preset("ttt-linear-125m-transformer")] public static TttConfig PlainLinear125M => new(32000, 768, 2048, 12, 12);

    [Preset("ttt-linear-350m-transformer")] public static TttConfig PlainLinear350M => new(32000, 1024, 2736, 24, 16);

    [Preset("ttt-linear-760m-transformer")] public static TttConfig PlainLinear760M => new(32000, 1536, 4096, 24, 16);

    [Preset("ttt-linear-1b-transformer")] public static TttConfig PlainLinear1B => new(32000, 2048, 5504, 24, 32);

    [Preset("ttt-mlp-125m-transformer")] public static TttConfig PlainMlp125M => PlainLinear125M with { Kind = "mlp", BaseRate = 0.1 };

    [Preset("ttt-mlp-350m-transformer")] public static TttConfig PlainMlp350M => PlainLinear350M with { Kind = "mlp", BaseRate = 0.1 };

    [Preset("ttt-mlp-760m-transformer")] public static TttConfig PlainMlp760M => PlainLinear760M with { Kind = "mlp", BaseRate = 0.1 };

    [Preset("ttt-mlp-1b-transformer")] public static TttConfig PlainMlp1B => PlainLinear1B with { Kind = "mlp", BaseRate = 0.1 };

    [Small("ttt", What = "4 layers, width 192, 6 heads, feed-forward 512, a linear learner in each head, mini-batches of 16, tied head")]
    public static TttConfig Sized(SmallSize size) => new(size.Vocab, 192, 512, 4, 6, Gated: true, SharesQk: true, PreConv: true);
}
