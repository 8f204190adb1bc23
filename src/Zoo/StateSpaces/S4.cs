using System;
using System.Linq;
using System.Numerics;
using Dsl;
using static System.Math;
using static Dsl.ScalarMath;
using C = Zoo.StateSpaces.S4Config;

namespace Zoo.StateSpaces;

/// <summary>Structured state spaces (S4, Gu et al. 2021, arXiv 2111.00396): x' = (Lambda - P P*) x + B u, begun as HiPPO-LegS. Each channel has a
/// Lambda, B and P of its own; files in which channels share them (n_ssm rows, of which channel h has row h mod n_ssm) do not fit and are refused.</summary>
[Block<C>, Axis("n", nameof(C.Half))]
[Init("layer.kernel.inv_dt", nameof(S4dLayer.LogStep)), Init("layer.kernel.A_real", nameof(Hippo.Decay)), Init("layer.kernel.A_imag", nameof(Hippo.Frequency))]
[Init("layer.kernel.B", nameof(Hippo.InputMap)), Init("layer.kernel.P", nameof(Hippo.Correction)), Init("layer.kernel.C", 0.7071), Init("layer.D", 1.0)]
[Apply(nameof(Step), Transfer = nameof(Kernel), Lengthen = nameof(Lengthen)), As("y")]
[From("y", "x"), Apply(nameof(Skip)), Activate(Activation.Gelu), Dropout(nameof(C.Drop))]
[Linear("output_linear.0", nameof(C.TwoHidden), Bias = true), Split("value", "gate")]
[From("value"), Gate("gate", Activation.Sigmoid)]
public sealed partial class S4Layer
{
    // The bilinear rule: (I - h A) s' = (I + h A) s + step B u. Its diagonal part R = (I - h Lambda)^-1 first, then P P* by Woodbury's identity.
    [Recurrence("b t d", State = "b d [n]")]                   // n holds one of each conjugate pair
    private static double Step(Span<Complex> s, double u, [Parameter("layer.kernel.inv_dt", "d 1")] double logStep,
        [Parameter("layer.kernel.A_real", "d n")] ReadOnlySpan<double> aReal, [Parameter("layer.kernel.A_imag", "d n")] ReadOnlySpan<double> aImag,
        [Parameter("layer.kernel.B", "1 d n 2")] ReadOnlySpan<Complex> B, [Parameter("layer.kernel.P", "1 d n 2")] ReadOnlySpan<Complex> P,
        [Derived] ReadOnlySpan<Complex> C)
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
            g += 2 * (Conj(P[n]) * P[n] / (1 - h * a)).Real;
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
    private static Complex Kernel(Complex w, double logStep, ReadOnlySpan<double> aReal, ReadOnlySpan<double> aImag, ReadOnlySpan<Complex> B,
        ReadOnlySpan<Complex> P, [Parameter("layer.kernel.C", "1 d n 2")] ReadOnlySpan<Complex> C)
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

    internal static void Lengthen(Span<Complex> C, int from, int to, double logStep, ReadOnlySpan<double> aReal, ReadOnlySpan<double> aImag,
        ReadOnlySpan<Complex> P) => LowRank.Lengthen(C, from, to, Exp(logStep), [.. aReal.ToArray().Zip(aImag.ToArray(), A)], P.ToArray());

    [Pointwise] private static double Skip(double y, double u, [Parameter("layer.D", "1 d")] double D) => y + D * u;
}
