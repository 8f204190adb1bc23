using System;
using Dsl.Runtime.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Runtime;

public static partial class Losses
{
    /// <summary>
    /// As many logits as <see cref="CrossEntropy(Tensor, Product, Tensor, long)"/> holds at a time in calls of this thread, but for a single row of more;
    /// null: 2^24.
    /// </summary>
    [field: ThreadStatic]
    public static long? LogitsAtOnce { get; set; }

    /// <summary>
    /// <see cref="CrossEntropy(Tensor, Tensor, long)"/> of the logits that <paramref name="head"/> makes of <paramref name="hidden"/>, which never exist
    /// whole: the head runs on the counted rows alone, in blocks, and each block's part of the gradients is taken at once, so that of what is as large as
    /// the vocabulary only the gradient of the head remains. There is no second derivative.
    /// </summary>
    /// <param name="hidden">[..., width]; what stands in a row that is left out is not read.</param>
    /// <param name="head">From the width to the vocabulary.</param>
    /// <param name="targets">int64 [...]; each an index into the vocabulary, or <paramref name="ignore"/>.</param>
    /// <param name="ignore">Targets to leave out.</param>
    /// <returns>A scalar, in float32 at least; NaN where nothing is counted.</returns>
    /// <exception cref="ArgumentException">There are not as many targets as rows.</exception>
    public static Tensor CrossEntropy(Tensor hidden, Product head, Tensor targets, long ignore = -100)
    {
        using Tensor flat = hidden.reshape(-1, hidden.shape[^1]);
        using Tensor labels = targets.reshape(-1);
        RequireTargets(flat, labels);
        using Tensor counted = labels.ne(Scalars.Of(ignore));
        using Tensor found = counted.nonzero();
        using Tensor places = found.flatten();
        bool all = places.shape[0] == labels.shape[0];
        using Tensor rows = all ? flat.alias() : flat.index_select(0, places);
        using Tensor picks = all ? labels.alias() : labels.index_select(0, places);
        if (head.Adapted is not null)
        {
            using Tensor logits = head.Apply(rows);
            return CrossEntropy(logits, picks, ignore);
        }

        using Tensor weight = head.Matrix();
        using Tensor? bias = head.Offset();
        return FusedFunction.Apply(new HeadCrossEntropy(), rows, weight, bias, picks)[0];
    }

    /// <summary>Cross entropy over rows, a head's weight and its bias. The gradients are made on the way forward; backward has only to scale them.</summary>
    internal sealed class HeadCrossEntropy : FusedFunction
    {
        /// <summary>
        /// As many logits as are held at a time, but for a single row of more. Each block adds to the whole gradient of the head, so that small ones cost time.
        /// </summary>
        internal const long BlockSize = 1 << 24;

        private readonly bool records = torch.is_grad_enabled();
        private double share;
        private ScalarType stored;

        protected override Tensor[] Forward(Tensor?[] inputs)
        {
            (Tensor rows, Tensor weight, Tensor? bias) = (inputs[0]!, inputs[1]!, inputs[2]);
            using Tensor column = inputs[3]!.unsqueeze(-1);
            ScalarType wide = Tensors.IsHalf(rows.dtype) ? ScalarType.Float32 : rows.dtype;
            long count = rows.shape[0], vocabulary = weight.shape[0], block = Math.Max(1, (LogitsAtOnce ?? BlockSize) / vocabulary);
            Tensor errors = torch.empty([count, 1], dtype: wide, device: rows.device);
            Tensor one = torch.full([1, 1], Scalars.Of(-1.0), dtype: wide, device: rows.device);
            Tensor? ofRows = records && Needs(0) ? torch.empty_like(rows) : null;

            // Sums over blocks, so in float32 at least.
            Tensor? ofWeight = records && Needs(1) ? torch.zeros(weight.shape, dtype: wide, device: rows.device) : null;
            Tensor? ofBias = records && Needs(2) ? torch.zeros([vocabulary], dtype: wide, device: rows.device) : null;
            for (long from = 0; from < count; from += block)
            {
                using DisposeScope scope = torch.NewDisposeScope();
                long n = Math.Min(block, count - from);
                Tensor x = rows.narrow(0, from, n), picks = column.narrow(0, from, n);
                Tensor logits = Multiplier.Multiply(x, weight, bias).to(wide);
                Tensor top = logits.amax([-1L], keepdim: true), picked = logits.gather(1, picks);
                Tensor probability = logits.sub_(top).exp_(), sum = probability.sum([-1L], keepdim: true);
                errors.narrow(0, from, n).copy_(sum.log().Plus(top) - picked);
                if (ofRows is null && ofWeight is null && ofBias is null)
                {
                    continue;
                }

                // softmax - onehot: the gradient of the block's logits.
                probability.div_(sum).scatter_add_(1, picks, one.expand(n, 1));
                Tensor gradient = probability.to(rows.dtype);
                ofRows?.narrow(0, from, n).copy_(Multiplier.Multiply(gradient, weight.t(), null));
                ofBias?.Increase(probability.sum([0L]));
                if (wide == rows.dtype)
                {
                    ofWeight?.addmm_(gradient.t(), x, 1, 1);
                }
                else
                {
                    ofWeight?.Increase(gradient.t().matmul(x));
                }
            }

            (share, stored) = (count > 0 ? 1.0 / count : 0, rows.dtype);
            Save(ofRows, ofWeight, ofBias);
            return [errors.sum().div(Scalars.Of(count))];
        }

        protected override Tensor?[] Backward(Tensor?[] gradients, Tensor?[] saved)
        {
            if (gradients[0] is not { } outer)
            {
                return [null, null, null, null];
            }

            // In place: what was saved is this call's own, and there is no other call.
            Tensor factor = outer.mul(Scalars.Of(share));
            return [.. Array.ConvertAll(saved, each => each?.mul_(factor).to(stored)), null];
        }
    }
}
