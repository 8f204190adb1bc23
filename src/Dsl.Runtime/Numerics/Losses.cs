using System;
using Dsl.Runtime.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>Losses over logits.</summary>
public static partial class Losses
{
    /// <summary>
    /// -log softmax(logits)[target], the mean over targets that are not ignored (NaN if all are, as in torch). In float32 for half types. Beside the logits
    /// nothing of their size is stored until the gradient is; there is no second derivative.
    /// </summary>
    /// <param name="logits">[..., vocabulary].</param>
    /// <param name="targets">int64 [...]; each an index into the vocabulary, or <paramref name="ignore"/>.</param>
    /// <param name="ignore">Targets to leave out.</param>
    /// <returns>A scalar, in float32 at least.</returns>
    public static Tensor CrossEntropy(Tensor logits, Tensor targets, long ignore = -100)
    {
        long vocabulary = logits.shape[^1];
        using Tensor flat = logits.reshape(-1, vocabulary);
        using Tensor labels = targets.reshape(-1);
        RequireTargets(flat, labels);
        using Tensor counted = labels.ne(Scalars.Of(ignore));
        using Tensor closed = counted.logical_not();
        using Tensor index = labels.masked_fill(closed, Scalars.Of(0));
        using Tensor column = index.unsqueeze(-1);
        Tensor[] results = FusedFunction.Apply(new CrossEntropyFunction(), flat, column, counted);
        return results[0];
    }

    private static void RequireTargets(Tensor rows, Tensor targets)
    {
        if (targets.shape[0] != rows.shape[0])
        {
            throw new ArgumentException($"There are logits for {rows.shape[0]} tokens and {targets.shape[0]} targets.");
        }
    }

    private sealed class CrossEntropyFunction : FusedFunction
    {
        /// <summary>Rows are taken in blocks of about that many numbers, so that temporaries stay small beside the logits.</summary>
        private const long BlockSize = 1 << 20;

        protected override Tensor[] Forward(Tensor?[] inputs)
        {
            (Tensor logits, Tensor targets, Tensor counted) = (inputs[0]!, inputs[1]!, inputs[2]!);
            ScalarType dtype = Tensors.IsHalf(logits.dtype) ? ScalarType.Float32 : logits.dtype;
            long rows = logits.shape[0];
            Tensor sums = torch.empty([rows, 1], dtype: dtype, device: logits.device), picked = torch.empty([rows, 1], dtype: dtype, device: logits.device);
            ForBlocks(logits, (from, count) =>
            {
                Tensor part = logits.narrow(0, from, count).to(dtype);
                sums.narrow(0, from, count).copy_(part.logsumexp(-1, keepdim: true));
                picked.narrow(0, from, count).copy_(part.gather(1, targets.narrow(0, from, count)));
            });
            Tensor weights = counted.to(dtype);
            Tensor scale = weights.sum().reciprocal();
            Save(logits, targets, sums, weights.unsqueeze(-1) * scale);

            // A row that is left out may hold anything: it is selected away, not multiplied by zero.
            Tensor errors = torch.where(counted.unsqueeze(-1), sums - picked, torch.zeros_like(sums));
            return [errors.sum() * scale];
        }

        protected override Tensor?[] Backward(Tensor?[] gradients, Tensor?[] saved)
        {
            (Tensor logits, Tensor targets, Tensor sums, Tensor weights) = (saved[0]!, saved[1]!, saved[2]!, saved[3]!);
            if (gradients[0] is not { } outer)
            {
                return [null, null, null];
            }

            Tensor result = torch.empty_like(logits), one = torch.full([1, 1], Scalars.Of(-1.0), dtype: sums.dtype, device: sums.device);
            ForBlocks(logits, (from, count) =>
            {
                Tensor part = logits.narrow(0, from, count).to(sums.dtype);
                Tensor probability = (part - sums.narrow(0, from, count)).exp_();
                probability.scatter_add_(1, targets.narrow(0, from, count), one.expand(count, 1));
                Tensor factor = weights.narrow(0, from, count) * outer;
                probability.mul_(factor);
                probability.masked_fill_(factor.eq(Scalars.Of(0)), Scalars.Of(0));
                result.narrow(0, from, count).copy_(probability);
            });
            return [result, null, null];
        }

        private static void ForBlocks(Tensor logits, Action<long, long> body)
        {
            long rows = logits.shape[0], block = Math.Max(1, BlockSize / logits.shape[1]);
            for (long from = 0; from < rows; from += block)
            {
                using DisposeScope scope = torch.NewDisposeScope();
                body(from, Math.Min(block, rows - from));
            }
        }
    }
}
