using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;

namespace Dsl.Text.Tokenizers;

/// <summary>
/// BERT's WordPiece: the longest token that begins the word, then the longest that goes on, and so on; a word with a part that no token matches is unknown as a
/// whole (google-research/bert, tokenization.py).
/// </summary>
internal sealed class WordPieceModel : IPieceModel
{
    private readonly Vocabulary vocabulary;
    private readonly int unknown;
    private readonly string prefix;
    private readonly int maxCharacters;
    private readonly int longest;

    /// <param name="vocabulary">Tokens; those that go on begin with the prefix.</param>
    /// <param name="pieces">The model's own tokens.</param>
    /// <param name="unknown">The id of unknown words.</param>
    /// <param name="prefix">What marks a token that goes on.</param>
    /// <param name="maxCharacters">Longer words are unknown.</param>
    internal WordPieceModel(Vocabulary vocabulary, IEnumerable<string> pieces, int unknown, string prefix, int maxCharacters)
    {
        this.vocabulary = vocabulary;
        this.unknown = unknown;
        this.prefix = prefix;
        this.maxCharacters = maxCharacters;
        longest = pieces.Max(piece => piece.Length);
    }

    public void Cut(string word, List<Piece> pieces)
    {
        if (word.Length > maxCharacters && word.EnumerateRunes().Count() > maxCharacters)
        {
            pieces.Add(new Piece(unknown, 0, word.Length));
            return;
        }

        int first = pieces.Count;
        Span<char> candidate = longest + prefix.Length <= 512 ? stackalloc char[longest + prefix.Length] : new char[longest + prefix.Length];
        prefix.CopyTo(candidate);
        for (int start = 0; start < word.Length;)
        {
            // No token is longer than the longest, so that the time grows with the word and not with its square.
            int mark = start == 0 ? 0 : prefix.Length;
            int end = Math.Min(word.Length, start + longest - Math.Min(mark, longest));
            int id = -1;
            for (; end > start; end--)
            {
                if (end < word.Length && char.IsLowSurrogate(word[end]))
                {
                    continue;
                }

                word.AsSpan(start, end - start).CopyTo(candidate[mark..]);
                if (vocabulary.TryGet(candidate[..(mark + end - start)], out id))
                {
                    break;
                }
            }

            if (end <= start)
            {
                pieces.RemoveRange(first, pieces.Count - first);
                pieces.Add(new Piece(unknown, 0, word.Length));
                return;
            }

            pieces.Add(new Piece(id, start, end));
            prefix.CopyTo(candidate);
            start = end;
        }
    }
}
