using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>Attention of the stateful form: new keys and values join the cache, and the queries see all of it.</summary>
public static class CachedAttention
{
    /// <summary>Attends over the cache and the new tokens.</summary>
    /// <param name="q">New queries [batch, n, heads, width].</param>
    /// <param name="k">New keys [batch, n, groups, width].</param>
    /// <param name="v">New values [batch, n, groups, value width].</param>
    /// <param name="cache">Grows by n.</param>
    /// <param name="mask">The rule over positions.</param>
    /// <param name="scale">Factor on q . k.</param>
    /// <param name="pass">This call.</param>
    /// <param name="rotateKeys">
    /// Given, <paramref name="k"/> is not rotated yet: where the frequencies read the length, keys are kept unrotated and rotated at each use.
    /// </param>
    /// <param name="score">What becomes of a score after scaling and before the mask.</param>
    /// <param name="bias">A rule that only adds to it, instead.</param>
    /// <returns>[batch, n, heads, value width].</returns>
    public static Tensor Attend(
        Tensor q,
        Tensor k,
        Tensor v,
        KeyValueCache cache,
        MaskRule mask,
        double scale,
        Pass pass,
        Rotary? rotateKeys = null,
        ScoreRule? score = null,
        ScoreBias? bias = null)
    {
        using Tensor? rotated = rotateKeys is { ReadsLength: false } ? rotateKeys.Apply(k, pass) : null;
        (Tensor keys, Tensor values) = cache.Append(rotated ?? k, v, pass);
        using (keys)
        using (values)
        {
            using Tensor? late = rotateKeys is { ReadsLength: true } ? rotateKeys.ApplyKeys(keys, pass) : null;
            return Attention.Attend(q, late ?? keys, values, mask, scale, pass, score: score, bias: bias);
        }
    }
}
