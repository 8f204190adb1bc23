using System;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>Numbers for TorchSharp's operations, and sums, that outlive the native call which reads them.</summary>
/// <remarks>
/// TorchSharp 0.107 makes a <see cref="Scalar"/>, an object with a finaliser, of every number, and gives native code its address alone; <c>a + b</c>, too,
/// makes one, for the factor of b. So a collection that another thread starts may free the number while native code reads it: the operation fails with
/// "Unknown scalar type" or the like, computes with another number, or ends the process. The operators and conversions that do so are banned in all of our
/// code (BannedSymbols.txt), and a test looks for every other member of TorchSharp that does; this stands for them.
/// </remarks>
public static class Scalars
{
    private const int Held = 64;

    private static readonly Scalar zero = 0L.ToScalar(), one = 1L.ToScalar(), two = 2L.ToScalar();

    // No operation takes more numbers than this, so a number is held until the operation it was made for is over.
    [ThreadStatic]
    private static Scalar[]? recent;

    [ThreadStatic]
    private static int next;

    /// <summary>A floating number, for the next operation of this thread.</summary>
    public static Scalar Of(double value) => Hold(value.ToScalar());

    /// <summary>An integer, for the next operation of this thread.</summary>
    public static Scalar Of(long value) => Hold(value.ToScalar());

    /// <summary>left + right, of shapes that broadcast.</summary>
    public static Tensor Plus(this Tensor left, Tensor right) => left.add(right, one);

    /// <summary>left + right, element by element; an integer tensor becomes a floating one.</summary>
    public static Tensor Plus(this Tensor left, double right) => left.add(Of(right), one);

    /// <summary>left + right, element by element, in left's type.</summary>
    public static Tensor Plus(this Tensor left, long right) => left.add(Of(right), one);

    /// <summary>Adds right to left in place.</summary>
    public static Tensor Increase(this Tensor left, Tensor right) => left.add_(right, one);

    /// <summary>Adds right to each element of left in place.</summary>
    public static Tensor Increase(this Tensor left, double right) => left.add_(Of(right), one);

    /// <summary>x squared, element by element.</summary>
    public static Tensor Square(this Tensor x) => x.pow(two);

    /// <summary>log(1 + exp(x)), element by element, and x itself above 20, as published.</summary>
    public static Tensor Softplus(this Tensor x)
    {
        using Tensor negative = x.neg(), logarithm = negative.log_sigmoid(), bent = logarithm.neg(), straight = x.gt(Of(20));
        return where(straight, x, bent);
    }

    /// <summary>0, 1, 2, ...: [count].</summary>
    public static Tensor Range(long count, ScalarType type, Device? device = null) => arange(zero, Of(count), one, type, device);

    private static Scalar Hold(Scalar number)
    {
        recent ??= new Scalar[Held];
        recent[next] = number;
        next = (next + 1) % Held;
        return number;
    }
}
