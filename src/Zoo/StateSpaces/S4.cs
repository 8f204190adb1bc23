using System;
using System.Linq;
using System.Numerics;
using Dsl;
using Dsl.Runtime;
using static System.Math;
using static Dsl.ScalarMath;
using C = Zoo.StateSpaces.S4Config;

namespace Zoo.StateSpaces;

/// <summary>The small classifier of the S4 repository: a state space for each channel (Gu et al. 2021, arXiv 2111.00396).</summary>
[Extend<S4dConfig>, NoEffect("sequence_length")]
public sealed partial record S4Config([Key("d_input")] int Input, [Key("d_output")] int Output = 10, [Key("layer")] string Layer = "S4D")
{
    public Type Kind => Layer == "S4D" ? typeof(S4dLayer) : Layer.StartsWith("S4Block", StringComparison.Ordinal) ? typeof(S4Layer)
        : throw new ConfigException("config.json", $"layer is '{Layer}', expected 'S4D' or 'S4Block'");
}

[Block<C>, Axis("n", nameof(C.Half))]
[Init("layer.kernel.inv_dt", nameof(S4dLayer.LogStep)), Init("layer.kernel.A_real", nameof(Decay)), Init("layer.kernel.A_imag", nameof(Frequency))]
[Init("layer.kernel.B", nameof(InputMap)), Init("layer.kernel.P", nameof(Correction)), Init("layer.kernel.C", 0.7071), Init("layer.D", 1.0)]
[Apply(nameof(Step), Transfer = nameof(Kernel), Lengthen = nameof(Lengthen)), As("y")]
[From("y", "x"), Apply(nameof(Skip)), Activate(Activation.Gelu), Dropout(nameof(C.Drop)), Linear("output_linear.0", nameof(C.TwoHidden), Bias = true), Split("value", "gate")]
[From("value"), Gate("gate", Activation.Sigmoid)]
public sealed partial class S4Layer
{
    [Recurrence("b t d", State = "b d [n]")]                   // x' = (A - P P*) x + B u, bilinear; n holds one of each conjugate pair
    private static double Step(Span<Complex> s, double u, [Parameter("layer.kernel.inv_dt", "d 1")] double logStep, [Parameter("layer.kernel.A_real", "d n")] ReadOnlySpan<double> aReal,
        [Parameter("layer.kernel.A_imag", "d n")] ReadOnlySpan<double> aImag, [Parameter("layer.kernel.B", "1 d n 2")] ReadOnlySpan<Complex> B,
        [Parameter("layer.kernel.P", "1 d n 2")] ReadOnlySpan<Complex> P, [Derived] ReadOnlySpan<Complex> C)
    {
        double step = Exp(logStep), h = step / 2, p = 0, g = 0, t = 0, y = 0;
        for (int n = 0; n < s.Length; n++)
        {
            p += 2 * (Conj(P[n]) * s[n]).Real;
        }

        for (int n = 0; n < s.Length; n++)
        {
            var a = A(aReal[n], aImag[n]);
            s[n] = (s[n] + h * (a * s[n] - P[n] * p) + step * B[n] * u) / (1 - h * a);
        }

        for (int n = 0; n < s.Length; n++)
        {
            g += 2 * (Conj(P[n]) * P[n] / (1 - h * A(aReal[n], aImag[n]))).Real;
            t += 2 * (Conj(P[n]) * s[n]).Real;
        }

        for (int n = 0; n < s.Length; n++)
        {
            s[n] -= P[n] / (1 - h * A(aReal[n], aImag[n])) * h * t / (1 + h * g);
            y += 2 * (C[n] * s[n]).Real;
        }

        return y;
    }

    // C here is the file's C~, made for l_kernel nodes. Multiplied by 1 + w throughout, so that w = -1 is a node like any other.
    [Transfer("d", Nodes = "layer.kernel.l_kernel")]
    private static Complex Kernel(Complex w, double logStep, ReadOnlySpan<double> aReal, ReadOnlySpan<double> aImag, ReadOnlySpan<Complex> B, ReadOnlySpan<Complex> P,
        [Parameter("layer.kernel.C", "1 d n 2")] ReadOnlySpan<Complex> C)
    {
        Complex cb = 0, cp = 0, pb = 0, pp = 0;
        double step = Exp(logStep);
        for (int n = 0; n < C.Length; n++)
        {
            var a = step * A(aReal[n], aImag[n]);
            cb += Cauchy(step * C[n] * B[n], a, w);
            cp += Cauchy(step * C[n] * P[n], a, w);
            pb += Cauchy(step * Conj(P[n]) * B[n], a, w);
            pp += Cauchy(step * Conj(P[n]) * P[n], a, w);
        }

        return 2 * (cb - (1 + w) * cp * pb / (1 + (1 + w) * pp));
    }

    private static Complex A(double real, double imaginary) => new(-Exp(real), -imaginary);
    private static Complex Cauchy(Complex v, Complex a, Complex w) => v / (2 * (1 - w) - a * (1 + w)) + Conj(v) / (2 * (1 - w) - Conj(a) * (1 + w));

    // C~ = C (I - Ab^L), and back.
    internal static void Lengthen(Span<Complex> C, int from, int to, double logStep, ReadOnlySpan<double> aReal, ReadOnlySpan<double> aImag, ReadOnlySpan<Complex> P) =>
        LowRank.Lengthen(C, from, to, Exp(logStep), [.. aReal.ToArray().Zip(aImag.ToArray(), A)], P.ToArray());

    [Pointwise] private static double Skip(double y, double u, [Parameter("layer.D", "1 d")] double D) => y + D * u;

    private static double Decay(int n, C c) => Log(-Hippo.Nplr(c.State).Lambda[n].Real);
    private static double Frequency(int n, C c) => -Hippo.Nplr(c.State).Lambda[n].Imaginary;
    private static double InputMap(int n, int part, C c) => Part(Hippo.Nplr(c.State).B[n], part);
    private static double Correction(int n, int part, C c) => Part(Hippo.Nplr(c.State).P[n], part);
    private static double Part(Complex x, int part) => part == 0 ? x.Real : x.Imaginary;
}

[Block<C>]
[When(nameof(C.PreNorm)), Residual, LayerNorm("norms.{layer}"), Use<S4dLayer, S4Layer>("s4_layers.{layer}", By = nameof(C.Kind)), Dropout(nameof(C.Drop))]
[Unless(nameof(C.PreNorm)), Residual, Use<S4dLayer, S4Layer>("s4_layers.{layer}", By = nameof(C.Kind)), Dropout(nameof(C.Drop))]
[Unless(nameof(C.PreNorm)), LayerNorm("norms.{layer}")]
public sealed partial class S4Block;

[Model<C>("S4Model")]
[Input("x", "b t i"), Axis("i", nameof(C.Input))]
[Linear("encoder", nameof(C.Hidden), Bias = true), Repeat<S4Block>("", nameof(C.Layers)), Pool("mean"), Linear("decoder", nameof(C.Output), Bias = true), Output("logits")]
public sealed partial class S4Model;
