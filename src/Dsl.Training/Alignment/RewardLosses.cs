using System;
using Dsl.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Training.Alignment;

/// <summary>How a reward model learns from comparisons, and where its score is read.</summary>
public static class RewardLosses
{
    /// <summary>
    /// mean -log sigmoid(chosen - rejected - margin) + centre x mean (chosen + rejected)^2: LLaMA 2's margin, TRL's pull of rewards towards zero.
    /// </summary>
    /// <param name="chosen">Rewards of the better responses, [pairs].</param>
    /// <param name="rejected">Rewards of the worse ones, [pairs].</param>
    /// <param name="margin">By how much the better one must be better, [pairs]; null: 0.</param>
    /// <param name="centre">Weight of the pull towards zero.</param>
    /// <returns>A scalar.</returns>
    public static Tensor Pair(Tensor chosen, Tensor rejected, Tensor? margin = null, double centre = 0)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor difference = chosen - rejected;
        Tensor loss = (margin is null ? difference : difference - margin).log_sigmoid().neg().mean();
        if (centre != 0)
        {
            loss = loss.Plus(chosen.Plus(rejected).Square().mean() * Scalars.Of(centre));
        }

        return loss.MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Responses of a prompt in the order of their rank: every pair of a prompt counts 1 / C(K, 2) and prompts are averaged, so that a prompt with nine
    /// responses weighs as much as one with four (InstructGPT, Ouyang and others, 2022, equation 1).
    /// </summary>
    /// <param name="rewards">[prompts, most]: best first; what stands beyond a prompt's own count is not read.</param>
    /// <param name="counts">K of each prompt, at least 2, at most the width.</param>
    /// <returns>A scalar.</returns>
    /// <exception cref="ArgumentException">A prompt has fewer than two responses, or more than the row holds.</exception>
    public static Tensor KWay(Tensor rewards, ReadOnlySpan<long> counts)
    {
        if (counts.Length != rewards.shape[0])
        {
            throw new ArgumentException($"{counts.Length} counts for {rewards.shape[0]} prompts, expected one each");
        }

        using DisposeScope scope = NewDisposeScope();
        Tensor total = zeros(1, dtype: rewards.dtype, device: rewards.device).squeeze(0);
        for (int prompt = 0; prompt < counts.Length; prompt++)
        {
            long k = counts[prompt];
            if (k < 2 || k > rewards.shape[1])
            {
                throw new ArgumentException($"prompt {prompt} has {k} responses, expected from 2 to {rewards.shape[1]}: there is nothing to compare in one");
            }

            Tensor row = rewards[prompt].narrow(0, 0, k), differences = row.unsqueeze(1) - row.unsqueeze(0);
            Tensor pairs = ones(k, k, ScalarType.Bool, rewards.device).triu(1);
            total = total.Plus(differences.masked_select(pairs).log_sigmoid().mean());
        }

        return (total * Scalars.Of(-1.0 / counts.Length)).MoveToOuterDisposeScope();
    }

    /// <summary>Cross entropy of the best among several (Ziegler and others, 2019: one of four).</summary>
    /// <param name="rewards">[prompts, responses].</param>
    /// <param name="best">int64 [prompts].</param>
    public static Tensor Choice(Tensor rewards, Tensor best) => Losses.CrossEntropy(rewards, best);

    /// <summary>The share of pairs whose chosen response has the higher reward; equal ones do not count as right.</summary>
    public static double Accuracy(Tensor chosen, Tensor rejected)
    {
        using Tensor right = chosen.gt(rejected), wide = right.to(ScalarType.Float64), mean = wide.mean();
        return mean.item<double>();
    }

    /// <summary>Each row's score: what a model says at the last position that its mask keeps.</summary>
    /// <param name="scores">[rows, t], one for each position, or a wider [rows, t, width].</param>
    /// <param name="mask">[rows, t]; every row keeps something.</param>
    /// <returns>[rows] or [rows, width].</returns>
    public static Tensor AtLast(Tensor scores, Tensor mask)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor positions = Scalars.Range(mask.shape[1], ScalarType.Int64, mask.device);
        Tensor last = (mask.ne(Scalars.Of(0)).to(ScalarType.Int64) * positions).amax([1]);
        return (scores.dim() == 2
            ? scores.gather(1, last.unsqueeze(1)).squeeze(1)
            : scores.gather(1, last.reshape(-1, 1, 1).expand(-1, 1, scores.shape[2])).squeeze(1)).MoveToOuterDisposeScope();
    }

    /// <summary>Rewards moved so that the demonstrations' mean is zero (InstructGPT).</summary>
    /// <param name="rewards">Any shape.</param>
    /// <param name="demonstrations">Rewards of the demonstrations, [n].</param>
    public static Tensor Normalised(Tensor rewards, Tensor demonstrations)
    {
        using Tensor mean = demonstrations.mean();
        return rewards - mean;
    }

    /// <summary>
    /// The mask that ends a row at its last id which is not the padding's: where transformers reads a score, asking no attention mask, so that a real end
    /// token that is the padding id too does not count.
    /// </summary>
    /// <param name="ids">int64 [rows, t].</param>
    /// <param name="pad">The padding id.</param>
    /// <returns>int64 [rows, t]: 1 up to that position; of a row of nothing but padding, the first position.</returns>
    public static Tensor UpToLast(Tensor ids, long pad)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor positions = Scalars.Range(ids.shape[1], ScalarType.Int64, ids.device);
        Tensor last = (ids.ne(Scalars.Of(pad)).to(ScalarType.Int64) * positions).amax([1], keepdim: true);
        return positions.unsqueeze(0).le(last).to(ScalarType.Int64).MoveToOuterDisposeScope();
    }
}
