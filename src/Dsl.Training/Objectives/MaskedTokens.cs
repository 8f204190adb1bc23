using System;
using System.Collections.Generic;
using System.Linq;

namespace Dsl.Training.Objectives;

/// <summary>A text with some of its tokens hidden.</summary>
/// <param name="Ids">What the model reads.</param>
/// <param name="Labels">The token that stood there where the loss counts, -100 elsewhere.</param>
public readonly record struct Masked(int[] Ids, int[] Labels);

/// <summary>How many tokens are hidden, and what is written in their place.</summary>
/// <param name="MaskId">The mask token.</param>
/// <param name="Vocabulary">Random tokens are drawn from 0 to this, exclusive.</param>
/// <param name="Probability">The share of tokens to predict.</param>
/// <param name="MaskShare">The share of those that become the mask.</param>
/// <param name="KeepShare">Of the rest, the share that stays as it is; what is left becomes a random token.</param>
/// <param name="Limit">At most so many in a row.</param>
/// <param name="FirstRandom">The lowest random token: 0 where special tokens may be drawn, as BERT does.</param>
public sealed record MaskingRule(
    int MaskId, int Vocabulary, double Probability = 0.15, double MaskShare = 0.8, double KeepShare = 0.5, int Limit = int.MaxValue, int FirstRandom = 0);

/// <summary>Masked language modelling: which tokens are hidden, and how.</summary>
public static class MaskedTokens
{
    /// <summary>Labels where the loss does not count.</summary>
    public const int Ignored = -100;

    /// <summary>BERT's count: min(limit, max(1, round(length x probability))), half to even; the length counts special tokens.</summary>
    public static int Count(int length, MaskingRule rule) => Math.Min(rule.Limit, Math.Max(1, (int)Math.Round(length * rule.Probability)));

    /// <summary>RoBERTa's count: int(length x probability + u), with u uniform in [0, 1) (fairseq, mask_tokens_dataset.py).</summary>
    public static int RoundedCount(int length, double probability, double uniform) => (int)(probability * length + uniform);

    /// <summary>
    /// BERT's masking (google-research/bert, create_pretraining_data.py): words in random order until the count is reached; a word that would overshoot is
    /// skipped; each of its tokens draws by itself what becomes of it.
    /// </summary>
    /// <param name="ids">A row with its special tokens.</param>
    /// <param name="groups">Its words, from <see cref="WordGroups"/>.</param>
    /// <param name="count">How many tokens to predict at most.</param>
    /// <param name="rule">What is written.</param>
    /// <param name="draws">One permutation of the words, then one or two numbers and perhaps an integer a token.</param>
    public static Masked Words(IReadOnlyList<int> ids, IReadOnlyList<int[]> groups, int count, MaskingRule rule, IDraws draws)
    {
        (int[] output, int[] labels) = Begin(ids);
        int masked = 0;
        foreach (int word in draws.Permutation(groups.Count))
        {
            int[] group = groups[word];
            if (masked >= count)
            {
                break;
            }

            if (masked + group.Length > count)
            {
                continue;
            }

            masked += group.Length;
            Hide(group, ids, output, labels, rule, draws);
        }

        return new Masked(output, labels);
    }

    /// <summary>
    /// ALBERT's masking (google-research/albert, create_pretraining_data.py): runs of up to <paramref name="longest"/> words, of n with a chance in
    /// proportion to 1 / n; a run that would overshoot is tried shorter, then skipped.
    /// </summary>
    public static Masked Runs(IReadOnlyList<int> ids, IReadOnlyList<int[]> groups, int longest, int count, MaskingRule rule, IDraws draws)
    {
        (int[] output, int[] labels) = Begin(ids);
        double[] weights = Enumerable.Range(1, longest).Select(n => 1.0 / n).ToArray();
        var covered = new HashSet<int>();
        foreach (int start in draws.Permutation(groups.Count))
        {
            if (covered.Count >= count)
            {
                break;
            }

            int n = draws.Choice(weights) + 1;
            int[] run = Run(groups, start, n);
            while (covered.Count + run.Length > count && n > 1)
            {
                run = Run(groups, start, --n);
            }

            if (covered.Count + run.Length > count || run.Any(covered.Contains))
            {
                continue;
            }

            covered.UnionWith(run);
            Hide(run, ids, output, labels, rule, draws);
        }

        return new Masked(output, labels);
    }

    /// <summary>
    /// The collator of transformers: each token that is not special by itself with the rule's probability. Each decision is drawn for all positions, one
    /// decision after the other, whether it is used or not.
    /// </summary>
    /// <param name="ids">One row, or several one after another.</param>
    /// <param name="special">Positions never hidden.</param>
    /// <param name="rule">What is written.</param>
    /// <param name="draws">For all positions: hidden?, masked?, random?, which token.</param>
    public static Masked Each(IReadOnlyList<int> ids, Func<int, bool> special, MaskingRule rule, IDraws draws)
    {
        int n = ids.Count;
        bool[] Decide(Func<int, double> probability) => Enumerable.Range(0, n).Select(i => draws.Uniform() < probability(i)).ToArray();

        bool[] hidden = Decide(i => special(i) ? 0 : rule.Probability);
        bool[] masked = Decide(_ => rule.MaskShare);
        bool[] random = Decide(_ => 1 - rule.KeepShare);
        (int[] output, int[] labels) = Begin(ids);
        for (int i = 0; i < n; i++)
        {
            int word = draws.Integer(rule.FirstRandom, rule.Vocabulary - 1);
            if (hidden[i])
            {
                labels[i] = ids[i];
                output[i] = masked[i] ? rule.MaskId : random[i] ? word : ids[i];
            }
        }

        return new Masked(output, labels);
    }

    private static (int[] Output, int[] Labels) Begin(IReadOnlyList<int> ids)
    {
        var labels = new int[ids.Count];
        Array.Fill(labels, Ignored);
        return (ids.ToArray(), labels);
    }

    private static int[] Run(IReadOnlyList<int[]> groups, int start, int n) => groups.Skip(start).Take(n).SelectMany(group => group).ToArray();

    private static void Hide(int[] positions, IReadOnlyList<int> ids, int[] output, int[] labels, MaskingRule rule, IDraws draws)
    {
        foreach (int position in positions)
        {
            labels[position] = ids[position];
            output[position] = draws.Uniform() < rule.MaskShare ? rule.MaskId
                : draws.Uniform() < rule.KeepShare ? ids[position]
                : draws.Integer(rule.FirstRandom, rule.Vocabulary - 1);
        }
    }
}
