using System;
using System.Collections.Generic;
using System.Linq;

namespace Dsl.Training.Objectives;

/// <summary>
/// BART's noises on one row that begins and ends with tokens which no noise touches (facebookresearch/fairseq, fairseq/data/denoising_dataset.py).
/// </summary>
/// <param name="MaskId">The mask token.</param>
/// <param name="Vocabulary">Random tokens are drawn from 1 to this, exclusive.</param>
/// <param name="FullStop">The token that ends sentences.</param>
/// <param name="Continues">Whether a token continues the word before it; null: every token is a word.</param>
/// <param name="RandomShare">The share of masks that become random tokens.</param>
public sealed record Denoising(int MaskId, int Vocabulary, int FullStop, Func<int, bool>? Continues = null, double RandomShare = 0)
{
    private const double LeastProbability = 1e-7;

    /// <summary>The chances of the lengths 0, 1, 2, ... of Poisson's distribution, cut off where they fall below 1e-7.</summary>
    public static double[] PoissonTable(double mean)
    {
        var table = new List<double>();
        double probability = Math.Exp(-mean);
        for (int k = 1; k <= 128; k++)
        {
            table.Add(probability);
            probability *= mean / k;
            if (probability < LeastProbability)
            {
                break;
            }
        }

        return [.. table];
    }

    /// <summary>How many words a noise may take: ceil(words x share), in float32 as published.</summary>
    public int Budget(IReadOnlyList<int> row, double share) => (int)MathF.Ceiling(Starts(row).Length * (float)share);

    /// <summary>Lengths drawn until they sum to the budget; the last one is trimmed to fit. A length of 0 is an insertion.</summary>
    public static int[] Trim(IReadOnlyList<int> drawn, int budget)
    {
        var used = new List<int>();
        int sum = 0;
        for (int i = 0; sum < budget; i++)
        {
            int length = Math.Min(drawn[i], budget - sum);
            used.Add(length);
            sum += length;
        }

        return [.. used];
    }

    /// <summary>Token masking (replace 1), deletion (replace 0), or a mask for each token of a word (-1): words of one length, at random places.</summary>
    public int[] Mask(IReadOnlyList<int> row, double share, int replace, IDraws draws)
    {
        int[] starts = Starts(row);
        int budget = Math.Min(Budget(row, share), starts.Length);
        int[] chosen = draws.Permutation(starts.Length).Take(budget).Select(k => starts[k]).ToArray();
        return Spans(row, chosen, Enumerable.Repeat(1, chosen.Length).ToArray(), replace, draws);
    }

    /// <summary>Text infilling: spans of random lengths, each replaced by one mask (replace 1); lengths of 0 insert a mask at a random place.</summary>
    /// <param name="row">Ids with both ends.</param>
    /// <param name="share">The share of words to replace.</param>
    /// <param name="lengths">Chances of the lengths 0, 1, 2, ..., from <see cref="PoissonTable"/>.</param>
    /// <param name="replace">1: one mask a span; 0: none; -1: one for each token.</param>
    /// <param name="draws">Lengths, one permutation of the words, perhaps random tokens, one permutation for the places of insertions.</param>
    public int[] Infill(IReadOnlyList<int> row, double share, IReadOnlyList<double> lengths, int replace, IDraws draws)
    {
        int budget = Budget(row, share);
        if (budget == 0)
        {
            return [.. row];
        }

        var drawn = new List<int>();
        int sum = 0;
        do
        {
            // Drawn by the budget's number at a time, as published.
            for (int k = 0; k < budget; k++)
            {
                drawn.Add(draws.Choice(lengths));
                sum += drawn[^1];
            }
        }
        while (sum < budget);

        int[] used = Trim(drawn, budget);
        int[] spans = [.. used.Where(length => length > 0)];
        int[] starts = Starts(row);
        int[] chosen = draws.Permutation(starts.Length).Take(spans.Length).Select(k => starts[k]).ToArray();
        int[] result = Spans(row, chosen, spans, replace, draws);
        return Insert(result, used.Length - spans.Length, draws);
    }

