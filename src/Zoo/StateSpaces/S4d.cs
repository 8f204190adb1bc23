using System;
using System.Numerics;
using Dsl;
using Dsl.Runtime;
using static System.Math;
using static Dsl.ScalarMath;
using C = Zoo.StateSpaces.S4dConfig;

namespace Zoo.StateSpaces;

/// <summary>Diagonal state spaces (S4D, Gu et al. 2022, arXiv 2206.11893).</summary>
public sealed partial record S4dConfig(
    [Key("d_model"), Range(1)] int Hidden, [Key("n_layers"), Range(1)] int Layers, [Key("d_state"), Range(2)] int State = 64,
    [Key("dropout"), Range(0, 1)] double Drop = 0,
    [Key("prenorm")] bool PreNorm = false, [Key("disc")] string Discretisation = "zoh", [Key("init")] string Start = "lin")
{
    public int Half => State / 2;
    public int TwoHidden => 2 * Hidden;
    public bool Bilinear => Discretisation is "bilinear" or "zoh" ? Discretisation == "bilinear"
        : throw new ConfigException("config.json", $"disc is '{Discretisation}', expected 'zoh' or 'bilinear'");
}

[Block<C>, Axis("n", nameof(C.Half))]
[Init("kernel.log_dt", nameof(LogStep)), Init("kernel.log_A_real", nameof(LogReal)), Init("kernel.A_imag", nameof(Imaginary))]
[Init("kernel.C", 0.7071), Init("D", 1.0)]
[Apply(nameof(StateSpace)), As("y")]
[From("y", "x"), Apply(nameof(Skip)), Activate(Activation.Gelu), Dropout(nameof(C.Drop))]
[Linear("output_linear.0", nameof(C.TwoHidden), Bias = true, Stored = "out in 1"), Split("value", "gate")]
[From("value"), Gate("gate", Activation.Sigmoid)]
public sealed partial class S4dLayer
{
    [Recurrence("b t d", State = "b d [n]")]                   // linear with fixed coefficients: the convolution is derived from it
    private static double StateSpace(Span<Complex> s, double u, C c, [Parameter("kernel.log_dt", "d")] double logStep,
        [Parameter("kernel.log_A_real", "d n")] ReadOnlySpan<double> logReal, [Parameter("kernel.A_imag", "d n")] ReadOnlySpan<double> imaginary,
        [Parameter("kernel.C", "d n 2")] ReadOnlySpan<Complex> C)
    {
        double y = 0, step = Exp(logStep);
        for (int n = 0; n < s.Length; n++)
        {
            var A = new Complex(-Exp(logReal[n]), imaginary[n]);
            var dA = c.Bilinear ? (1 + step / 2 * A) / (1 - step / 2 * A) : Exp(step * A);             // else zero-order hold
            var dB = c.Bilinear ? step / (1 - step / 2 * A) : ExpM1(step * A) / A;                     // B = 1
            s[n] = dA * s[n] + dB * u;
            y += 2 * (C[n] * s[n]).Real;                       // n holds one of each conjugate pair
        }

        return y;
    }

    [Pointwise] private static double Skip(double y, double u, [Parameter("D", "d")] double D) => y + D * u;

    // S4D-Lin or S4D-Inv, with steps from 0.001 to 0.1, uniform in their logarithm.
    internal static double LogStep(double uniform) => Log(1e-3) + uniform * Log(100);
    private static double LogReal(int n) => Log(0.5);
    private static double Imaginary(int n, C c) => c.Start == "lin" ? PI * n : c.Start == "inv" ? c.State / PI * (c.State / (2.0 * n + 1) - 1)
        : throw new ConfigException("config.json", $"init is '{c.Start}', expected 'lin' or 'inv'");
}
