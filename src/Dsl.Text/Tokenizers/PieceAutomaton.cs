using System;
using System.Collections.Generic;
using System.Linq;

namespace Dsl.Text.Tokenizers;

/// <summary>
/// Finds pieces in a text in one pass, however they overlap (Aho and Corasick 1975). A state is the longest end of what was read that begins a piece.
/// </summary>
internal sealed class PieceAutomaton
{
    internal const int Root = 0;
    private const int None = -1;

    private readonly Dictionary<long, int> edges = [];
    private readonly List<int> pieces = [None];
    private readonly List<int> lengths = [0];
    private readonly int[] shorter;
    private readonly int[] within;
    private readonly bool reversed;

    /// <param name="spellings">Spelling and id of each piece; of equal spellings the last counts. Empty ones are left out.</param>
    /// <param name="reversed">Texts are read from their ends.</param>
    internal PieceAutomaton(IEnumerable<(string Spelling, int Id)> spellings, bool reversed = false)
    {
        this.reversed = reversed;
        var sources = new List<(int From, char Unit)> { default };
        foreach ((string spelling, int id) in spellings)
        {
            int state = Root;
            for (int i = 0; i < spelling.Length; i++)
            {
                char unit = reversed ? spelling[^(i + 1)] : spelling[i];
                if (!edges.TryGetValue(Edge(state, unit), out int next))
                {
                    edges.Add(Edge(state, unit), next = pieces.Count);
                    pieces.Add(None);
                    lengths.Add(i + 1);
                    sources.Add((state, unit));
                }

                state = next;
            }

            pieces[state] = state == Root ? None : id;
        }

        shorter = new int[pieces.Count];
        within = new int[pieces.Count];
        foreach (int state in Enumerable.Range(1, pieces.Count - 1).OrderBy(state => lengths[state]))
        {
            (int from, char unit) = sources[state];
            int end = from == Root ? Root : Step(shorter[from], unit);
            shorter[state] = end;
            within[state] = pieces[end] != None ? end : within[end];
        }
    }

    /// <summary>The state after one more unit.</summary>
    internal int Step(int state, char unit)
    {
        int next;
        while (!edges.TryGetValue(Edge(state, unit), out next) && state != Root)
        {
            state = shorter[state];
        }

        return next;
    }

    /// <summary>The longest piece that ends here; Root where none does.</summary>
    internal int Piece(int state) => pieces[state] != None ? state : within[state];

    /// <summary>The next shorter piece that ends where this one does; Root where none does.</summary>
    internal int Shorter(int piece) => within[piece];

    internal int IdOf(int piece) => pieces[piece];

    internal int LengthOf(int piece) => lengths[piece];

    /// <summary>The longest piece that the text begins with, from a place on; Root where none does.</summary>
    internal int LongestAt(string text, int from)
    {
        int best = Root;
        for (int i = from, state = Root; i < text.Length && edges.TryGetValue(Edge(state, text[i]), out state); i++)
        {
            best = pieces[state] != None ? state : best;
        }

        return best;
    }

    /// <summary>For each place of a text the longest piece that begins there, Root where none does; the automaton reads from the end.</summary>
    internal int[] LongestAtEach(string text)
    {
        if (!reversed)
        {
            throw new InvalidOperationException("The automaton reads forwards.");
        }

        var longest = new int[text.Length];
        for (int i = text.Length - 1, state = Root; i >= 0; i--)
        {
            state = Step(state, text[i]);
            longest[i] = Piece(state);
        }

        return longest;
    }

    private static long Edge(int state, char unit) => ((long)state << 16) | unit;
}
