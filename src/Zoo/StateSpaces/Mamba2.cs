using System;
using Dsl;
using static System.Math;
using static Dsl.ScalarMath;
using C = Zoo.StateSpaces.Mamba2Config;

namespace Zoo.StateSpaces;

/// <summary>Mamba-2 (Dao and Gu 2024, arXiv 2405.21060): one decay for each head, input and output maps shared by the heads of a group.</summary>
[NoEffect("time_step_rank", "time_step_min", "time_step_max", "time_step_floor", "rescale_prenorm_residual", "residual_in_fp32", "expand", "chunk_size"), Only("rms_norm", true)]
public sealed partial record Mamba2Config(
    [Key("vocab_size")] int Vocab,
    [Key("hidden_size")] int Hidden,
    [Key("num_hidden_layers")] int Layers,
    [Key("num_heads")] int Heads,
    [Key("head_dim")] int HeadDim = 64,
    [Key("n_groups")] int Groups = 8,
    [Key("state_size")] int State = 128,
    [Key("conv_kernel")] int Kernel = 4,
    [Key("layer_norm_epsilon")] double Eps = 1e-5,
    [Key("time_step_limit")] double[]? StepLimit = null,
    [Key("hidden_act")] Activation? ActKey = null,
    [Key("use_bias")] bool Bias = false,
    [Key("use_conv_bias")] bool ConvBias = true,
    [Key("tie_word_embeddings")] bool Tied = false)
{
    public int Inner => Heads * HeadDim;                       // expand times the hidden width in every file
    public int Mapped => Groups * State;
    public int Convolved => Inner + 2 * Mapped;
    public int PerGroup => Heads / Groups;
    public Activation Act => ActKey ?? Activation.Silu;
    public double Shortest => StepLimit is { } limit ? limit[0] : 0;
    public double Longest => StepLimit is { } limit ? limit[1] : double.PositiveInfinity;
}

[Block<C>, Defaults(Eps = nameof(C.Eps), Bias = nameof(C.Bias))]
[Linear("in_proj"), Split("z", nameof(C.Inner), "uBC", nameof(C.Convolved), "dt", nameof(C.Heads))]
[From("uBC"), Conv("conv1d", nameof(C.Kernel), Bias = nameof(C.ConvBias)), Activate(nameof(C.Act)), Split("u0", nameof(C.Inner), "B0", nameof(C.Mapped), "C0", nameof(C.Mapped))]
[From("u0"), Rearrange("b t (g r p) -> b t g r p", "g", nameof(C.Groups), "r", nameof(C.PerGroup), "p", nameof(C.HeadDim)), As("u")]
[From("B0"), Rearrange("b t (g n) -> b t g n", "g", nameof(C.Groups)), As("B")]
[From("C0"), Rearrange("b t (g n) -> b t g n", "g", nameof(C.Groups)), As("C")]
[From("dt"), Apply(nameof(Step)), Rearrange("b t (g r) -> b t g r", "g", nameof(C.Groups), "r", nameof(C.PerGroup)), As("delta")]
[From("delta", "u", "B", "C"), Apply(nameof(StateSpaceDual)), Rearrange("b t g r p -> b t (g r p)"), Gate("z", nameof(C.Act))]
[Rearrange("b t (g c) -> b t g c", "g", nameof(C.Groups)), RmsNorm("norm", Stored = "(g c)"), Merge, Linear("out_proj")]
public sealed partial class Mamba2Mixer
{
    [Pointwise] private static double Step(double dt, [Parameter("dt_bias", "d")] double bias, C c) => Min(Max(Softplus(dt + bias), c.Shortest), c.Longest);

    [Recurrence("b t g r p", State = "b g r p [n]")]           // h = exp(delta A) h + delta B u,  y = C h + D u, A a number for each head
    private static double StateSpaceDual(Span<double> h, [Axes("b t g r")] double delta, double u, [Axes("b t g n")] ReadOnlySpan<double> B, [Axes("b t g n")] ReadOnlySpan<double> C,
        [Parameter("A_log", "(g r)")] double aLog, [Parameter("D", "(g r)")] double D)
    {
        double y = D * u, decay = Exp(-delta * Exp(aLog));
        for (int n = 0; n < h.Length; n++)
        {
            h[n] = decay * h[n] + delta * B[n] * u;
            y += h[n] * C[n];
        }

        return y;
    }
}

[Block<C>, Defaults(Eps = nameof(C.Eps))]
[Residual, RmsNorm("norm"), Use<Mamba2Mixer>("mixer")]
public sealed partial class Mamba2Block;

[Model<C>("Mamba2ForCausalLM"), Defaults(Eps = nameof(C.Eps))]
[Embedding("backbone.embeddings", nameof(C.Vocab), nameof(C.Hidden))]
[Repeat<Mamba2Block>("backbone.layers", nameof(C.Layers)), RmsNorm("backbone.norm_f"), Output("hidden")]
[Head("lm_head", TiedTo = "backbone.embeddings", Tied = nameof(C.Tied)), Output("logits")]
[Keys("original", "backbone.embeddings=backbone.embedding")]
[Init("*.A_log", nameof(LogOfHead)), Init("*.D", nameof(One)), Group("*.A_log", Decay = 0), Group("*.D", Decay = 0), Group("*.dt_bias", Decay = 0)]
public sealed partial class Mamba2
{
    private static double LogOfHead(int head) => Log(head + 1);

    private static double One(int head) => 1;
}
