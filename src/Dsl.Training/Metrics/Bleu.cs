using System;
using System.Collections.Generic;
using System.Linq;
using System.Text.RegularExpressions;

namespace Dsl.Training.Metrics;

/// <summary>A corpus's BLEU and what it was made of.</summary>
/// <param name="Score">0 to 100.</param>
/// <param name="Precisions">Of 1-grams to 4-grams, in percent, smoothed.</param>
/// <param name="BrevityPenalty">1 where the hypotheses are as long as the nearest references.</param>
/// <param name="Length">Tokens of the hypotheses.</param>
/// <param name="ReferenceLength">Tokens of the references that are nearest in length.</param>
/// <param name="Matches">n-grams that occur in a reference, each at most as often as there.</param>
/// <param name="Totals">n-grams of the hypotheses.</param>
public sealed record BleuScore(
    double Score, double[] Precisions, double BrevityPenalty, int Length, int ReferenceLength, int[] Matches, int[] Totals);

/// <summary>BLEU (Papineni et al. 2002) with the defaults of sacrebleu 2: 13a tokens, exponential smoothing, 4-grams.</summary>
public static partial class Bleu
{
    private const int Order = 4;

    /// <summary>BLEU of a corpus.</summary>
    /// <param name="hypotheses">One text a sentence.</param>
    /// <param name="references">Sets of references, each with one text a sentence.</param>
    /// <param name="smooth">Exponential smoothing of n-grams that never match.</param>
    /// <param name="lowercase">Compare in lower case.</param>
    /// <param name="effectiveOrder">Leave out orders without any n-gram, as for single sentences.</param>
    public static BleuScore Corpus(
        IReadOnlyList<string> hypotheses, IReadOnlyList<IReadOnlyList<string>> references, bool smooth = true, bool lowercase = false,
        bool effectiveOrder = false)
    {
        var matches = new int[Order];
        var totals = new int[Order];
        int length = 0, referenceLength = 0;
        for (int i = 0; i < hypotheses.Count; i++)
        {
            string[] said = Words(hypotheses[i], lowercase);
            string[][] meant = references.Select(set => Words(set[i], lowercase)).ToArray();
            length += said.Length;
            referenceLength += meant.Select(words => words.Length).MinBy(count => (Math.Abs(count - said.Length), count));
            for (int n = 1; n <= Order; n++)
            {
                Dictionary<string, int>[] known = meant.Select(words => NGrams.Count(words, n)).ToArray();
                foreach ((string gram, int count) in NGrams.Count(said, n))
                {
                    totals[n - 1] += count;
                    matches[n - 1] += Math.Min(count, known.Max(grams => grams.GetValueOrDefault(gram)));
                }
            }
        }

        return Score(matches, totals, length, referenceLength, smooth, effectiveOrder);
    }

    /// <summary>BLEU of one sentence: orders longer than the sentence are left out.</summary>
    public static BleuScore Sentence(string hypothesis, IReadOnlyList<string> references) =>
        Corpus([hypothesis], references.Select(reference => (IReadOnlyList<string>)[reference]).ToArray(), effectiveOrder: true);

    /// <summary>The tokens that mteval-v13a makes, with spaces between them.</summary>
    public static string Tokenize13a(string line)
    {
        string text = line.Replace("<skipped>", "").Replace("-\n", "").Replace("\n", " ");
        text = text.Replace("&quot;", "\"").Replace("&amp;", "&").Replace("&lt;", "<").Replace("&gt;", ">");
        text = Symbols().Replace($" {text} ", " $1 ");
        text = AfterWord().Replace(text, "$1 $2 ");
        text = BeforeWord().Replace(text, " $1 $2");
        text = DashAfterDigit().Replace(text, "$1 $2 ");
        return string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
    }

    private static BleuScore Score(int[] matches, int[] totals, int length, int referenceLength, bool smooth, bool effectiveOrder)
    {
        double penalty = length >= referenceLength ? 1 : length > 0 ? Math.Exp(1 - referenceLength / (double)length) : 0;
        var precisions = new double[Order];
        double halving = 1;
        int order = Order;
        if (matches.All(count => count == 0))
        {
            return new BleuScore(0, precisions, penalty, length, referenceLength, matches, totals);
        }

        for (int n = 0; n < Order && totals[n] > 0; n++)
        {
            order = effectiveOrder ? n + 1 : order;
            if (matches[n] == 0 && smooth)
            {
                halving *= 2;
                precisions[n] = 100 / (halving * totals[n]);
            }
            else
            {
                precisions[n] = 100.0 * matches[n] / totals[n];
            }
        }

        double score = precisions.Take(order).Any(precision => precision == 0) ? 0
            : penalty * Math.Exp(precisions.Take(order).Sum(Math.Log) / order);
        return new BleuScore(score, precisions, penalty, length, referenceLength, matches, totals);
    }

    private static string[] Words(string text, bool lowercase) =>
        Tokenize13a((lowercase ? text.ToLowerInvariant() : text).TrimEnd()).Split(' ', StringSplitOptions.RemoveEmptyEntries);

    [GeneratedRegex(@"([\{-\~\[-\` -\&\(-\+\:-\@\/])")]
    private static partial Regex Symbols();

    [GeneratedRegex(@"([^0-9])([\.,])")]
    private static partial Regex AfterWord();

    [GeneratedRegex(@"([\.,])([^0-9])")]
    private static partial Regex BeforeWord();

    [GeneratedRegex(@"([0-9])(-)")]
    private static partial Regex DashAfterDigit();
}
