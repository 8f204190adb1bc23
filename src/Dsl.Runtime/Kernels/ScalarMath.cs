using System;
using System.Numerics;

namespace Dsl;

/// <summary>
/// What <see cref="Math"/> lacks and scalar functions may use: <c>using static System.Math; using static Dsl.ScalarMath;</c>. All in double,
/// to rounding; kernels compute the same functions in the tensors' own type.
/// </summary>
public static class ScalarMath
{
    // Coefficients of the rational approximations of erf and erfc by W. J. Cody, Mathematics of Computation 23 (1969) 631-637.
    private static readonly double[] ErfP =
        [3.16112374387056560e00, 1.13864154151050156e02, 3.77485237685302021e02, 3.20937758913846947e03, 1.85777706184603153e-1];
    private static readonly double[] ErfQ = [2.36012909523441209e01, 2.44024637934444173e02, 1.28261652607737228e03, 2.84423683343917062e03];
    private static readonly double[] ErfcP =
    [
        5.64188496988670089e-1, 8.88314979438837594e0, 6.61191906371416295e01, 2.98635138197400131e02, 8.81952221241769090e02,
        1.71204761263407058e03, 2.05107837782607147e03, 1.23033935479799725e03, 2.15311535474403846e-8,
    ];

    private static readonly double[] ErfcQ =
    [
        1.57449261107098347e01, 1.17693950891312499e02, 5.37181101862009858e02, 1.62138957456669019e03, 3.29079923573345963e03,
        4.36261909014324716e03, 3.43936767414372164e03, 1.23033935480374942e03,
    ];

    private static readonly double[] TailP =
        [3.05326634961232344e-1, 3.60344899949804439e-1, 1.25781726111229246e-1, 1.60837851487422766e-2, 6.58749161529837803e-4, 1.63153871373020978e-2];

    private static readonly double[] TailQ =
        [2.56852019228982242e00, 1.87295284992346725e00, 5.27905102951428412e-1, 6.05183413124413191e-2, 2.33520497626869185e-3];

    /// <summary>1 / (1 + exp(-x)).</summary>
    public static double Sigmoid(double x)
    {
        var e = Math.Exp(-Math.Abs(x));
        return x >= 0 ? 1 / (1 + e) : e / (1 + e);
    }

    /// <summary>log(1 + exp(x)), which is x to rounding where x is large.</summary>
    public static double Softplus(double x) => Math.Max(x, 0) + Log1P(Math.Exp(-Math.Abs(x)));

    /// <summary>2 / sqrt(pi) times the integral of exp(-t*t) from 0 to x.</summary>
    public static double Erf(double x)
    {
        var magnitude = Math.Abs(x);
        if (double.IsNaN(x))
        {
            return x;
        }

        if (magnitude <= 0.46875)
        {
            var z = magnitude < 1e-150 ? 0 : x * x;
            var p = ErfP[4] * z;
            var q = z;
            for (var i = 0; i < 3; i++)
            {
                p = (p + ErfP[i]) * z;
                q = (q + ErfQ[i]) * z;
            }

            return x * (p + ErfP[3]) / (q + ErfQ[3]);
        }

        var rest = magnitude > 6 ? 0 : Erfc(magnitude);
        return x > 0 ? 1 - rest : rest - 1;
    }

    /// <summary>The value of x, through which no gradient flows: for a maximum that is only there for stability.</summary>
    public static double Detach(double x) => x;

    /// <summary>The value of x, through which no gradient flows.</summary>
    public static Complex Detach(Complex x) => x;

    /// <summary>exp(x) - 1 without cancellation near 0.</summary>
    public static double ExpM1(double x)
    {
        if (Math.Abs(x) > 0.5)
        {
            return Math.Exp(x) - 1;
        }

        // 2 exp(x/2) sinh(x/2), with sinh summed by its series: every term has one sign.
        var half = x / 2;
        var square = half * half;
        var sum = half;
        var term = half;
        for (var n = 2; n <= 16; n += 2)
        {
            term *= square / (n * (n + 1));
            sum += term;
        }

        return 2 * Math.Exp(half) * sum;
    }

    /// <summary>log(1 + x) without cancellation near 0.</summary>
    public static double Log1P(double x)
    {
        // W. Kahan's correction: the rounding of 1 + x cancels.
        var sum = 1 + x;
        return sum == 1 ? x : double.IsInfinity(sum) || sum <= 0 ? Math.Log(sum) : Math.Log(sum) * (x / (sum - 1));
    }

    /// <summary>The complex exponential.</summary>
    public static Complex Exp(Complex x) => Complex.Exp(x);

    /// <summary>exp(x) - 1 without cancellation near 0.</summary>
    public static Complex ExpM1(Complex x)
    {
        // (e^a - 1) cos b + (cos b - 1) + i e^a sin b, with cos b - 1 = -2 sin^2(b/2).
        var half = Math.Sin(x.Imaginary / 2);
        return new Complex((ExpM1(x.Real) * Math.Cos(x.Imaginary)) - (2 * half * half), Math.Exp(x.Real) * Math.Sin(x.Imaginary));
    }

    /// <summary>The complex conjugate.</summary>
    public static Complex Conj(Complex x) => Complex.Conjugate(x);

    private static double Erfc(double x)
    {
        double result;
        if (x <= 4)
        {
            var p = ErfcP[8] * x;
            var q = x;
            for (var i = 0; i < 7; i++)
            {
                p = (p + ErfcP[i]) * x;
                q = (q + ErfcQ[i]) * x;
            }

            result = (p + ErfcP[7]) / (q + ErfcQ[7]);
        }
        else
        {
            var z = 1 / (x * x);
            var p = TailP[5] * z;
            var q = z;
            for (var i = 0; i < 4; i++)
            {
                p = (p + TailP[i]) * z;
                q = (q + TailQ[i]) * z;
            }

            result = z * (p + TailP[4]) / (q + TailQ[4]);
            result = (0.56418958354775628695 - result) / x;
        }

        var square = Math.Truncate(x * 16) / 16;
        return Math.Exp(-square * square) * Math.Exp(-(x - square) * (x + square)) * result;
    }
}
