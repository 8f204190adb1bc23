using System;
using System.Collections.Generic;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>Attention of tokens to those before them, in both forms: without a cache over the given keys, with one over all that it has kept.</summary>
public static class CachedAttention
{
    /// <summary>Attends over the given keys, or over the cache and the given keys, which join it.</summary>
    /// <param name="q">Queries [batch, n, heads, width].</param>
    /// <param name="k">Keys of the same tokens [batch, n, groups, width].</param>
    /// <param name="v">Their values [batch, n, groups, value width].</param>
    /// <param name="cache">Grows by n; null in the parallel form.</param>
    /// <param name="mask">The rule over positions.</param>
    /// <param name="scale">Factor on q . k.</param>
    /// <param name="pass">This call.</param>
    /// <param name="rotateKeys">
    /// Given, <paramref name="k"/> is not rotated yet: where the frequencies read the length, cached keys are kept unrotated and rotated at each use.
    /// </param>
    /// <param name="dropout">Probability of dropping a weight, where the pass trains.</param>
    /// <param name="score">What becomes of a score after scaling and before the mask.</param>
    /// <param name="bias">A rule that only adds to it, instead.</param>
    /// <param name="ofKeys">What the rule reads at keys [batch, n, heads or 1, any] each: it joins the cache as they do, and comes in the rule's place.</param>
    /// <returns>[batch, n, heads, value width].</returns>
    public static Tensor Attend(
        Tensor q,
        Tensor k,
        Tensor v,
        KeyValueCache? cache,
        MaskRule mask,
        double scale,
        Pass pass,
        Rotary? rotateKeys = null,
        double dropout = 0,
        ScoreRule? score = null,
        ScoreBias? bias = null,
        IReadOnlyList<Tensor>? ofKeys = null)
    {
        if (cache is null)
        {
            using Tensor? turned = rotateKeys?.Apply(k, pass);
            return Attention.Attend(q, turned ?? k, v, mask, scale, pass, dropout, Reading(score, ofKeys), bias: bias);
        }

        using Tensor? rotated = rotateKeys is { ReadsLength: false } ? rotateKeys.Apply(k, pass) : null;
        Tensor[] kept = cache.Append([rotated ?? k, v, .. ofKeys ?? []], pass);
        try
        {
            using Tensor? late = rotateKeys is { ReadsLength: true } ? rotateKeys.ApplyKeys(kept[0], pass) : null;
            return Attention.Attend(q, late ?? kept[0], kept[1], mask, scale, pass, dropout, Reading(score, kept[2..]), bias: bias);
        }
        finally
        {
            Array.ForEach(kept, part => part.Dispose());
        }
    }

    private static ScoreRule? Reading(ScoreRule? score, IReadOnlyList<Tensor>? ofKeys) =>
        score is null || ofKeys is null ? score : (scores, place) => score(scores, place with { OfKeys = ofKeys });
}
