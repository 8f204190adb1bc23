using Dsl.Runtime.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>Rows grouped by expert, each times its expert's matrix: the matrices of experts without rows are not read.</summary>
/// <param name="rows">Which rows are whose.</param>
internal sealed class ExpertProduct(ExpertRows rows) : FusedFunction
{
    /// <param name="x">[rows, in].</param>
    /// <param name="matrices">[experts, in, out].</param>
    /// <param name="offsets">[experts, out], or null.</param>
    /// <param name="rows">Which rows are whose.</param>
    /// <returns>[rows, out].</returns>
    internal static Tensor Apply(Tensor x, Tensor matrices, Tensor? offsets, ExpertRows rows) => Apply(new ExpertProduct(rows), x, matrices, offsets)[0];

    protected override Tensor[] Forward(Tensor?[] inputs)
    {
        (Tensor x, Tensor matrices, Tensor? offsets) = (inputs[0]!, inputs[1]!, inputs[2]);
        Save(x, matrices);
        bool records = Needs(0) || Needs(1) || Needs(2);
        Tensor y = torch.empty([x.shape[0], matrices.shape[2]], dtype: x.dtype, device: x.device);
        for (int expert = 0; expert < rows.Experts; expert++)
        {
            (int start, int count) = rows.Of(expert);
            if (count == 0)
            {
                continue;
            }

            using DisposeScope scope = torch.NewDisposeScope();
            Tensor own = x.narrow(0, start, count), weight = matrices.select(0, expert).t();
            Tensor? offset = offsets?.select(0, expert);
            y.narrow(0, start, count).copy_(records ? Multiplier.Multiply(own, weight, offset) : Multiplier.MultiplyFixed(own, weight, offset));
        }

        return [y];
    }

    protected override Tensor?[] Backward(Tensor?[] gradients, Tensor?[] saved)
    {
        if (gradients[0] is not { } gradient)
        {
            return [null, null, null];
        }

        (Tensor x, Tensor matrices) = (saved[0]!, saved[1]!);
        Tensor? ofRows = Needs(0) ? torch.empty_like(x) : null;
        Tensor? ofOffsets = Needs(2) ? torch.zeros([rows.Experts, gradient.shape[1]], dtype: x.dtype, device: x.device) : null;

        // In the order in which the weight is stored, so that it is not copied once more to become its gradient.
        bool isOutIn = matrices.stride(2) != 1;
        long[] shape = isOutIn ? [rows.Experts, matrices.shape[2], matrices.shape[1]] : matrices.shape;
        Tensor? ofMatrices = Needs(1) ? torch.empty(shape, dtype: x.dtype, device: x.device) : null;
        for (int expert = 0; expert < rows.Experts; expert++)
        {
            using DisposeScope scope = torch.NewDisposeScope();
            (int start, int count) = rows.Of(expert);
            Tensor? ofMatrix = ofMatrices?.select(0, expert);
            if (count == 0)
            {
                ofMatrix?.zero_();
                continue;
            }

            Tensor own = gradient.narrow(0, start, count), read = x.narrow(0, start, count);
            ofRows?.narrow(0, start, count).copy_(Multiplier.Multiply(own, matrices.select(0, expert), null));
            ofOffsets?.select(0, expert).copy_(own.sum([0L]));
            _ = isOutIn ? ofMatrix?.addmm_(own.t(), read, 0, 1) : ofMatrix?.addmm_(read.t(), own, 0, 1);
        }

        return [ofRows, isOutIn ? ofMatrices?.transpose(1, 2) : ofMatrices, ofOffsets];
    }
}
