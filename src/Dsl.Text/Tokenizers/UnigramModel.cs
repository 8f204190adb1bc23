using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;

namespace Dsl.Text.Tokenizers;

/// <summary>
/// Unigram language model (Kudo 2018, arXiv 1804.10959): of all ways to cut a text the likeliest, by Viterbi's algorithm. Time: the text's length times the
/// longest piece's. A character without a piece is unknown and costs 10 more than the unlikeliest piece; unknown neighbours are one token.
/// </summary>
internal sealed class UnigramModel : IPieceModel
{
    private const double UnknownPenalty = 10;

    private readonly Node root = new();
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
        double least = 0;
        foreach ((string piece, int id, double score) in pieces.Where(piece => piece.Piece.Length > 0))
        {
            Node node = root;
            foreach (char unit in piece)
            {
                if (!node.Next.TryGetValue(unit, out Node? next))
                {
                    node.Next.Add(unit, next = new Node());
                }

                node = next;
            }

            (node.Id, node.Score) = (id, score);
            least = Math.Min(least, score);
        }

        this.unknown = unknown;
        this.byteFallback = byteFallback;
        this.singlePrecision = singlePrecision;
        unknownScore = Round(least - UnknownPenalty);
    }

    public void Cut(string word, List<Piece> pieces)
    {
        var best = new (double Score, int Start, int Id)[word.Length + 1];
        Array.Fill(best, (0, -1, -1), 1, word.Length);
        for (int start = 0; start < word.Length;)
        {
            int single = start + (char.IsHighSurrogate(word[start]) && start + 1 < word.Length ? 2 : 1);
            bool hasSingle = false;
            Node node = root;
            for (int i = start; i < word.Length && node.Next.TryGetValue(word[i], out Node? next); i++)
            {
                node = next;
                if (node.Id >= 0)
                {
                    Reach(i + 1, node.Score, node.Id);
                    hasSingle |= i + 1 == single;
                }
            }

            if (!hasSingle)
            {
                Reach(single, unknownScore, unknown);
            }

            start = single;

            void Reach(int end, double score, int id)
            {
                double sum = Round(best[start].Score + score);
                if (best[end].Start < 0 || sum > best[end].Score)
                {
                    best[end] = (sum, start, id);
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

    private sealed class Node
    {
        internal Dictionary<char, Node> Next { get; } = [];

        internal int Id { get; set; } = -1;

        internal double Score { get; set; }
    }
}
