using System;
using System.Collections.Generic;
using Dsl.Runtime.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>Changes scaled scores [b, h, t, s] before the mask; returns a new tensor, or the same one.</summary>
public delegate Tensor ScoreRule(Tensor scores, ScorePlace place);

/// <summary>Where scores stand: int64 positions of queries [b or 1, 1, t, 1] and keys [b or 1, 1, 1, s], and the index of each head [1, h, 1, 1].</summary>
public readonly record struct ScorePlace(Tensor Query, Tensor Key, Tensor Head)
{
    /// <summary>What the rule reads of keys, [b, s, heads or 1, n] each: with those that a cache has kept.</summary>
    public IReadOnlyList<Tensor> OfKeys { get; init; } = [];

    /// <summary>bool [b or 1, 1, t, s]: false where the mask hides the key, whose score then counts for nothing; null: all are open.</summary>
    public Tensor? Open { get; init; }

    /// <summary>
    /// bool [b or 1, 1, t, s or 1]: <see cref="Open"/>, and the query is no padding, whose row may be computed from anything; null: all are seen.
    /// </summary>
    public Tensor? Seen { get; init; }
}

/// <summary>softmax(scale q k^T + mask) v (Vaswani et al., arXiv 1706.03762), the one place that attends.</summary>
public static class Attention
{
    /// <summary>Queries in one block of the banded computation, at least.</summary>
    private const int SmallestBlock = 128;

    /// <summary>
    /// Scores are scaled, then changed by the score rule, then masked. Query head i reads key head i / (heads / key heads). A query that may read nothing
    /// gets zeros.
    /// </summary>
    /// <param name="q">[b, t, heads, d].</param>
    /// <param name="k">[b, s, key heads, d]: the last s places that <paramref name="pass"/> (or <paramref name="memory"/>) knows.</param>
    /// <param name="v">[b, s, key heads, e].</param>
    /// <param name="mask">Over positions; padding is masked besides.</param>
    /// <param name="scale">Of the scores.</param>
    /// <param name="pass">Of the queries, and of the keys unless <paramref name="memory"/> is given.</param>
    /// <param name="dropout">Probability of dropping a weight, where the pass trains.</param>
    /// <param name="score">Reads and changes the scores.</param>
    /// <param name="bias">A rule that only adds to them, instead of <paramref name="score"/>.</param>
    /// <param name="memory">The axis of the keys where it is another one than the queries' (cross-attention).</param>
    /// <returns>[b, t, heads, e].</returns>
    public static Tensor Attend(Tensor q, Tensor k, Tensor v, MaskRule mask, double scale, Pass pass, double dropout = 0, ScoreRule? score = null,
        Pass? memory = null, ScoreBias? bias = null)
    {
        long heads = q.shape[2], keyHeads = k.shape[2];
        if (heads % keyHeads != 0)
        {
            throw new ArgumentException($"{heads} query heads cannot share {keyHeads} key heads evenly.");
        }

        Pass axis = memory ?? pass;
        Places queries = pass.Queries, keys = axis.LastKeys(checked((int)k.shape[1]));
        double drop = pass.Training ? dropout : 0;
        if (score is not null)
        {
            return Plain(q, k, v, NeedsMask(mask, queries, keys) ? Built(mask, queries, keys, q, pass, axis) : null, scale, drop, score, pass, queries, keys);
        }

        if (bias is not null)
        {
            AttentionMask? closed = NeedsMask(mask, queries, keys) ? Built(mask, queries, keys, q, pass, axis) : null;
            return Biased(q, k, v, bias, closed, scale, drop, pass, (bias, mask, axis, keys.Count, q.dtype), queries, keys);
        }

        if (!NeedsMask(mask, queries, keys))
        {
            return Fast(q, k, v, null, false, scale, drop);
        }

        if (Unpadded(queries, keys))
        {
            if (!mask.IsArbitrary && mask.IsCausal && queries.Start == keys.Start && queries.Count == keys.Count
                && (mask.Window is not { } window || window >= keys.Count))
            {
                return Fast(q, k, v, null, true, scale, drop);
            }

            if (mask.IsCausal && mask.Window is { } band && keys.Count >= 2 * (band + SmallestBlock))
            {
                return Banded(q, k, v, mask, band, scale, drop, queries, keys, pass);
            }
        }

        AttentionMask built = Built(mask, queries, keys, q, pass, axis);
        Tensor read = Fast(q, k, v, built.Bias, false, scale, drop);
        return built.Reads is null ? read : Erase(read, built.Reads);
    }

