using System;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace Dsl.Runtime;

/// <summary>
/// Mathematics on the lanes of a vector of float or double. Errors over the whole range, tested, in units in the last place: in float Exp 1.4, Sigmoid,
/// ExpM1 and Log1P 3, Softplus 4, Tanh 4.5, Log, Sin and Cos 2 (up to 1e5); in double Exp, Log, Sin and Cos 2, Sigmoid and Log1P 4, Tanh 5, ExpM1 and
/// Softplus 6. What has no vector form of its own is computed lane by lane in double. Infinities and NaN come out as from <see cref="Math"/>.
/// </summary>
public static class Lanes
{
    /// <summary>One number in all lanes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<T> Of<T>(double x)
        where T : unmanaged => typeof(T) == typeof(float) ? Vector.As<float, T>(new Vector<float>((float)x)) : Vector.As<double, T>(new Vector<double>(x));

    /// <summary>A condition that is the same in all lanes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<T> All<T>(bool holds)
        where T : unmanaged => holds ? Vector<T>.AllBitsSet : Vector<T>.Zero;

    /// <summary>Lane by lane, one or the other.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<T> Select<T>(Vector<T> condition, Vector<T> yes, Vector<T> no)
        where T : unmanaged => Vector.ConditionalSelect(condition, yes, no);

    /// <summary>left &lt; right.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<T> Less<T>(Vector<T> left, Vector<T> right)
        where T : unmanaged => Vector.LessThan(left, right);

    /// <summary>left &lt;= right.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<T> LessOrEqual<T>(Vector<T> left, Vector<T> right)
        where T : unmanaged => Vector.LessThanOrEqual(left, right);

    /// <summary>left &gt; right.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<T> Greater<T>(Vector<T> left, Vector<T> right)
        where T : unmanaged => Vector.GreaterThan(left, right);

    /// <summary>left &gt;= right.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<T> GreaterOrEqual<T>(Vector<T> left, Vector<T> right)
        where T : unmanaged => Vector.GreaterThanOrEqual(left, right);

    /// <summary>left == right.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<T> Equal<T>(Vector<T> left, Vector<T> right)
        where T : unmanaged => Vector.Equals(left, right);

    /// <summary>left != right.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<T> NotEqual<T>(Vector<T> left, Vector<T> right)
        where T : unmanaged => ~Vector.Equals(left, right);

    /// <summary>The larger; NaN where one is.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<T> Max<T>(Vector<T> left, Vector<T> right)
        where T : unmanaged => Vector.ConditionalSelect(Vector.GreaterThanOrEqual(left, right) | ~Vector.Equals(left, left), left, right);

    /// <summary>The smaller; NaN where one is.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<T> Min<T>(Vector<T> left, Vector<T> right)
        where T : unmanaged => Vector.ConditionalSelect(Vector.LessThanOrEqual(left, right) | ~Vector.Equals(left, left), left, right);

    /// <summary>The magnitude.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<T> Abs<T>(Vector<T> x)
        where T : unmanaged => Vector.Abs(x);

    /// <summary>-1, 0 or 1.</summary>
    public static Vector<T> Sign<T>(Vector<T> x)
        where T : unmanaged => Select(Greater(x, Vector<T>.Zero), Vector<T>.One, Select(Less(x, Vector<T>.Zero), -Vector<T>.One, x));

    /// <summary>left * right + addend, rounded once where the machine has an instruction for it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<T> MultiplyAdd<T>(Vector<T> left, Vector<T> right, Vector<T> addend)
        where T : unmanaged => typeof(T) == typeof(float)
            ? Vector.As<float, T>(Vector.MultiplyAddEstimate(Vector.As<T, float>(left), Vector.As<T, float>(right), Vector.As<T, float>(addend)))
            : Vector.As<double, T>(Vector.MultiplyAddEstimate(Vector.As<T, double>(left), Vector.As<T, double>(right), Vector.As<T, double>(addend)));

    /// <summary>The square root.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<T> Sqrt<T>(Vector<T> x)
        where T : unmanaged => Vector.SquareRoot(x);

