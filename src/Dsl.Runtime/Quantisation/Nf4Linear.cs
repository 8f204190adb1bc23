using System;
using Dsl.Runtime.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>
/// x W^T + b over a matrix in NF4. Some rows of it at a time are numbers, in both directions: there is never a float copy of the whole. W has no gradient.
/// </summary>
internal sealed class Nf4Linear : FusedFunction
{
    // As many numbers of the matrix as are there at a time: 4 MB.
    private const long NumbersAtOnce = 1 << 20;

    private readonly Nf4Matrix matrix;

    private Nf4Linear(Nf4Matrix matrix) => this.matrix = matrix;

    /// <summary>[..., columns] to [..., rows], differentiable in x and bias.</summary>
    internal static Tensor Apply(Nf4Matrix matrix, Tensor x, Tensor? bias) => Apply(new Nf4Linear(matrix), x, bias)[0];

    /// <summary>g W, [..., rows] to [..., columns].</summary>
    internal static Tensor Back(Nf4Matrix matrix, Tensor gradient)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor rows = gradient.reshape(-1, matrix.Rows), sum = zeros([rows.shape[0], matrix.Columns], dtype: gradient.dtype, device: gradient.device);
        Each(matrix, gradient.dtype, (from, count, part) => sum.addmm_(rows.narrow(1, from, count), part, 1, 1));
        return sum.view([.. gradient.shape[..^1], matrix.Columns]).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    protected override Tensor[] Forward(Tensor?[] inputs)
    {
        (Tensor x, Tensor? bias) = (inputs[0]!, inputs[1]);
        Tensor rows = x.reshape(-1, matrix.Columns), y = empty([rows.shape[0], matrix.Rows], dtype: x.dtype, device: x.device);
        Each(matrix, x.dtype, (from, count, part) => y.narrow(1, from, count).copy_(Multiplier.Multiply(rows, part, bias?.narrow(0, from, count))));
        return [y.view([.. x.shape[..^1], matrix.Rows])];
    }

    /// <inheritdoc/>
    protected override Tensor?[] Backward(Tensor?[] gradients, Tensor?[] saved)
    {
        if (gradients[0] is not { } gradient)
        {
            return [null, null];
        }

        return [Needs(0) ? Back(matrix, gradient) : null, Needs(1) ? gradient.reshape(-1, matrix.Rows).sum([0L]) : null];
    }

    private static void Each(Nf4Matrix matrix, ScalarType dtype, Action<long, long, Tensor> use)
    {
        long atOnce = Math.Max(1, NumbersAtOnce / matrix.Columns);
        for (long from = 0; from < matrix.Rows; from += atOnce)
        {
            using DisposeScope scope = NewDisposeScope();
            long count = Math.Min(atOnce, matrix.Rows - from);
            use(from, count, matrix.Dequantise(from, count, dtype));
        }
    }
}
