using System;
using Dsl;
using TorchSharp;
using static System.Math;
using static Dsl.ScalarMath;
using static TorchSharp.torch;
using C = Zoo.StateSpaces.MambaConfig;

namespace Zoo.StateSpaces;

/// <summary>Mamba (Gu and Dao 2023, arXiv 2312.00752): a state space whose step, input and output maps depend on the token.</summary>
[ModelType("mamba")]
[NoEffect("residual_in_fp32", "use_mambapy", "use_associative_scan", "fused_add_norm", "d_inner", "d_model", "n_layer", "pad_vocab_size_multiple")]
[Only("rms_norm", true)]
public sealed partial record MambaConfig(
    [Key("vocab_size"), Range(1)] int Vocab,
    [Key("hidden_size"), Range(1)] int Hidden,
    [Key("num_hidden_layers"), Range(1)] int Layers,
    [Key("intermediate_size"), Range(1)] int? InnerKey,
    [Key("time_step_rank"), Range(1)] int Rank,
    [Key("hidden_act")] Activation Act,
    [Key("state_size"), Range(1)] int State = 16,
    [Key("conv_kernel"), Range(1)] int Kernel = 4,
    [Key("layer_norm_epsilon"), Range(0)] double Eps = 1e-5,
    [Key("use_bias")] bool Bias = false,
    [Key("use_conv_bias")] bool ConvBias = true,
    [Key("tie_word_embeddings")] bool Tied = true,
    [Key("initializer_range"), Range(0)] double Deviation = 0.1,
    [Key("time_step_min"), Range(0, Above = true)] double StepMin = 0.001,
    [Key("time_step_max"), Range(0, Above = true)] double StepMax = 0.1,
    [Key("time_step_floor"), Range(0, Above = true)] double StepFloor = 1e-4,
    [Key("time_step_scale"), Range(0, Above = true)] double StepScale = 1,
    [Key("time_step_init_scheme")] string StepScheme = "random",
    [Key("rescale_prenorm_residual")] bool Rescaled = false,
    [Key("expand"), Range(1)] int Expand = 2)
{
    public int Inner => InnerKey ?? Expand * Hidden;
    public int TwoInner => 2 * Inner;
    public int Selection => Rank + 2 * State;
    public double OutBound => 1 / Sqrt(Rescaled ? (double)Inner * Layers : Inner);
}

[Block<C>]
[Init("A_log", nameof(LogOfPlace)), Init("D", nameof(One)), Init("*_proj.weight", nameof(Uniform)), Init("conv1d.*", nameof(UniformOfKernel))]
[Init("out_proj.weight", nameof(UniformOut)), Init("dt_proj.weight", nameof(StepWeight)), Init("dt_proj.bias", nameof(StepBias))]
[Linear("in_proj", nameof(C.TwoInner), Bias = nameof(C.Bias)), Split("u0", "z")]
[From("u0"), Conv("conv1d", nameof(C.Kernel), Bias = nameof(C.ConvBias)), Activate(nameof(C.Act)), As("u")]
[From("u"), Linear("x_proj", nameof(C.Selection)), Split("dt", nameof(C.Rank), "B", nameof(C.State), "C", nameof(C.State))]
[From("dt"), Linear("dt_proj", nameof(C.Inner), Bias = true), Activate(Activation.Softplus), As("delta")]
[From("delta", "u", "B", "C"), Apply(nameof(SelectiveScan)), Gate("z", nameof(C.Act)), Linear("out_proj", Bias = nameof(C.Bias))]
public sealed partial class MambaMixer
{
    [Recurrence("b t d", State = "b d [n]")]                   // h = exp(delta A) h + delta B u,  y = C h + D u
    private static double SelectiveScan(Span<double> h, double delta, double u, [Axes("b t n")] ReadOnlySpan<double> B, [Axes("b t n")] ReadOnlySpan<double> C,
        [Parameter("A_log", "d n")] ReadOnlySpan<double> aLog, [Parameter("D", "d")] double D)
    {
        double y = D * u, input = delta * u;
        for (int n = 0; n < h.Length; n++)
        {
            h[n] = Exp(-delta * Exp(aLog[n])) * h[n] + input * B[n];
            y += h[n] * C[n];
        }

        return y;
    }

    private static double LogOfPlace(int state) => Log(state + 1);
    private static double One(int channel) => 1;
    internal static void Uniform(Tensor weight) => Within(weight, 1 / Sqrt(weight.shape[1]));
    private static void UniformOut(Tensor weight, C c) => Within(weight, c.OutBound);
    private static void UniformOfKernel(Tensor weight, C c) => Within(weight, 1 / Sqrt(c.Kernel));
    internal static void Within(Tensor weight, double bound) => weight.uniform_(-bound, bound);

    private static double StepWeight(double uniform, C c)
    {
        double bound = c.StepScale / Sqrt(c.Rank);
        return c.StepScheme switch
        {
            "random" => bound * (2 * uniform - 1),
            "constant" => bound,
            _ => throw new ArgumentException($"time_step_init_scheme is '{c.StepScheme}', expected random or constant"),
        };
    }

    private static double StepBias(double uniform, C c) => BiasOfStep(uniform, c.StepMin, c.StepMax, c.StepFloor);

    internal static double BiasOfStep(double uniform, double shortest, double longest, double floor)
    {
        double step = Max(floor, Exp(uniform * (Log(longest) - Log(shortest)) + Log(shortest)));          // drawn evenly on a logarithmic scale
        return step + Log(-ExpM1(-step));                                                                  // the inverse of softplus
    }
}

[Block<C>, Defaults(Eps = nameof(C.Eps))]
[Residual, RmsNorm("norm"), Use<MambaMixer>("mixer")]
public sealed partial class MambaBlock;

[Model<C>("MambaForCausalLM"), TrainedBy("clm"), Defaults(Eps = nameof(C.Eps))]
[Embedding("backbone.embeddings", nameof(C.Vocab), nameof(C.Hidden))]
[Repeat<MambaBlock>("backbone.layers", nameof(C.Layers)), RmsNorm("backbone.norm_f"), Output("hidden")]
[Head("lm_head", TiedTo = "backbone.embeddings", Tied = nameof(C.Tied)), Output("logits")]
[Keys("original", "backbone.embeddings=backbone.embedding")]
[Init("backbone.embeddings.weight", nameof(C.Deviation)), Group("*.A_log", Decay = 0), Group("*.D", Decay = 0)]
public sealed partial class Mamba;