    private static bool Unpadded(Places queries, Places keys) => queries.Uniform && keys.Uniform && !keys.Padded;

    /// <summary>False where every query may read every key.</summary>
    private static bool NeedsMask(MaskRule mask, Places queries, Places keys)
    {
        if (keys.Padded || mask.IsArbitrary)
        {
            return true;
        }

        if (!mask.IsCausal && mask.Window is null)
        {
            return false;
        }

        if (!Unpadded(queries, keys))
        {
            return true;
        }

        bool sees = !mask.IsCausal || keys.End - 1 <= queries.Start;
        return !(sees && (mask.Window is not { } window || queries.End - 1 - keys.Start < window));
    }

    private static AttentionMask Built(MaskRule mask, Places queries, Places keys, Tensor q, Pass pass, Pass axis)
    {
        ScalarType dtype = q.dtype;
        Device device = q.device;
        return pass.Memo((mask, axis, keys.Count, dtype), () => AttentionMask.Of(mask, queries, keys, dtype, device));
    }

    /// <summary>libtorch's own attention, which never stores the scores where it can avoid it.</summary>
    private static Tensor Fast(Tensor q, Tensor k, Tensor v, Tensor? bias, bool causal, double scale, double dropout)
    {
        long heads = q.shape[2], keyHeads = k.shape[2], groups = heads / keyHeads, width = q.shape[3];
        double builtIn = 1 / Math.Sqrt(width);
        bool rescales = Math.Abs(scale - builtIn) > 1e-12 * builtIn;

        // Asked once: a switch that changed in between would scale twice, or not at all.
        double? within = rescales && ProductPolicy.UseFused && StableC.HasOperators ? scale : null;
        using Tensor scaled = rescales && within is null ? q * Scalars.Of(scale / builtIn) : q.alias();
        if (groups > 1 && q.shape[1] == 1 && !causal)
        {
            // One new token: the query heads of a group stand where times would, and no key is repeated.
            using Tensor folded = scaled.reshape(q.shape[0], keyHeads, groups, width);
            using Tensor kt = k.transpose(1, 2);
            using Tensor vt = v.transpose(1, 2);
            using Tensor? spread = bias is null ? null
                : bias.shape[1] == 1 ? bias.expand(bias.shape[0], 1, groups, bias.shape[3])
                : bias.reshape(bias.shape[0], keyHeads, groups, bias.shape[3]);
            using Tensor read = Kernel(folded, kt, vt, spread, dropout, false, within);
            return read.reshape(q.shape[0], 1, heads, v.shape[3]);
        }

        using Tensor qh = scaled.transpose(1, 2);
        using Tensor kh = Repeated(k, groups);
        using Tensor vh = Repeated(v, groups);
        using Tensor result = Kernel(qh, kh, vh, bias, dropout, causal, within);
        return result.transpose(1, 2);
    }

    /// <summary>With a scale of its own where libtorch's operator can be called; TorchSharp's has none, and its queries come scaled.</summary>
    private static Tensor Kernel(Tensor q, Tensor k, Tensor v, Tensor? bias, double dropout, bool causal, double? scale) => scale is not null
        ? StableC.ScaledDotProductAttention(q, k, v, bias, dropout, causal, scale)
        : nn.functional.scaled_dot_product_attention(q, k, v, bias, dropout, causal);

