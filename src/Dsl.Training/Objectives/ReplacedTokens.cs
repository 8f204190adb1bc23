using System;
using System.Linq;
using Dsl.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Training.Objectives;

/// <summary>
/// ELECTRA's replaced token detection (google-research/electra, pretrain/pretrain_helpers.py and run_pretraining.py): a generator fills what was masked, and a
/// discriminator tells for each token whether it is still the original.
/// </summary>
public static class ReplacedTokens
{
    private const double Epsilon = 1e-6;

    /// <summary>Rows whose logits are held at a time, where they are made to be sampled from.</summary>
    private const long SampledRows = 256;

    /// <summary>
    /// The ids with others written at some positions. A position given several times gets the floor of the mean of its values; position 0 means unused.
    /// </summary>
    /// <param name="ids">int64 [batch, time].</param>
    /// <param name="positions">int64 [batch, places].</param>
    /// <param name="values">int64 [batch, places].</param>
    public static Tensor Write(Tensor ids, Tensor positions, Tensor values)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable off = no_grad();
        Tensor sums = zeros_like(ids).scatter_add_(1, positions, values);
        Tensor counts = zeros_like(ids).scatter_add_(1, positions, ones_like(positions));
        counts.narrow(1, 0, 1).zero_();
        Tensor means = sums.floor_divide(counts.clamp_min(Scalars.Of(1)));
        return where(counts.gt(Scalars.Of(0)), means, ids).MoveToOuterDisposeScope();
    }

    /// <summary>A token for each row of logits, drawn from their softmax by the largest of logit + Gumbel noise; no gradient.</summary>
    /// <param name="logits">[..., vocabulary].</param>
    /// <param name="uniform">Numbers in [0, 1) of the same shape.</param>
    /// <returns>int64 [...].</returns>
    public static Tensor Sample(Tensor logits, Tensor uniform) => Samples.Drawn(logits, uniform);

    /// <summary>A token for each row, drawn in the same way from logits that are made of a few rows at a time.</summary>
    /// <param name="rows">[n, ...].</param>
    /// <param name="logits">From some of the rows to their logits [..., vocabulary]; called without recording gradients.</param>
    /// <returns>int64 [n].</returns>
    public static Tensor Sample(Tensor rows, Func<Tensor, Tensor> logits)
    {
        using IDisposable off = no_grad();
        Tensor result = zeros([rows.shape[0]], dtype: ScalarType.Int64, device: rows.device);
        for (long from = 0; from < rows.shape[0]; from += SampledRows)
        {
            using DisposeScope scope = NewDisposeScope();
            long count = Math.Min(SampledRows, rows.shape[0] - from);
            Tensor guesses = logits(rows.narrow(0, from, count));
            result.narrow(0, from, count).copy_(Sample(guesses, rand_like(guesses, ScalarType.Float32)));
        }

        return result;
    }

    /// <summary>
    /// 1 where a corrupted token differs from the original; a sample that equals the original is no replacement. int64, the shape of the ids.
    /// </summary>
    public static Tensor Labels(Tensor ids, Tensor corrupted)
    {
        using Tensor differs = ids.ne(corrupted);
        return differs.to(ScalarType.Int64);
    }

    /// <summary>The generator's loss: sum(weight x -log softmax(logits)[target]) / (sum(weight) + 1e-6), once over the batch.</summary>
    /// <param name="logits">[batch, places, vocabulary].</param>
    /// <param name="targets">int64 [batch, places]: the original tokens.</param>
    /// <param name="weights">[batch, places]; 0 where a place is unused.</param>
    public static Tensor GeneratorLoss(Tensor logits, Tensor targets, Tensor weights)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor errors = -nn.functional.log_softmax(logits, -1).gather(-1, targets.unsqueeze(-1)).squeeze(-1);
        return ((errors * weights).sum() / weights.sum().Plus(Epsilon)).MoveToOuterDisposeScope();
    }

    /// <summary>The discriminator's loss: sigmoid cross entropy over all real tokens, the first one included, / (their number + 1e-6).</summary>
    /// <param name="logits">[batch, time].</param>
    /// <param name="replaced">[batch, time], 1 where a token was replaced.</param>
    /// <param name="mask">[batch, time], 1 where a token is real.</param>
    public static Tensor DiscriminatorLoss(Tensor logits, Tensor replaced, Tensor mask)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor real = mask.to(logits.dtype);
        Tensor errors = nn.functional.binary_cross_entropy_with_logits(logits, replaced.to(logits.dtype), reduction: nn.Reduction.None);
        return ((errors * real).sum() / real.sum().Plus(Epsilon)).MoveToOuterDisposeScope();
    }
}