    /// <summary>The value, through which no gradient flows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<T> Detach<T>(Vector<T> x)
        where T : unmanaged => x;

    /// <summary>The exponential.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<T> Exp<T>(Vector<T> x)
        where T : unmanaged => typeof(T) == typeof(float)
            ? Vector.As<float, T>(Exp(Vector.As<T, float>(x)))
            : Vector.As<double, T>(Vector.Exp(Vector.As<T, double>(x)));

    /// <summary>The natural logarithm.</summary>
    public static Vector<T> Log<T>(Vector<T> x)
        where T : unmanaged => typeof(T) == typeof(float)
            ? Vector.As<float, T>(Vector.Log(Vector.As<T, float>(x)))
            : Vector.As<double, T>(Vector.Log(Vector.As<T, double>(x)));

    /// <summary>The sine.</summary>
    public static Vector<T> Sin<T>(Vector<T> x)
        where T : unmanaged => typeof(T) == typeof(float)
            ? Vector.As<float, T>(Vector.Sin(Vector.As<T, float>(x)))
            : Vector.As<double, T>(Vector.Sin(Vector.As<T, double>(x)));

    /// <summary>The cosine.</summary>
    public static Vector<T> Cos<T>(Vector<T> x)
        where T : unmanaged => typeof(T) == typeof(float)
            ? Vector.As<float, T>(Vector.Cos(Vector.As<T, float>(x)))
            : Vector.As<double, T>(Vector.Cos(Vector.As<T, double>(x)));

    /// <summary>1 / (1 + exp(-x)).</summary>
    public static Vector<T> Sigmoid<T>(Vector<T> x)
        where T : unmanaged
    {
        Vector<T> e = Exp(-Vector.Abs(x));
        Vector<T> share = Vector<T>.One / (Vector<T>.One + e);
        return Select(Less(x, Vector<T>.Zero), e * share, share);
    }

    /// <summary>log(1 + exp(x)).</summary>
    public static Vector<T> Softplus<T>(Vector<T> x)
        where T : unmanaged => Max(x, Vector<T>.Zero) + Log1P(Exp(-Vector.Abs(x)));

    /// <summary>log(1 + x) without cancellation near 0.</summary>
    public static Vector<T> Log1P<T>(Vector<T> x)
        where T : unmanaged
    {
        // W. Kahan's correction: the rounding of 1 + x cancels.
        Vector<T> sum = Vector<T>.One + x;
        Vector<T> log = Log(sum);
        Vector<T> corrected = log * (x / (sum - Vector<T>.One));
        Vector<T> special = Vector.Equals(sum, Vector<T>.One);
        Vector<T> infinite = Vector.Equals(sum, Of<T>(double.PositiveInfinity)) | LessOrEqual(sum, Vector<T>.Zero);
        return Select(special, x, Select(infinite, log, corrected));
    }

    /// <summary>exp(x) - 1 without cancellation near 0.</summary>
    public static Vector<T> ExpM1<T>(Vector<T> x)
        where T : unmanaged
    {
        // 2 exp(x/2) sinh(x/2) where |x| is at most 1, with sinh summed by its series: every term has one sign.
        Vector<T> half = x * Of<T>(0.5);
        Vector<T> square = half * half;
        Vector<T> series = Of<T>(1.0 / 355687428096000);
        series = (series * square) + Of<T>(1.0 / 1307674368000);
        series = (series * square) + Of<T>(1.0 / 6227020800);
        series = (series * square) + Of<T>(1.0 / 39916800);
        series = (series * square) + Of<T>(1.0 / 362880);
        series = (series * square) + Of<T>(1.0 / 5040);
        series = (series * square) + Of<T>(1.0 / 120);
        series = (series * square) + Of<T>(1.0 / 6);
        Vector<T> sinh = half + (half * square * series);
        Vector<T> near = (Exp(half) * sinh) + (Exp(half) * sinh);
        return Select(LessOrEqual(Vector.Abs(x), Vector<T>.One), near, Exp(x) - Vector<T>.One);
    }

