using Dsl.Runtime;
using Dsl.Training.Objectives;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Training.Alignment;

/// <summary>What a model thinks of responses that are given: labels stand under their own tokens, unshifted, and -100 where a token does not count.</summary>
public static class Responses
{
    /// <summary>log softmax(logits at t - 1)[label at t] of each counted token, 0 for others; the label of the first token is never read.</summary>
    /// <param name="logits">[rows, t, vocabulary], already divided by a temperature where there is one.</param>
    /// <param name="labels">int64 [rows, t].</param>
    /// <returns>[rows, t - 1], in float32 at least.</returns>
    public static Tensor LogProbabilities(Tensor logits, Tensor labels)
    {
        using DisposeScope scope = NewDisposeScope();
        long steps = labels.shape[1] - 1;
        Tensor before = logits.narrow(1, 0, steps), targets = labels.narrow(1, 1, steps), counted = Counted(labels);
        Tensor chosen = OfTokens(before, targets.masked_fill(counted.logical_not(), Scalars.Of(0)));

        // Selected, not multiplied by zero: what stands under padding may be anything.
        return where(counted, chosen, zeros_like(chosen)).MoveToOuterDisposeScope();
    }

    /// <summary>The log-probability of each response: the sum over its counted tokens, never the mean.</summary>
    /// <returns>[rows].</returns>
    public static Tensor Sums(Tensor logits, Tensor labels)
    {
        using Tensor tokens = LogProbabilities(logits, labels);
        return tokens.sum(1);
    }

    /// <summary>How many tokens of each row count: int64 [rows].</summary>
    public static Tensor Lengths(Tensor labels)
    {
        using Tensor counted = Counted(labels);
        return counted.sum(1);
    }

    /// <summary>log softmax(logits)[token], each token under its own logits.</summary>
    /// <param name="logits">[..., vocabulary].</param>
    /// <param name="tokens">int64 [...].</param>
    public static Tensor OfTokens(Tensor logits, Tensor tokens)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor wide = logits.dtype is ScalarType.Float16 or ScalarType.BFloat16 ? logits.to(ScalarType.Float32) : logits;
        Tensor picked = wide.gather(-1, tokens.unsqueeze(-1)).squeeze(-1);
        return (picked - wide.logsumexp(-1)).MoveToOuterDisposeScope();
    }

    /// <summary>The entropy of each distribution in nats: [...].</summary>
    /// <param name="logits">[..., vocabulary].</param>
    public static Tensor Entropy(Tensor logits)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor expected = (logits.softmax(-1) * logits).sum(-1);
        return (logits.logsumexp(-1) - expected).MoveToOuterDisposeScope();
    }

    /// <summary>Labels of what a mask keeps.</summary>
    /// <param name="ids">int64 [rows, t].</param>
    /// <param name="mask">[rows, t], 1 for a token that counts.</param>
    public static Tensor Labels(Tensor ids, Tensor mask)
    {
        using Tensor closed = mask.eq(Scalars.Of(0));
        return ids.masked_fill(closed, Scalars.Of(MaskedTokens.Ignored));
    }

    private static Tensor Counted(Tensor labels)
    {
        using Tensor targets = labels.narrow(1, 1, labels.shape[1] - 1);
        return targets.ne(Scalars.Of(MaskedTokens.Ignored));
    }
}
