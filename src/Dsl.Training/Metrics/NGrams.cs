using System.Collections.Generic;

namespace Dsl.Training.Metrics;

/// <summary>Runs of n words.</summary>
internal static class NGrams
{
    /// <summary>How often each run of <paramref name="n"/> words occurs.</summary>
    internal static Dictionary<string, int> Count(string[] words, int n)
    {
        var counts = new Dictionary<string, int>();
        for (int i = 0; i + n <= words.Length; i++)
        {
            string gram = string.Join(' ', words, i, n);
            counts[gram] = counts.GetValueOrDefault(gram) + 1;
        }

        return counts;
    }
}
