using System;
using System.Collections.Generic;
using System.Linq;

namespace Dsl.Training.Objectives;

/// <summary>Two pieces of text.</summary>
/// <param name="First">Tokens of the first, without special ones.</param>
/// <param name="Second">Tokens of the second.</param>
/// <param name="Label">0: the second follows the first; 1: it comes from elsewhere, or the two are swapped.</param>
public readonly record struct SentencePair(IReadOnlyList<int> First, IReadOnlyList<int> Second, int Label);

/// <summary>Whether texts come in pairs, and how the second piece of one may be wrong.</summary>
public enum PairTask
{
    /// <summary>There are no pairs.</summary>
    None,

    /// <summary>It comes from another document (BERT).</summary>
    NextSentence,

    /// <summary>The two are swapped (ALBERT).</summary>
    SentenceOrder,
}

/// <summary>Pairs of neighbouring pieces of text, and wrong ones (create_pretraining_data.py of google-research/bert and /albert).</summary>
public static class SentencePairs
{
    private const int Attempts = 10;

    /// <summary>All pairs of one document.</summary>
    /// <param name="documents">Documents of sentences of tokens; wrong sentences are drawn from all of them.</param>
    /// <param name="index">Which one is cut into pairs.</param>
    /// <param name="length">Tokens in a pair, three special ones included.</param>
    /// <param name="shortProbability">How often a document is cut into shorter pairs.</param>
    /// <param name="task">What a wrong pair is.</param>
    /// <param name="draws">Once whether short and how long; for each pair where it is cut, whether it is wrong, the other document and place, and an end for
    /// each token cut off.</param>
    public static IReadOnlyList<SentencePair> Make(
        IReadOnlyList<IReadOnlyList<int[]>> documents, int index, int length, double shortProbability, PairTask task, IDraws draws)
    {
        IReadOnlyList<int[]> document = documents[index];
        int most = length - 3;
        int target = draws.Uniform() < shortProbability ? draws.Integer(2, most) : most;
        var pairs = new List<SentencePair>();
        var chunk = new List<int[]>();
        int tokens = 0;
        for (int i = 0; i < document.Count; i++)
        {
            chunk.Add(document[i]);
            tokens += document[i].Length;
            if (i < document.Count - 1 && tokens < target)
            {
                continue;
            }

            int cut = chunk.Count >= 2 ? draws.Integer(1, chunk.Count - 1) : 1;
            List<int> first = [.. chunk.Take(cut).SelectMany(sentence => sentence)];
            List<int> second = [.. chunk.Skip(cut).SelectMany(sentence => sentence)];
            bool wrong = chunk.Count == 1 || draws.Uniform() < 0.5;
            if (wrong && (chunk.Count == 1 || task == PairTask.NextSentence))
            {
                second = Elsewhere(documents, index, target - first.Count, draws);

                // What was not used of this chunk is put back.
                i -= chunk.Count - cut;
            }
            else if (wrong)
            {
                (first, second) = (second, first);
            }

            Truncate(first, second, most, draws);
            pairs.Add(new SentencePair(first, second, wrong ? 1 : 0));
            chunk.Clear();
            tokens = 0;
        }

        return pairs;
    }

    private static List<int> Elsewhere(IReadOnlyList<IReadOnlyList<int[]>> documents, int index, int length, IDraws draws)
    {
        int other = index;
        for (int attempt = 0; attempt < Attempts; attempt++)
        {
            other = draws.Integer(0, documents.Count - 1);
            if (other != index)
            {
                break;
            }
        }

        IReadOnlyList<int[]> document = documents[other];
        var tokens = new List<int>();
        for (int j = draws.Integer(0, document.Count - 1); j < document.Count; j++)
        {
            tokens.AddRange(document[j]);
            if (tokens.Count >= length)
            {
                break;
            }
        }

        return tokens;
    }

    private static void Truncate(List<int> first, List<int> second, int most, IDraws draws)
    {
        while (first.Count + second.Count > most)
        {
            List<int> longer = first.Count > second.Count ? first : second;
            longer.RemoveAt(draws.Uniform() < 0.5 ? 0 : longer.Count - 1);
        }
    }
}
