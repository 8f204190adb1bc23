using System;
using System.Collections.Generic;
using System.Linq;
using System.Text.RegularExpressions;

namespace Dsl.Training.Metrics;

/// <summary>SQuAD's comparison of answers (rajpurkar/SQuAD-explorer, evaluate-v2.0.py).</summary>
public static partial class AnswerMatch
{
    private const string Punctuation = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";

    /// <summary>Lower case, without ASCII punctuation, then without the words a, an, the, with single spaces.</summary>
    public static string Normalise(string answer)
    {
        string bare = string.Concat(answer.ToLowerInvariant().Where(c => !Punctuation.Contains(c)));
        return string.Join(' ', Articles().Replace(bare, " ").Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
    }

    /// <summary>1 where the answer equals one of the right ones; no right answer means that the empty one is right.</summary>
    public static double Exact(string answer, IReadOnlyList<string> right) => Best(right, gold => Normalise(gold) == Normalise(answer) ? 1 : 0);

    /// <summary>F1 of the words in common with the right answer that fits best; where a side is empty, 1 only if both are.</summary>
    public static double F1(string answer, IReadOnlyList<string> right) => Best(right, gold =>
    {
        string[] said = Words(answer), meant = Words(gold);
        if (said.Length == 0 || meant.Length == 0)
        {
            return said.Length == meant.Length ? 1 : 0;
        }

        Dictionary<string, int> left = meant.GroupBy(word => word).ToDictionary(group => group.Key, group => group.Count());
        int common = 0;
        foreach (string word in said)
        {
            if (left.GetValueOrDefault(word) > 0)
            {
                left[word]--;
                common++;
            }
        }

        double precision = common / (double)said.Length, recall = common / (double)meant.Length;
        return common == 0 ? 0 : 2 * precision * recall / (precision + recall);
    });

    private static double Best(IReadOnlyList<string> right, Func<string, double> score) =>
        right.Where(gold => Normalise(gold).Length > 0).DefaultIfEmpty("").Max(score);

    private static string[] Words(string text) => Normalise(text).Split(' ', StringSplitOptions.RemoveEmptyEntries);

    [GeneratedRegex(@"\b(a|an|the)\b")]
    private static partial Regex Articles();
}
