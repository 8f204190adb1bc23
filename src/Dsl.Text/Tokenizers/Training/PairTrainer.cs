using System;
using System.Collections.Generic;
using System.Linq;

namespace Dsl.Text.Tokenizers;

/// <summary>
/// Learns the joins of byte-pair encoding (Sennrich et al. 2016): again and again the most frequent pair of neighbours becomes a symbol. Each join touches only
/// the words that the pair is in. Of equally frequent pairs the one of older symbols joins first, so that the same words give the same joins.
/// </summary>
/// <param name="join">The spelling of two joined symbols.</param>
internal sealed class PairTrainer(Func<string, string, string> join)
{
    private readonly Dictionary<string, int> ids = new(StringComparer.Ordinal);
    private readonly List<string> symbols = [];
    private readonly List<(int[] Symbols, long Count)> words = [];
    private readonly Dictionary<(int Left, int Right), long> counts = [];
    private readonly Dictionary<(int Left, int Right), HashSet<int>> places = [];
    private readonly PriorityQueue<(int Left, int Right, long Count), (long Count, int Left, int Right)> queue = new();

    /// <summary>The symbols in the order of their making: what was given first, then one for each join that made a new one.</summary>
    internal IReadOnlyList<string> Symbols => symbols;

    /// <summary>A symbol's number; a new one gets the next.</summary>
    internal int Symbol(string spelling)
    {
        if (!ids.TryGetValue(spelling, out int id))
        {
            ids.Add(spelling, id = symbols.Count);
            symbols.Add(spelling);
        }

        return id;
    }

    /// <summary>A word of the text, spelt in symbols, and how often it occurs.</summary>
    internal void Add(int[] spelling, long count) => words.Add((spelling, count));

    /// <summary>Joins until there are so many symbols, or no pair occurs so often.</summary>
    internal IReadOnlyList<(string Left, string Right)> Learn(int most, int minFrequency)
    {
        for (int word = 0; word < words.Count; word++)
        {
            Count(word, +1, null);
        }

        foreach (((int left, int right), long count) in counts)
        {
            Offer(left, right, count);
        }

        var joins = new List<(string, string)>();
        var changed = new HashSet<(int, int)>();
        while (symbols.Count < most && queue.TryDequeue(out (int Left, int Right, long Count) best, out _))
        {
            (int, int) pair = (best.Left, best.Right);
            if (!counts.TryGetValue(pair, out long now) || now != best.Count)
            {
                continue;
            }

            if (now < minFrequency)
            {
                break;
            }

            int joined = Symbol(join(symbols[best.Left], symbols[best.Right]));
            joins.Add((symbols[best.Left], symbols[best.Right]));
            changed.Clear();
            foreach (int word in places[pair].ToArray())
            {
                Count(word, -1, changed);
                words[word] = (Join(words[word].Symbols, best.Left, best.Right, joined), words[word].Count);
                Count(word, +1, changed);
            }

            counts.Remove(pair);
            places.Remove(pair);
            foreach ((int left, int right) in changed)
            {
                if (counts.TryGetValue((left, right), out long count))
                {
                    Offer(left, right, count);
                }
            }
        }

        return joins;
    }

    private void Offer(int left, int right, long count) => queue.Enqueue((left, right, count), (-count, left, right));

    private void Count(int word, int sign, HashSet<(int, int)>? changed)
    {
        (int[] spelling, long count) = words[word];
        for (int i = 0; i + 1 < spelling.Length; i++)
        {
            (int, int) pair = (spelling[i], spelling[i + 1]);
            long sum = counts.GetValueOrDefault(pair) + (sign * count);
            changed?.Add(pair);
            if (!places.TryGetValue(pair, out HashSet<int>? among))
            {
                places.Add(pair, among = []);
            }

            if (sum == 0)
            {
                counts.Remove(pair);
                among.Remove(word);
                continue;
            }

            counts[pair] = sum;
            if (sign > 0)
            {
                among.Add(word);
            }
            else
            {
                among.Remove(word);
            }
        }
    }

    private static int[] Join(int[] spelling, int left, int right, int joined)
    {
        var kept = new List<int>(spelling.Length);
        for (int i = 0; i < spelling.Length; i++)
        {
            bool joins = i + 1 < spelling.Length && spelling[i] == left && spelling[i + 1] == right;
            kept.Add(joins ? joined : spelling[i]);
            i += joins ? 1 : 0;
        }

        return [.. kept];
    }
}
