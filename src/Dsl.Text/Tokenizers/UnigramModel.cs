using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;

namespace Dsl.Text.Tokenizers;

/// <summary>
/// Unigram language model (Kudo 2018, arXiv 1804.10959): of all ways to cut a text the likeliest, by Viterbi's algorithm. Time: the text's length times the
/// number of pieces that end at one place. A character without a piece is unknown and costs 10 more than the unlikeliest piece; unknown neighbours are one
/// token.
/// </summary>
internal sealed class UnigramModel : IPieceModel
{
    private const double UnknownPenalty = 10;

    private readonly PieceAutomaton automaton;
    private readonly int[] ids;
    private readonly double[] scores;
    private readonly int unknown;
    private readonly double unknownScore;
    private readonly int[]? byteFallback;
    private readonly bool singlePrecision;

    /// <param name="pieces">Pieces with their logarithms of probability.</param>
    /// <param name="unknown">The id of unknown characters.</param>
    /// <param name="byteFallback">The 256 tokens &lt;0x00&gt; ... that spell characters without a piece; null: none.</param>
    /// <param name="singlePrecision">Sums are rounded to float32, as sentencepiece's are: near-ties depend on it.</param>
    internal UnigramModel(IEnumerable<(string Piece, int Id, double Score)> pieces, int unknown, int[]? byteFallback, bool singlePrecision)
    {
        (string Piece, int Id, double Score)[] list = [.. pieces];
        automaton = new PieceAutomaton(list.Select((piece, i) => (piece.Piece, i)));
        (ids, scores) = (Array.ConvertAll(list, piece => piece.Id), Array.ConvertAll(list, piece => piece.Score));
        double least = scores.Append(0).Min();
        this.unknown = unknown;
        this.byteFallback = byteFallback;
        this.singlePrecision = singlePrecision;
        unknownScore = Round(least - UnknownPenalty);
    }

    public void Cut(string word, List<Piece> pieces)
    {
        var best = new (double Score, int Start, int Id)[word.Length + 1];
        int state = PieceAutomaton.Root;
        for (int start = 0; start < word.Length;)
        {
            int end = start + (char.IsHighSurrogate(word[start]) && start + 1 < word.Length ? 2 : 1);
            for (int i = start; i < end; i++)
            {
                state = automaton.Step(state, word[i]);
            }

            // Of equal sums the one of the longest piece stays; a character that is no piece is unknown.
            (double Score, int Start, int Id) reached = (double.NegativeInfinity, -1, unknown);
            int piece = automaton.Piece(state), shortest = PieceAutomaton.Root;
            for (; piece != PieceAutomaton.Root; shortest = piece, piece = automaton.Shorter(piece))
            {
                Reach(end - automaton.LengthOf(piece), scores[automaton.IdOf(piece)], ids[automaton.IdOf(piece)]);
            }

            if (shortest == PieceAutomaton.Root || automaton.LengthOf(shortest) != end - start)
            {
                Reach(start, unknownScore, unknown);
            }

            best[end] = reached;
            start = end;

            void Reach(int from, double score, int id)
            {
                double sum = Round(best[from].Score + score);
                if (reached.Start < 0 || sum > reached.Score)
                {
                    reached = (sum, from, id);
                }
            }
        }

        int first = pieces.Count;
        for (int end = word.Length; end > 0; end = best[end].Start)
        {
            pieces.Add(new Piece(best[end].Id, best[end].Start, end));
        }

        pieces.Reverse(first, pieces.Count - first);
        SpellUnknown(word, pieces, first);
    }

    private void SpellUnknown(string word, List<Piece> pieces, int first)
    {
        Piece[] cut = [.. pieces[first..]];
        pieces.RemoveRange(first, cut.Length);
        foreach (Piece piece in cut)
        {
            if (piece.Id != unknown)
            {
                pieces.Add(piece);
            }
            else if (byteFallback is not null)
            {
                foreach (byte value in Encoding.UTF8.GetBytes(word[piece.Start..piece.End]))
                {
                    pieces.Add(piece with { Id = byteFallback[value] });
                }
            }
            else if (pieces.Count > first && pieces[^1].Id == unknown)
            {
                pieces[^1] = pieces[^1] with { End = piece.End };
            }
            else
            {
                pieces.Add(piece);
            }
        }
    }

    private double Round(double value) => singlePrecision ? (float)value : value;
}
