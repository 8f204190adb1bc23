using System;
using System.Numerics;
using Dsl;
using static Dsl.ScalarMath;
using static System.Math;
using C = Zoo.StateSpaces.S4Config;

namespace Zoo.StateSpaces;

/// <summary>The small classifier of the S4 repository: one state space a channel (Gu et al. 2021, arXiv 2111.00396; S4D: arXiv 2206.11893).</summary>
[Only("layer", "S4D"), NoEffect("sequence_length")]
public sealed partial record S4Config(
    [Key("d_input")] int Input,
    [Key("d_model")] int Hidden = 256,
    [Key("d_output")] int Output = 10,
    [Key("n_layers")] int Layers = 4,
    [Key("d_state")] int State = 64,
    [Key("dropout")] double Drop = 0.2,
    [Key("prenorm")] bool PreNorm = false)
{
    public int Half => State / 2;
    public int TwoHidden => 2 * Hidden;
}

[Block<C>, Axis("n", nameof(C.Half))]
[Apply(nameof(StateSpace)), As("y")]
[From("y", "x"), Apply(nameof(Skip)), Activate(Activation.Gelu), Dropout(nameof(C.Drop)), Linear("output_linear.0", nameof(C.TwoHidden), Bias = true, Stored = "out in 1"), Split("value", "gate")]
[From("value"), Gate("gate", Activation.Sigmoid)]
public sealed partial class S4dLayer
{
    [Recurrence("b t d", State = "b d [n]")]                   // s = exp(dt A) s + (exp(dt A) - 1) / A u,  y = 2 Re(C s)
    private static double StateSpace(Span<Complex> s, double u, [Parameter("kernel.log_dt", "d")] double logStep, [Parameter("kernel.log_A_real", "d n")] ReadOnlySpan<double> logReal,
        [Parameter("kernel.A_imag", "d n")] ReadOnlySpan<double> imaginary, [Parameter("kernel.C", "d n 2")] ReadOnlySpan<Complex> C)
    {
        double y = 0;
        for (int n = 0; n < s.Length; n++)
        {
            var A = new Complex(-Exp(logReal[n]), imaginary[n]);
            var dA = Exp(logStep) * A;
            s[n] = Exp(dA) * s[n] + ExpM1(dA) / A * u;         // zero-order hold, B = 1
            y += 2 * (C[n] * s[n]).Real;                       // n holds one of each conjugate pair
        }

        return y;
    }

    [Pointwise] private static double Skip(double y, double u, [Parameter("D", "d")] double D) => y + D * u;
}

[Block<C>]
[When(nameof(C.PreNorm)), Residual, LayerNorm("norms.{layer}"), Use<S4dLayer>("s4_layers.{layer}"), Dropout(nameof(C.Drop))]
[Unless(nameof(C.PreNorm)), Residual, Use<S4dLayer>("s4_layers.{layer}"), Dropout(nameof(C.Drop))]
[Unless(nameof(C.PreNorm)), LayerNorm("norms.{layer}")]
public sealed partial class S4Block;

[Model<C>("S4Model")]
[Input("x", "b t i"), Axis("i", nameof(C.Input))]
[Linear("encoder", nameof(C.Hidden), Bias = true), Repeat<S4Block>("", nameof(C.Layers)), Pool("mean"), Linear("decoder", nameof(C.Output), Bias = true), Output("logits")]
public sealed partial class S4Model;
