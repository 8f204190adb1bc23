using System;
using System.Collections.Concurrent;
using System.Linq;
using System.Numerics;
using TorchSharp;
using static TorchSharp.torch;

namespace Zoo.StateSpaces;

/// <summary>HiPPO-LegS (Gu et al. 2020, arXiv 2008.07669) and its normal-plus-low-rank form (Gu et al. 2021, arXiv 2111.00396, theorem 1), in double.</summary>
public static class Hippo
{
    private static readonly ConcurrentDictionary<int, (Complex[] Lambda, Complex[,] V, Complex[] B, Complex[] P)> Known = [];

    /// <summary>A [n, k] = -sqrt((2n+1)(2k+1)) below the diagonal, -(n+1) on it, 0 above.</summary>
    public static double[,] Legs(int size) => Table(size, (n, k) => n > k ? -Math.Sqrt((2.0 * n + 1) * (2.0 * k + 1)) : n == k ? -(n + 1.0) : 0);

    /// <summary>B [n] = sqrt(2n+1).</summary>
    public static double[] LegsInput(int size) => [.. Enumerable.Range(0, size).Select(n => Math.Sqrt(2.0 * n + 1))];

    /// <summary>P [n] = sqrt(n + 1/2): A + P P^T is -1/2 I plus a skew matrix.</summary>
    public static double[] LegsCorrection(int size) => [.. Enumerable.Range(0, size).Select(n => Math.Sqrt(n + 0.5))];

    /// <summary>
    /// A = V (Lambda - P P*) V*, one of each conjugate pair: the eigenvalues of A + P P^T with negative imaginary part, ascending; their unit eigenvectors V
    /// [size, size/2], each up to a phase; V* B and V* P.
    /// </summary>
    /// <param name="size">The full state's size: even.</param>
    /// <exception cref="ArgumentException">The size is odd, or less than 2.</exception>
    public static (Complex[] Lambda, Complex[,] V, Complex[] B, Complex[] P) Nplr(int size) => Known.GetOrAdd(size, Diagonalise);

    private static (Complex[] Lambda, Complex[,] V, Complex[] B, Complex[] P) Diagonalise(int size)
    {
        if (size < 2 || size % 2 != 0)
        {
            throw new ArgumentException($"A normal-plus-low-rank form of {size} states was asked for, expected an even number of 2 or more.");
        }

        double[] p = LegsCorrection(size), b = LegsInput(size);
        double[,] a = Legs(size);
        using var scope = NewDisposeScope();

        // The skew part times -i is Hermitian: its eigenvalues are exact reals and its eigenvectors orthogonal.
        var skew = tensor(Table(size, (n, k) => a[n, k] + (p[n] * p[k]) + (n == k ? 0.5 : 0)));
        var (values, vectors) = linalg.eigh(complex(zeros_like(skew), -skew));
        double real = Enumerable.Range(0, size).Average(n => a[n, n] + (p[n] * p[n]));
        double[] imaginary = values.data<double>().ToArray();
        double[] parts = view_as_real(vectors).contiguous().data<double>().ToArray();
        int half = size / 2;
        var v = new Complex[size, half];
        for (int n = 0; n < size; n++)
        {
            for (int k = 0; k < half; k++)
            {
                v[n, k] = new Complex(parts[((n * size) + k) * 2], parts[(((n * size) + k) * 2) + 1]);
            }
        }

        Complex[] Onto(double[] x) => [.. Enumerable.Range(0, half).Select(k =>
            Enumerable.Range(0, size).Aggregate(Complex.Zero, (sum, n) => sum + (Complex.Conjugate(v[n, k]) * x[n])))];
        return ([.. imaginary.Take(half).Select(i => new Complex(real, i))], v, Onto(b), Onto(p));
    }

    // How S4 begins: the parts as they are stored, of channel and pair alike.
    internal static double Decay(int n, S4Config c) => Math.Log(-Nplr(c.State).Lambda[n].Real);

    internal static double Frequency(int n, S4Config c) => -Nplr(c.State).Lambda[n].Imaginary;

    /// <summary>With imaginary parts within 2, as published.</summary>
    internal static double InputMap(int n, int part, S4Config c) => part == 0 ? Nplr(c.State).B[n].Real : Math.Clamp(Nplr(c.State).B[n].Imaginary, -2, 2);

    internal static double Correction(int n, int part, S4Config c) => part == 0 ? Nplr(c.State).P[n].Real : Nplr(c.State).P[n].Imaginary;

    private static double[,] Table(int size, Func<int, int, double> element)
    {
        var table = new double[size, size];
        for (int n = 0; n < size; n++)
        {
            for (int k = 0; k < size; k++)
            {
                table[n, k] = element(n, k);
            }
        }

        return table;
    }
}
