using System;
using System.Collections.Generic;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>Losses over logits.</summary>
public static class Losses
{
    /// <summary>Rows are taken in blocks of about that many numbers, so that temporaries stay small beside the logits.</summary>
    private const long BlockSize = 1 << 22;

    /// <summary>
    /// -log softmax(logits)[target], the mean over targets that are not ignored (NaN if all are, as in torch). In float32 for half types.
    /// </summary>
    /// <param name="logits">[..., vocabulary].</param>
    /// <param name="targets">int64 [...].</param>
    /// <param name="ignore">Targets to leave out.</param>
    public static Tensor CrossEntropy(Tensor logits, Tensor targets, long ignore = -100)
    {
        long vocabulary = logits.shape[^1];
        using Tensor flat = logits.reshape(-1, vocabulary);
        using Tensor labels = targets.reshape(-1);
        long rows = flat.shape[0];
        if (labels.shape[0] != rows)
        {
            throw new ArgumentException($"There are logits for {rows} tokens and {labels.shape[0]} targets.");
        }

        using Tensor counted = labels.ne(ignore);
        using Tensor number = counted.sum();
        long block = Math.Max(1, BlockSize / vocabulary);
        Tensor? total = null;
        for (long from = 0; from < rows; from += block)
        {
            long size = Math.Min(block, rows - from);
            using Tensor part = flat.narrow(0, from, size);
            using Tensor wide = Tensors.IsHalf(part.dtype) ? part.to(ScalarType.Float32) : part.alias();
            using Tensor wanted = labels.narrow(0, from, size);
            Tensor loss = nn.functional.cross_entropy(wide, wanted, ignore_index: ignore, reduction: nn.Reduction.Sum);
            if (total is null)
            {
                total = loss;
            }
            else
            {
                Tensor before = total;
                total = before + loss;
                before.Dispose();
                loss.Dispose();
            }
        }

        using (total)
        {
            return total! / number;
        }
    }
}
