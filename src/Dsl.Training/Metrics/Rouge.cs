using System;
using System.Collections.Generic;
using System.Linq;
using System.Text.RegularExpressions;

namespace Dsl.Training.Metrics;

/// <summary>Precision, recall and their harmonic mean.</summary>
public readonly record struct RougeScore(double Precision, double Recall, double F)
{
    internal static RougeScore Of(int common, int predicted, int target)
    {
        double precision = common / (double)Math.Max(predicted, 1), recall = common / (double)Math.Max(target, 1);
        return new RougeScore(precision, recall, precision + recall > 0 ? 2 * precision * recall / (precision + recall) : 0);
    }
}

/// <summary>ROUGE (Lin 2004) as google-research's rouge_score computes it: lower case, words of letters and digits.</summary>
public static partial class Rouge
{
    /// <summary>ROUGE-n: n-grams in common.</summary>
    public static RougeScore Grams(string target, string prediction, int n, bool stem = false)
    {
        Dictionary<string, int> meant = NGrams.Count(Words(target, stem), n), said = NGrams.Count(Words(prediction, stem), n);
        int common = meant.Sum(gram => Math.Min(gram.Value, said.GetValueOrDefault(gram.Key)));
        return RougeScore.Of(common, said.Values.Sum(), meant.Values.Sum());
    }

    /// <summary>ROUGE-L: the longest common subsequence of the whole texts.</summary>
    public static RougeScore Longest(string target, string prediction, bool stem = false)
    {
        string[] meant = Words(target, stem), said = Words(prediction, stem);
        return RougeScore.Of(Table(meant, said)[meant.Length, said.Length], said.Length, meant.Length);
    }

    /// <summary>ROUGE-Lsum: for each sentence of the target, a line, the union of its longest common subsequences with the prediction's sentences.</summary>
    public static RougeScore LongestBySentence(string target, string prediction, bool stem = false)
    {
        string[][] meant = Sentences(target, stem), said = Sentences(prediction, stem);
        Dictionary<string, int> meantLeft = NGrams.Count(meant.SelectMany(words => words).ToArray(), 1),
            saidLeft = NGrams.Count(said.SelectMany(words => words).ToArray(), 1);
        int common = 0;
        foreach (string[] sentence in meant)
        {
            foreach (int at in said.SelectMany(other => Subsequence(sentence, other)).Distinct().Order())
            {
                // Each word counts at most as often as either side has it.
                string word = sentence[at];
                if (meantLeft.GetValueOrDefault(word) > 0 && saidLeft.GetValueOrDefault(word) > 0)
                {
                    meantLeft[word]--;
                    saidLeft[word]--;
                    common++;
                }
            }
        }

        return meant.Length == 0 || said.Length == 0 ? default : RougeScore.Of(common, said.Sum(words => words.Length), meant.Sum(words => words.Length));
    }

    private static string[][] Sentences(string text, bool stem) =>
        text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => Words(line, stem)).ToArray();

    private static string[] Words(string text, bool stem)
    {
        IEnumerable<string> words = NotWord().Split(text.ToLowerInvariant()).Where(word => word.Length > 0);
        return words.Select(word => stem && word.Length > 3 ? PorterStemmer.Stem(word) : word).Where(word => word.Length > 0).ToArray();
    }

    private static int[,] Table(string[] a, string[] b)
    {
        var table = new int[a.Length + 1, b.Length + 1];
        for (int i = 1; i <= a.Length; i++)
        {
            for (int j = 1; j <= b.Length; j++)
            {
                table[i, j] = a[i - 1] == b[j - 1] ? table[i - 1, j - 1] + 1 : Math.Max(table[i - 1, j], table[i, j - 1]);
            }
        }

        return table;
    }

    /// <summary>
    /// Places in <paramref name="a"/> of one longest common subsequence, the one that is found walking back through <paramref name="b"/> first.
    /// </summary>
    private static IEnumerable<int> Subsequence(string[] a, string[] b)
    {
        int[,] table = Table(a, b);
        for (int i = a.Length, j = b.Length; i > 0 && j > 0;)
        {
            if (a[i - 1] == b[j - 1])
            {
                yield return i - 1;
                i--;
                j--;
            }
            else if (table[i, j - 1] > table[i - 1, j])
            {
                j--;
            }
            else
            {
                i--;
            }
        }
    }

    [GeneratedRegex("[^a-z0-9]+")]
    private static partial Regex NotWord();
}
