using System;
using System.Collections.Generic;

namespace Dsl.Text.Tokenizers;

/// <summary>Joins of vocabularies that rank pieces instead of pairs: any two symbols join whose text together is a piece, the lowest rank first.</summary>
internal static class PairJoins
{
    /// <param name="pieces">Text, id and rank of each piece; several may have the same rank.</param>
    /// <param name="symbols">What may be a side of a join, by its text.</param>
    internal static Dictionary<(int Left, int Right), Join> Of(IEnumerable<(string Text, int Id, int Rank)> pieces, Dictionary<string, int> symbols)
    {
        var joins = new Dictionary<(int, int), Join>();
        var lookup = symbols.GetAlternateLookup<ReadOnlySpan<char>>();
        foreach ((string text, int id, int rank) in pieces)
        {
            for (int at = 1; at < text.Length; at++)
            {
                if (lookup.TryGetValue(text.AsSpan(0, at), out int left) && lookup.TryGetValue(text.AsSpan(at), out int right))
                {
                    joins.TryAdd((left, right), new Join(rank, id));
                }
            }
        }

        return joins;
    }
}