    /// <summary>Replaces spans that run from their starts over so many words, never over the row's end.</summary>
    /// <param name="row">Ids with both ends.</param>
    /// <param name="starts">Positions of word starts.</param>
    /// <param name="lengths">Words in each span, 1 or more.</param>
    /// <param name="replace">1: a span's first position becomes the mask and the rest goes; 0: all goes; -1: each becomes a mask. What one span covers as a
    /// later position goes even where another begins.</param>
    /// <param name="draws">A number for each span, and a token for each position that takes a random one, where there is a random share.</param>
    public int[] Spans(IReadOnlyList<int> row, IReadOnlyList<int> starts, IReadOnlyList<int> lengths, int replace, IDraws draws)
    {
        int[] ids = [.. row];
        var gone = new bool[ids.Length];
        bool[] random = starts.Select(_ => RandomShare > 0 && draws.Uniform() < RandomShare).ToArray();
        for (int k = 0; k < starts.Count; k++)
        {
            if (replace == 0)
            {
                gone[starts[k]] = true;
            }
            else
            {
                ids[starts[k]] = random[k] ? draws.Integer(1, Vocabulary - 1) : MaskId;
            }
        }

        for (int k = 0; k < starts.Count; k++)
        {
            int words = lengths[k];
            for (int at = starts[k] + 1; at < row.Count - 1; at++)
            {
                words -= IsStart(row, at) ? 1 : 0;
                if (words == 0)
                {
                    break;
                }

                if (replace == -1)
                {
                    ids[at] = random[k] ? draws.Integer(1, Vocabulary - 1) : MaskId;
                }
                else
                {
                    gone[at] = true;
                }
            }
        }

        return ids.Where((_, i) => !gone[i]).ToArray();
    }

    /// <summary>Inserts masks at random places between the ends.</summary>
    /// <param name="row">Ids with both ends.</param>
    /// <param name="count">How many; as published, counted back from a ratio, which rounding may turn into one more (<see cref="Insertions"/>).</param>
    /// <param name="draws">One permutation of the places, and a token for each random one.</param>
    public int[] Insert(IReadOnlyList<int> row, int count, IDraws draws)
    {
        int n = Insertions(count, row.Count);
        if (n == 0)
        {
            return [.. row];
        }

        int[] places = draws.Permutation(row.Count + n - 2).Take(n).Select(k => k + 1).ToArray();
        int random = (int)Math.Ceiling(n * RandomShare);
        var inserted = new Dictionary<int, int>();
        for (int k = 0; k < n; k++)
        {
            inserted.Add(places[k], k < random ? draws.Integer(1, Vocabulary - 1) : MaskId);
        }

        var result = new int[row.Count + n];
        for (int i = 0, from = 0; i < result.Length; i++)
        {
            result[i] = inserted.TryGetValue(i, out int id) ? id : row[from++];
        }

        return result;
    }

    /// <summary>ceil(length x (count / length)) in float64, which is count or, by rounding, one more: what the published code inserts.</summary>
    public static int Insertions(int count, int length) => (int)Math.Ceiling(length * ((double)count / length));

    /// <summary>
    /// The sentences of a row without its ends: one ends after a full stop whose predecessor is none; the last token before the end counts as a full stop.
    /// Full stops after the last end belong to no sentence and stay where they are.
    /// </summary>
    public int[][] Sentences(IReadOnlyList<int> row)
    {
        bool Stops(int i) => row[i] == FullStop || i == row.Count - 2;

        var sentences = new List<int[]>();
        int from = 1;
        for (int i = 1; i < row.Count - 1; i++)
        {
            if (Stops(i) && !Stops(i - 1))
            {
                sentences.Add(row.Skip(from).Take(i + 1 - from).ToArray());
                from = i + 1;
            }
        }

        return [.. sentences];
    }

    /// <summary>Sentence permutation: a share of the sentences, rounded up, changes places.</summary>
    public int[] Permute(IReadOnlyList<int> row, double share, IDraws draws)
    {
        int count = Sentences(row).Length;
        int moved = (int)Math.Ceiling(count * 2 * share / 2.0);
        int[] chosen = draws.Permutation(count)[..moved];
        int[] order = Enumerable.Range(0, count).ToArray();
        int[] among = draws.Permutation(moved);
        for (int k = 0; k < moved; k++)
        {
            order[chosen[k]] = chosen[among[k]];
        }

        return Reorder(row, order);
    }

    /// <summary>The row with its sentences in another order: the k-th is the one that <paramref name="order"/> names.</summary>
    public int[] Reorder(IReadOnlyList<int> row, IReadOnlyList<int> order)
    {
        int[][] sentences = Sentences(row);
        int[] moved = order.SelectMany(k => sentences[k]).ToArray();
        return [row[0], .. moved, .. row.Skip(1 + moved.Length)];
    }

    /// <summary>Document rotation: what stands between the ends begins at <paramref name="offset"/>, from 1 to the length - 1.</summary>
    public static int[] Rotate(IReadOnlyList<int> row, int offset) =>
        [row[0], .. row.Skip(offset).Take(row.Count - 1 - offset), .. row.Skip(1).Take(offset - 1), row[^1]];

    /// <summary>Document rotation at a random place.</summary>
    public static int[] Rotate(IReadOnlyList<int> row, IDraws draws) => Rotate(row, draws.Integer(1, Math.Max(1, row.Count - 1)));

    private int[] Starts(IReadOnlyList<int> row) => Enumerable.Range(1, Math.Max(0, row.Count - 2)).Where(i => IsStart(row, i)).ToArray();

    private bool IsStart(IReadOnlyList<int> row, int position) => Continues is null || !Continues(row[position]);
}
