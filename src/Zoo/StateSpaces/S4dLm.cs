using Dsl;
using C = Zoo.StateSpaces.S4dLmConfig;

namespace Zoo.StateSpaces;

/// <summary>
/// A language model of diagonal state spaces, in the shell of S4's own (Gu et al. 2021, section 4.4): two of them, then a feed-forward layer. As there, the
/// kernels learn at the model's own rate.
/// </summary>
[Extend<S4dConfig>]
public sealed partial record S4dLmConfig([Key("vocab_size"), Range(1)] int Vocab, [Key("expand"), Range(1)] int Expand = 4)
{
    public int FeedForward => Expand * Hidden;

    [Small("s4d", What = "4 times two state spaces of 64 and feed-forward 768, width 192, tied head")]
    public static S4dLmConfig Sized(SmallSize size) => new(size.Vocab) { Hidden = size.WidthOr(192), Layers = size.Layers ?? 4, PreNorm = true };
}

[Block<C>, Defaults(Bias = true)]
[Residual, LayerNorm("norms.0"), Use<S4dLayer>("s4.0"), Dropout(nameof(C.Drop))]
[Residual, LayerNorm("norms.1"), Use<S4dLayer>("s4.1"), Dropout(nameof(C.Drop))]
[Residual, LayerNorm("norms.2"), FeedForward("ff.{up,down}", Activation.Gelu), Dropout(nameof(C.Drop))]
public sealed partial class S4dLmBlock;

[Model<C>("S4dForCausalLM"), TrainedBy("clm")]
[Embedding("embed", nameof(C.Vocab), nameof(C.Hidden)), Repeat<S4dLmBlock>("layers", nameof(C.Layers)), LayerNorm("norm"), Output("hidden")]
[Head("head", TiedTo = "embed"), Output("logits")]
[Group("*.kernel.log_*", Decay = 0), Group("*.kernel.A_imag", Decay = 0), Group("*.kernel.C", Decay = 0)]
public sealed partial class S4dLm;