    /// <summary>[b, s, g, d] to [b, g r, s, d]; a copy only where heads are shared.</summary>
    private static Tensor Repeated(Tensor x, long groups)
    {
        Tensor heads = x.transpose(1, 2);
        if (groups == 1)
        {
            return heads;
        }

        using (heads)
        {
            using Tensor one = heads.unsqueeze(2);
            using Tensor many = one.expand(x.shape[0], x.shape[2], groups, x.shape[1], x.shape[3]);
            return many.flatten(1, 2);
        }
    }

    /// <summary>Blocks of queries, each against the keys that its band reaches and no others.</summary>
    private static Tensor Banded(Tensor q, Tensor k, Tensor v, MaskRule mask, int window, double scale, double dropout, Places queries, Places keys, Pass pass)
    {
        int block = Math.Max(window, SmallestBlock);
        var parts = new List<Tensor>();
        try
        {
            for (int from = 0; from < queries.Count; from += block)
            {
                int count = Math.Min(block, queries.Count - from);
                int first = Math.Max(keys.Start, queries.Start + from - window + 1), last = Math.Min(keys.End, queries.Start + from + count);
                if (first >= last)
                {
                    parts.Add(torch.zeros([q.shape[0], count, q.shape[2], v.shape[3]], dtype: q.dtype, device: q.device));
                    continue;
                }

                using Tensor qs = q.narrow(1, from, count);
                using Tensor ks = k.narrow(1, first - keys.Start, last - first);
                using Tensor vs = v.narrow(1, first - keys.Start, last - first);
                ScalarType dtype = q.dtype;
                Device device = q.device;

                // A rule that is nothing but a band looks the same from every block: one bias serves all that have the same shape.
                int start = queries.Start + from, shift = start - first;
                object key = mask.IsArbitrary ? (mask, start, first, last, dtype) : (mask, count, last - first, shift, dtype);
                AttentionMask built = pass.Memo(key, () =>
                {
                    using var rows = new Places(1, start, count, device);
                    using var columns = new Places(1, first, last - first, device);
                    return AttentionMask.Of(mask, rows, columns, dtype, device);
                });
                Tensor read = Fast(qs, ks, vs, built.Bias, false, scale, dropout);
                parts.Add(built.Reads is null ? read : Erase(read, built.Reads));
            }

            return torch.cat(parts, 1);
        }
        finally
        {
            parts.ForEach(part => part.Dispose());
        }
    }

    /// <summary>
    /// libtorch's attention with what the rule adds and the mask in one; written out where what it adds learns, for which that has no gradient.
    /// </summary>
    private static Tensor Biased(
        Tensor q, Tensor k, Tensor v, ScoreBias bias, AttentionMask? mask, double scale, double dropout, Pass pass, object key, Places queries, Places keys)
    {
        long heads = q.shape[2];
        Tensor added = pass.Memo(key, () =>
        {
            using DisposeScope scope = torch.NewDisposeScope();
            Tensor rule = bias.Build(torch.zeros([], dtype: q.dtype, device: q.device), PlaceOf(queries, keys, heads, mask, pass, q.device));
            Tensor open = rule.dim() == 0 ? rule.view(1, 1, 1, 1) : rule;
            Tensor sum = mask is null ? open : Masked(open, mask);
            return sum.expand(sum.shape[0], sum.shape[1], queries.Count, keys.Count).MoveToOuterDisposeScope();
        });
        Tensor read = added.requires_grad && torch.is_grad_enabled()
            ? Plain(q, k, v, null, scale, dropout, (scores, _) => scores.Plus(added), pass, queries, keys)
            : Fast(q, k, v, added, false, scale, dropout);
        return mask?.Reads is { } reads ? Erase(read, reads) : read;
    }

