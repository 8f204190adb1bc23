using System;
using Dsl;
using static System.Math;
using static Dsl.ScalarMath;
using C = Zoo.StateSpaces.MambaConfig;

namespace Zoo.StateSpaces;

/// <summary>Mamba (Gu and Dao 2023, arXiv 2312.00752): a state space whose step, input and output maps depend on the token.</summary>
[NoEffect("time_step_min", "time_step_max", "time_step_floor", "time_step_scale", "time_step_init_scheme", "rescale_prenorm_residual", "residual_in_fp32", "expand", "use_mambapy", "use_associative_scan")]
public sealed partial record MambaConfig(
    [Key("vocab_size")] int Vocab,
    [Key("hidden_size")] int Hidden,
    [Key("num_hidden_layers")] int Layers,
    [Key("intermediate_size")] int Inner,
    [Key("time_step_rank")] int Rank,
    [Key("hidden_act")] Activation Act,
    [Key("state_size")] int State = 16,
    [Key("conv_kernel")] int Kernel = 4,
    [Key("layer_norm_epsilon")] double Eps = 1e-5,
    [Key("use_bias")] bool Bias = false,
    [Key("use_conv_bias")] bool ConvBias = true,
    [Key("tie_word_embeddings")] bool Tied = true)
{
    public int TwoInner => 2 * Inner;
    public int Selection => Rank + 2 * State;
}

[Block<C>]
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
        double y = D * u;
        for (int n = 0; n < h.Length; n++)
        {
            h[n] = Exp(-delta * Exp(aLog[n])) * h[n] + delta * B[n] * u;
            y += h[n] * C[n];
        }

        return y;
    }
}

[Block<C>, Defaults(Eps = nameof(C.Eps))]
[Residual, RmsNorm("norm"), Use<MambaMixer>("mixer")]
public sealed partial class MambaBlock;

[Model<C>("MambaForCausalLM"), Defaults(Eps = nameof(C.Eps))]
[Embedding("backbone.embeddings", nameof(C.Vocab), nameof(C.Hidden))]
[Repeat<MambaBlock>("backbone.layers", nameof(C.Layers)), RmsNorm("backbone.norm_f"), Output("hidden")]
[Head("lm_head", TiedTo = "backbone.embeddings", Tied = nameof(C.Tied)), Output("logits")]
[Keys("original", "backbone.embeddings=backbone.embedding")]
[Init("*.A_log", nameof(LogOfPlace)), Init("*.D", nameof(One)), Group("*.A_log", Decay = 0), Group("*.D", Decay = 0)]
public sealed partial class Mamba
{
    private static double LogOfPlace(int channel, int state) => Log(state + 1);

    private static double One(int channel) => 1;
}
