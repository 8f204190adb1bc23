using System;
using System.Linq;
using System.Numerics;
using Dsl.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Zoo.StateSpaces;

/// <summary>Diagonal-plus-low-rank state spaces in double, one of each conjugate pair given: what is done once and never on a gradient's path.</summary>
public static class LowRank
{
    /// <summary>
    /// Turns a read-out made for kernels of <paramref name="from"/> steps into one for <paramref name="to"/>: C~ = C (I - Ab^L), where Ab is the bilinear
    /// rule's transition (Gu et al. 2021, arXiv 2111.00396, appendix C.3). 0 is C itself.
    /// </summary>
    /// <param name="readOut">Of one channel, [n]; changed in place.</param>
    /// <param name="from">Steps it was made for.</param>
    /// <param name="to">Steps it is wanted for.</param>
    /// <param name="step">The step's length.</param>
    /// <param name="diagonal">The diagonal part, [n].</param>
    /// <param name="correction">P of A = diagonal - P P*, [n].</param>
    public static void Lengthen(Span<Complex> readOut, int from, int to, double step, Complex[] diagonal, Complex[] correction)
    {
        using var scope = NewDisposeScope();
        Tensor p = tensor(Both(correction)).unsqueeze(1);
        Tensor unit = eye(2 * diagonal.Length, dtype: ScalarType.ComplexFloat64);
        Tensor a = (unit * tensor(Both(diagonal))) - p.matmul(p.conj().t());
        Tensor half = a * Scalars.Of(step / 2);
        Tensor discrete = linalg.solve(unit - half, unit.Plus(half));
        Tensor row = tensor(Both(readOut.ToArray())).unsqueeze(0);
        row = from == 0 ? row : linalg.solve((unit - Power(discrete, from)).t(), row.t()).t();
        row = to == 0 ? row : row.matmul(unit - Power(discrete, to));
        double[] parts = view_as_real(row.contiguous()).contiguous().data<double>().ToArray();
        for (int n = 0; n < readOut.Length; n++)
        {
            readOut[n] = new Complex(parts[2 * n], parts[(2 * n) + 1]);
        }
    }

    private static Tensor Power(Tensor matrix, int exponent) => exponent == 1 ? matrix
        : exponent % 2 == 0 ? Power(matrix.matmul(matrix), exponent / 2) : Power(matrix, exponent - 1).matmul(matrix);

    private static Complex[] Both(Complex[] half) => [.. half, .. half.Select(Complex.Conjugate)];
}