    /// <summary>The caller disposes its tensors.</summary>
    private static ScorePlace PlaceOf(Places queries, Places keys, long heads, AttentionMask? mask, Pass pass, Device device)
    {
        using Tensor count = Scalars.Range(heads, ScalarType.Int64, device);
        return new ScorePlace(
            queries.Positions.view(queries.Uniform ? 1 : queries.Batch, 1, queries.Count, 1),
            keys.Positions.view(keys.Uniform ? 1 : keys.Batch, 1, 1, keys.Count),
            count.view(1, heads, 1, 1))
        { Open = mask?.Open, Seen = SeenOf(mask, queries, pass) };
    }

    /// <summary>Where a score counts: the mask is open, and the query is no padding. Owned by the pass; null: everywhere.</summary>
    private static Tensor? SeenOf(AttentionMask? mask, Places queries, Pass pass) => !queries.Padded ? mask?.Open
        : pass.Memo((nameof(SeenOf), mask), () =>
        {
            using Tensor real = queries.Real!.view(queries.Batch, 1, queries.Count, 1);
            return mask is null ? real.alias() : mask.Open.logical_and(real);
        });

    // Selected, not added: what a rule makes of a hidden pair may be no number at all.
    private static Tensor Masked(Tensor scores, AttentionMask mask)
    {
        using Tensor lowest = torch.full([], Scalars.Of(Tensors.Lowest(scores.dtype)), scores.dtype, scores.device);
        return torch.where(mask.Closed, lowest, scores);
    }

    /// <summary>Scores written out, for a rule that reads them; softmax in float32 at least.</summary>
    private static Tensor Plain(Tensor q, Tensor k, Tensor v, AttentionMask? mask, double scale, double dropout, ScoreRule score, Pass pass,
        Places queries, Places keys)
    {
        long b = q.shape[0], t = q.shape[1], h = q.shape[2], d = q.shape[3], s = k.shape[1], g = k.shape[2], r = h / g;
        using Tensor scaled = q * Scalars.Of(scale);
        using Tensor grouped = scaled.view(b, t, g, r, d);
        using Tensor byHead = grouped.permute(0, 2, 3, 1, 4);
        using Tensor rows = byHead.reshape(b, g, r * t, d);
        using Tensor columns = k.permute(0, 2, 3, 1);
        using Tensor raw = rows.matmul(columns);
        Tensor scores = raw.view(b, h, t, s);
        ScorePlace place = PlaceOf(queries, keys, h, mask, pass, q.device);
        Tensor changed = score(scores, place);
        if (!changed.shape.AsSpan().SequenceEqual(scores.shape))
        {
            // A rule that reads neither the score nor the row gives fewer axes.
            using Tensor narrow = changed;
            changed = narrow.expand(b, h, t, s).contiguous();
        }

        place.Query.Dispose();
        place.Key.Dispose();
        place.Head.Dispose();
        if (!ReferenceEquals(changed, scores))
        {
            scores.Dispose();
        }

        if (mask is not null)
        {
            Tensor open = changed;
            changed = Masked(open, mask);
            open.Dispose();
        }

        ScalarType dtype = q.dtype;
        using Tensor masked = changed;
        using Tensor probability = masked.softmax(-1, Tensors.IsHalf(dtype) ? ScalarType.Float32 : null);
        using Tensor cast = probability.dtype == dtype ? probability.alias() : probability.to(dtype);
        using Tensor kept = dropout > 0 ? nn.functional.dropout(cast, dropout, true) : cast.alias();
        using Tensor weights = kept.view(b, g, r * t, s);
        using Tensor values = v.transpose(1, 2);
        using Tensor read = weights.matmul(values);
        using Tensor split = read.view(b, g * r, t, v.shape[3]);
        Tensor result = split.transpose(1, 2);
        return mask?.Reads is { } reads ? Erase(result, reads) : result;
    }

    private static Tensor Erase(Tensor read, Tensor reads)
    {
        using (read)
        {
            return read * reads;
        }
    }
}
