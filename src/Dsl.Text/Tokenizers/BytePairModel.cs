using System;
using System.Collections.Generic;
using System.Text;

namespace Dsl.Text.Tokenizers;

/// <summary>What joins when two symbols stand side by side.</summary>
/// <param name="Rank">Lower ranks join first; of equal ones the leftmost.</param>
/// <param name="Joined">The symbol they become.</param>
internal readonly record struct Join(int Rank, int Joined);

/// <summary>How a byte-pair model spells the characters it starts from.</summary>
internal sealed record BytePairOptions
{
    /// <summary>For characters without a symbol; null: they are left out.</summary>
    internal int? Unknown { get; init; }

    /// <summary>Unknown neighbours are one unknown token.</summary>
    internal bool FuseUnknown { get; init; }

    /// <summary>The 256 tokens &lt;0x00&gt; ... that spell characters without a symbol; null: none.</summary>
    internal int[]? ByteFallback { get; init; }

    /// <summary>A word that is a token is taken whole, whatever its joins.</summary>
    internal bool WholeWords { get; init; }

    /// <summary>Marks symbols that go on in a word.</summary>
    internal string ContinuingPrefix { get; init; } = "";

    /// <summary>Marks the symbol that ends a word.</summary>
    internal string EndSuffix { get; init; } = "";
}

/// <summary>
/// Byte-pair encoding (Sennrich et al. 2016, arXiv 1508.07909): neighbours join in the order of their ranks. Time: n log n in the word's length.
/// </summary>
internal sealed class BytePairModel(
    Func<string, int?> symbolOf, Func<string, int?> tokenOf, IReadOnlyDictionary<(int Left, int Right), Join> joins, int vocabulary, BytePairOptions options)
    : IPieceModel
{
    private const int Gone = -1, UnknownSymbol = -2;

    public void Cut(string word, List<Piece> pieces)
    {
        if (options.WholeWords && tokenOf(word) is { } whole)
        {
            pieces.Add(new Piece(whole, 0, word.Length));
            return;
        }

        List<Symbol> symbols = Spell(word);
        Merge(symbols);
        for (int i = 0; i < symbols.Count; i++)
        {
            if (symbols[i].Id != Gone)
            {
                Emit(symbols[i], word, pieces);
            }
        }
    }

    private List<Symbol> Spell(string word)
    {
        var symbols = new List<Symbol>(word.Length);
        for (int start = 0; start < word.Length;)
        {
            int end = start + (char.IsHighSurrogate(word[start]) && start + 1 < word.Length ? 2 : 1);
            string character = word[start..end];
            string spelt = (start > 0 ? options.ContinuingPrefix : "") + character + (end == word.Length ? options.EndSuffix : "");
            if (symbolOf(spelt) is { } id)
            {
                symbols.Add(new Symbol(id, start, end));
            }
            else if (options.ByteFallback is { } bytes)
            {
                foreach (byte value in Encoding.UTF8.GetBytes(character))
                {
                    symbols.Add(new Symbol(bytes[value], start, end));
                }
            }
            else if (options.Unknown is not null)
            {
                if (options.FuseUnknown && symbols.Count > 0 && symbols[^1].Id == UnknownSymbol)
                {
                    symbols[^1] = symbols[^1] with { End = end };
                }
                else
                {
                    symbols.Add(new Symbol(UnknownSymbol, start, end));
                }
            }

            start = end;
        }

        return symbols;
    }

    private void Merge(List<Symbol> symbols)
    {
        if (symbols.Count < 2)
        {
            return;
        }

        var next = new int[symbols.Count];
        var previous = new int[symbols.Count];
        var queue = new PriorityQueue<(int Place, int Left, int Right, int Joined), (int Rank, int Place)>();
        for (int i = 0; i < symbols.Count; i++)
        {
            next[i] = i + 1;
            previous[i] = i - 1;
            Offer(i);
        }

        while (queue.TryDequeue(out (int Place, int Left, int Right, int Joined) join, out _))
        {
            int right = symbols[join.Place].Id == join.Left ? next[join.Place] : symbols.Count;

            // A join that was offered before one of its sides changed is void.
            if (right >= symbols.Count || symbols[right].Id != join.Right)
            {
                continue;
            }

            symbols[join.Place] = new Symbol(join.Joined, symbols[join.Place].Start, symbols[right].End);
            symbols[right] = symbols[right] with { Id = Gone };
            next[join.Place] = next[right];
            if (next[right] < symbols.Count)
            {
                previous[next[right]] = join.Place;
            }

            Offer(join.Place);
            if (previous[join.Place] >= 0)
            {
                Offer(previous[join.Place]);
            }
        }

        void Offer(int place)
        {
            if (next[place] < symbols.Count && joins.TryGetValue((symbols[place].Id, symbols[next[place]].Id), out Join join))
            {
                queue.Enqueue((place, symbols[place].Id, symbols[next[place]].Id, join.Joined), (join.Rank, place));
            }
        }
    }

    private void Emit(Symbol symbol, string word, List<Piece> pieces)
    {
        if (symbol.Id != UnknownSymbol && symbol.Id < vocabulary)
        {
            pieces.Add(new Piece(symbol.Id, symbol.Start, symbol.End));
            return;
        }

        // A character that only takes part in joins, and did not.
        if (symbol.Id != UnknownSymbol && options.ByteFallback is { } bytes)
        {
            foreach (byte value in Encoding.UTF8.GetBytes(word[symbol.Start..symbol.End]))
            {
                pieces.Add(new Piece(bytes[value], symbol.Start, symbol.End));
            }

            return;
        }

        if (options.Unknown is { } unknown)
        {
            if (options.FuseUnknown && pieces.Count > 0 && pieces[^1].Id == unknown && pieces[^1].End == symbol.Start)
            {
                pieces[^1] = pieces[^1] with { End = symbol.End };
            }
            else
            {
                pieces.Add(new Piece(unknown, symbol.Start, symbol.End));
            }
        }
    }

    private readonly record struct Symbol(int Id, int Start, int End);
}
