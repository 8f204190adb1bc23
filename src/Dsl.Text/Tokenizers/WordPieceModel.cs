using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;

namespace Dsl.Text.Tokenizers;

/// <summary>
/// BERT's WordPiece: the longest token that begins the word, then the longest that goes on, and so on; a word with a part that no token matches is unknown as a
/// whole (google-research/bert, tokenization.py). Time: linear in the word's length.
/// </summary>
internal sealed class WordPieceModel : IPieceModel
{
    private readonly int unknown;
    private readonly int maxCharacters;
    private readonly PieceAutomaton beginning;
    private readonly PieceAutomaton further;

    /// <param name="vocabulary">Tokens; those that go on begin with the prefix.</param>
    /// <param name="pieces">The model's own tokens.</param>
    /// <param name="unknown">The id of unknown words.</param>
    /// <param name="prefix">What marks a token that goes on.</param>
    /// <param name="maxCharacters">Longer words are unknown.</param>
    internal WordPieceModel(Vocabulary vocabulary, IEnumerable<string> pieces, int unknown, string prefix, int maxCharacters)
    {
        this.unknown = unknown;
        this.maxCharacters = maxCharacters;

        // A free place of the vocabulary that was given another name is no piece any more.
        (string Spelling, int Id)[] known =
            [.. pieces.Where(piece => vocabulary.IdOf(piece) is not null).Select(piece => (piece, vocabulary.IdOf(piece)!.Value))];
        beginning = new PieceAutomaton(known);
        further = new PieceAutomaton(
            known.Where(piece => piece.Spelling.StartsWith(prefix, StringComparison.Ordinal)).Select(piece => (piece.Spelling[prefix.Length..], piece.Id)),
            reversed: true);
    }

    public void Cut(string word, List<Piece> pieces)
    {
        if (word.Length > maxCharacters && word.EnumerateRunes().Count() > maxCharacters)
        {
            pieces.Add(new Piece(unknown, 0, word.Length));
            return;
        }

        int first = pieces.Count;
        int[] longest = further.LongestAtEach(word);
        for (int start = 0; start < word.Length;)
        {
            PieceAutomaton pieceAt = start == 0 ? beginning : further;
            int piece = start == 0 ? beginning.LongestAt(word, 0) : longest[start];
            if (piece == PieceAutomaton.Root)
            {
                pieces.RemoveRange(first, pieces.Count - first);
                pieces.Add(new Piece(unknown, 0, word.Length));
                return;
            }

            int end = start + pieceAt.LengthOf(piece);
            pieces.Add(new Piece(pieceAt.IdOf(piece), start, end));
            start = end;
        }
    }
}
