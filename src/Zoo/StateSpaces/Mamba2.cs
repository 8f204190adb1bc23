using System;
using Dsl;
using Dsl.Runtime;
using TorchSharp;
using static System.Math;
using static Dsl.ScalarMath;
using static TorchSharp.torch;
using C = Zoo.StateSpaces.Mamba2Config;

namespace Zoo.StateSpaces;

/// <summary>Mamba-2 (Dao and Gu 2024, arXiv 2405.21060): one decay for each head, input and output maps shared by the heads of a group.</summary>
[ModelType("mamba2"), NoEffect("time_step_rank", "residual_in_fp32", "chunk_size", "norm_before_gate", "intermediate_size", "time_step_init_scheme",
    "time_step_scale"), Only("rms_norm", true)]
public sealed partial record Mamba2Config(
    [Key("vocab_size"), Range(1)] int Vocab, [Key("hidden_size"), Range(1)] int Hidden, [Key("num_hidden_layers"), Range(1)] int Layers,
    [Key("num_heads"), Range(1)] int Heads,
    [Key("head_dim"), Range(1)] int HeadDim = 64, [Key("n_groups"), Range(1)] int Groups = 8, [Key("state_size"), Range(1)] int State = 128,
    [Key("conv_kernel"), Range(1)] int Kernel = 4,
    [Key("layer_norm_epsilon"), Range(0)] double Eps = 1e-5, [Key("time_step_limit")] double[]? StepLimit = null, [Key("hidden_act")] Activation? ActKey = null,
    [Key("use_bias")] bool Bias = false, [Key("use_conv_bias")] bool ConvBias = true, [Key("tie_word_embeddings")] bool Tied = false,
    [Key("expand"), Range(1)] int Expand = 2, [Key("initializer_range"), Range(0)] double Deviation = 0.1,
    [Key("time_step_min"), Range(0, Above = true)] double StepMin = 0.001,
    [Key("time_step_max"), Range(0, Above = true)] double StepMax = 0.1, [Key("time_step_floor"), Range(0, Above = true)] double StepFloor = 1e-4,
    [Key("rescale_prenorm_residual")] bool Rescaled = false)
{
    public int Inner => Heads * HeadDim;
    public int Mapped => Groups * State;
    public int Convolved => Inner + 2 * Mapped;
    public int Projected => Expand * Hidden == Inner ? Inner + Convolved + Heads : throw new ConfigException("config.json",
        $"expand {Expand} times hidden_size {Hidden} is {Expand * Hidden}, expected num_heads {Heads} times head_dim {HeadDim}, which is {Inner}");
    public int PerGroup => Heads / Groups;
    public Activation Act => ActKey ?? Activation.Silu;
    public double OutBound => 1 / Sqrt(Rescaled ? (double)Inner * Layers : Inner);
    public double Shortest => StepLimit is null ? 0 : StepLimit is [var least, _] ? least : throw new ConfigException("config.json",
        $"time_step_limit has {StepLimit.Length} numbers, expected two: the shortest step and the longest");
    public double Longest => StepLimit is [_, var most] ? most : double.PositiveInfinity;
}

[Block<C>, Defaults(Eps = nameof(C.Eps), Bias = nameof(C.Bias))]
[Init("A_log", nameof(LogRate)), Init("D", nameof(One)), Init("dt_bias", nameof(StepBias)), Init("conv1d.*", nameof(UniformOfKernel))]
[Init("in_proj.weight", nameof(MambaMixer.Uniform)), Init("out_proj.weight", nameof(UniformOut))]
[Linear("in_proj", nameof(C.Projected)), Split("z", nameof(C.Inner), "uBC", nameof(C.Convolved), "dt", nameof(C.Heads))]
[From("uBC"), Conv("conv1d", nameof(C.Kernel), Bias = nameof(C.ConvBias)), Activate(nameof(C.Act))]
[Split("u0", nameof(C.Inner), "B0", nameof(C.Mapped), "C0", nameof(C.Mapped))]
[From("u0"), Rearrange("b t (g r p) -> b t g r p", "g", nameof(C.Groups), "r", nameof(C.PerGroup), "p", nameof(C.HeadDim)), As("u")]
[From("B0"), Rearrange("b t (g n) -> b t g n", "g", nameof(C.Groups)), As("B")]
[From("C0"), Rearrange("b t (g n) -> b t g n", "g", nameof(C.Groups)), As("C")]
[From("dt"), Apply(nameof(Step)), Rearrange("b t (g r) -> b t g r", "g", nameof(C.Groups), "r", nameof(C.PerGroup)), As("delta")]
[From("delta", "u", "B", "C"), Apply(nameof(StateSpaceDual)), Rearrange("b t g r p -> b t (g r p)"), Gate("z", Activation.Silu)]
[Rearrange("b t (g c) -> b t g c", "g", nameof(C.Groups)), RmsNorm("norm", Stored = "(g c)"), Merge, Linear("out_proj")]
public sealed partial class Mamba2Mixer
{
    [Pointwise] private static double Step(double dt, [Parameter("dt_bias", "d")] double bias, C c) => Min(Max(Softplus(dt + bias), c.Shortest), c.Longest);

    [Recurrence("b t g r p", State = "b g r p [n]")]           // h = exp(delta A) h + delta B u,  y = C h + D u, A a number for each head
    private static double StateSpaceDual(Span<double> h, [Axes("b t g r")] double delta, double u, [Axes("b t g n")] ReadOnlySpan<double> B,
        [Axes("b t g n")] ReadOnlySpan<double> C, [Parameter("A_log", "(g r)")] double aLog, [Parameter("D", "(g r)")] double D)
    {
        double y = D * u, decay = Exp(-delta * Exp(aLog));
        for (int n = 0; n < h.Length; n++)
        {
            h[n] = decay * h[n] + delta * B[n] * u;
            y += h[n] * C[n];
        }

        return y;
    }

    private static double LogRate(double uniform) => Log(1 + 15 * uniform);                            // A from -1 to -16
    private static double One(int head) => 1;
    private static double StepBias(double uniform, C c) => MambaMixer.BiasOfStep(uniform, c.StepMin, c.StepMax, c.StepFloor);
    private static void UniformOfKernel(Tensor weight, C c) => MambaMixer.Within(weight, 1 / Sqrt(c.Kernel));
    private static void UniformOut(Tensor weight, C c) => MambaMixer.Within(weight, c.OutBound);
}

[Block<C>, Defaults(Eps = nameof(C.Eps))]
[Residual, RmsNorm("norm"), Use<Mamba2Mixer>("mixer")]
public sealed partial class Mamba2Block;

[Model<C>("Mamba2ForCausalLM"), Defaults(Eps = nameof(C.Eps))]
[Embedding("backbone.embeddings", nameof(C.Vocab), nameof(C.Hidden))]
[Repeat<Mamba2Block>("backbone.layers", nameof(C.Layers)), RmsNorm("backbone.norm_f"), Output("hidden")]
[Head("lm_head", TiedTo = "backbone.embeddings", Tied = nameof(C.Tied)), Output("logits")]
[Keys("original", "backbone.embeddings=backbone.embedding")]
[Init("backbone.embeddings.weight", nameof(C.Deviation)), Group("*.A_log", Decay = 0), Group("*.D", Decay = 0), Group("*.dt_bias", Decay = 0)]
public sealed partial class Mamba2;