    /// <summary>The hyperbolic tangent.</summary>
    public static Vector<T> Tanh<T>(Vector<T> x)
        where T : unmanaged
    {
        // (e - 1) / (e + 1) with e = exp(2 |x|), which is 1 to rounding above 20.
        Vector<T> magnitude = Min(Vector.Abs(x), Of<T>(20));
        Vector<T> e = ExpM1(magnitude + magnitude);
        Vector<T> tanh = e / (e + Of<T>(2));
        return Select(Less(x, Vector<T>.Zero), -tanh, tanh);
    }

    /// <summary>Towards minus infinity.</summary>
    public static Vector<T> Floor<T>(Vector<T> x)
        where T : unmanaged => typeof(T) == typeof(float)
            ? Vector.As<float, T>(Vector.Floor(Vector.As<T, float>(x)))
            : Vector.As<double, T>(Vector.Floor(Vector.As<T, double>(x)));

    /// <summary>Towards plus infinity.</summary>
    public static Vector<T> Ceiling<T>(Vector<T> x)
        where T : unmanaged => -Floor(-x);

    /// <summary>To the nearest whole number, halves to even.</summary>
    public static Vector<T> Round<T>(Vector<T> x)
        where T : unmanaged => Each(x, Math.Round);

    /// <summary>Towards zero.</summary>
    public static Vector<T> Truncate<T>(Vector<T> x)
        where T : unmanaged => Select(Less(x, Vector<T>.Zero), Ceiling(x), Floor(x));

    /// <summary>The remainder with the sign of the left operand, as in C#.</summary>
    public static Vector<T> Remainder<T>(Vector<T> left, Vector<T> right)
        where T : unmanaged => Each(left, right, (a, b) => a % b);

    /// <summary>A power.</summary>
    public static Vector<T> Pow<T>(Vector<T> x, Vector<T> exponent)
        where T : unmanaged => Each(x, exponent, Math.Pow);

    /// <summary>The angle of (x, y).</summary>
    public static Vector<T> Atan2<T>(Vector<T> y, Vector<T> x)
        where T : unmanaged => Each(y, x, Math.Atan2);

    /// <summary>The base 2 logarithm.</summary>
    public static Vector<T> Log2<T>(Vector<T> x)
        where T : unmanaged => Each(x, Math.Log2);

    /// <summary>The base 10 logarithm.</summary>
    public static Vector<T> Log10<T>(Vector<T> x)
        where T : unmanaged => Each(x, Math.Log10);

    /// <summary>The cube root.</summary>
    public static Vector<T> Cbrt<T>(Vector<T> x)
        where T : unmanaged => Each(x, Math.Cbrt);

    /// <summary>The hyperbolic sine.</summary>
    public static Vector<T> Sinh<T>(Vector<T> x)
        where T : unmanaged => Each(x, Math.Sinh);

    /// <summary>The hyperbolic cosine.</summary>
    public static Vector<T> Cosh<T>(Vector<T> x)
        where T : unmanaged => Each(x, Math.Cosh);

    /// <summary>The tangent.</summary>
    public static Vector<T> Tan<T>(Vector<T> x)
        where T : unmanaged => Each(x, Math.Tan);

    /// <summary>The arc sine.</summary>
    public static Vector<T> Asin<T>(Vector<T> x)
        where T : unmanaged => Each(x, Math.Asin);

    /// <summary>The arc cosine.</summary>
    public static Vector<T> Acos<T>(Vector<T> x)
        where T : unmanaged => Each(x, Math.Acos);

    /// <summary>The arc tangent.</summary>
    public static Vector<T> Atan<T>(Vector<T> x)
        where T : unmanaged => Each(x, Math.Atan);

    /// <summary>The inverse hyperbolic sine.</summary>
    public static Vector<T> Asinh<T>(Vector<T> x)
        where T : unmanaged => Each(x, Math.Asinh);

    /// <summary>The inverse hyperbolic cosine.</summary>
    public static Vector<T> Acosh<T>(Vector<T> x)
        where T : unmanaged => Each(x, Math.Acosh);

    /// <summary>The inverse hyperbolic tangent.</summary>
    public static Vector<T> Atanh<T>(Vector<T> x)
        where T : unmanaged => Each(x, Math.Atanh);

    /// <summary>The error function.</summary>
    public static Vector<T> Erf<T>(Vector<T> x)
        where T : unmanaged => Each(x, ScalarMath.Erf);

    // 2^n p(r) with x = n ln 2 + r, |r| at most ln 2 / 2; p interpolates at Chebyshev's nodes. Where every result is a normal number, n is added to p's
    // exponent; elsewhere the power of two goes on in two factors, so that results below the normal range are rounded once. No calls: they would cost a
    // kernel its registers.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<float> Exp(Vector<float> x)
    {
        if (Vector.LessThanOrEqualAll(Vector.Abs(x), new Vector<float>(87f)))
        {
            Vector<float> near = Vector.MultiplyAddEstimate(x, new Vector<float>(1.44269504f), new Vector<float>(12582912f));
            return Vector.AsVectorSingle(Vector.AsVectorInt32(ExpOfRest(x, near)) + (Vector.AsVectorInt32(near) << 23));
        }

        // NaN, the second operand, passes through both bounds.
        Vector<float> bounded = Vector.MinNative(new Vector<float>(89f), Vector.MaxNative(new Vector<float>(-104f), x));
        Vector<float> shifted = Vector.MultiplyAddEstimate(bounded, new Vector<float>(1.44269504f), new Vector<float>(12582912f));
        Vector<int> exponent = Vector.AsVectorInt32(shifted) - new Vector<int>(0x4B400000);
        Vector<int> half = exponent >> 1;
        Vector<int> first = Vector.AsVectorInt32(Vector<float>.One) + (half << 23);
        Vector<int> second = Vector.AsVectorInt32(Vector<float>.One) + ((exponent - half) << 23);
        return ExpOfRest(bounded, shifted) * Vector.AsVectorSingle(first) * Vector.AsVectorSingle(second);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<float> ExpOfRest(Vector<float> x, Vector<float> shifted)
    {
        Vector<float> n = shifted - new Vector<float>(12582912f);
        Vector<float> r = Vector.MultiplyAddEstimate(n, new Vector<float>(-0.693145752f), x);
        r = Vector.MultiplyAddEstimate(n, new Vector<float>(-1.42860677e-6f), r);

        // Estrin's scheme: how long a value takes matters more to a step than how many operations it needs.
        Vector<float> square = r * r;
        Vector<float> low = Vector.MultiplyAddEstimate(new Vector<float>(1.66665734e-1f), r, new Vector<float>(0.5f));
        Vector<float> high = Vector.MultiplyAddEstimate(new Vector<float>(8.3637739e-3f), r, new Vector<float>(4.16665501e-2f));
        high = Vector.MultiplyAddEstimate(new Vector<float>(1.3926926e-3f), square, high);
        return Vector.MultiplyAddEstimate(Vector.MultiplyAddEstimate(high, square, low), square, r + Vector<float>.One);
    }

    private static Vector<T> Each<T>(Vector<T> x, Func<double, double> function)
        where T : unmanaged
    {
        Vector<T> result = x;
        for (int i = 0; i < Vector<T>.Count; i++)
        {
            result = result.WithElement(i, Narrow<T>(function(Wide(x[i]))));
        }

        return result;
    }

    private static Vector<T> Each<T>(Vector<T> x, Vector<T> y, Func<double, double, double> function)
        where T : unmanaged
    {
        Vector<T> result = x;
        for (int i = 0; i < Vector<T>.Count; i++)
        {
            result = result.WithElement(i, Narrow<T>(function(Wide(x[i]), Wide(y[i]))));
        }

        return result;
    }

    private static double Wide<T>(T x)
        where T : unmanaged => typeof(T) == typeof(float) ? Unsafe.BitCast<T, float>(x) : Unsafe.BitCast<T, double>(x);

    private static T Narrow<T>(double x)
        where T : unmanaged => typeof(T) == typeof(float) ? Unsafe.BitCast<float, T>((float)x) : Unsafe.BitCast<double, T>(x);
}
