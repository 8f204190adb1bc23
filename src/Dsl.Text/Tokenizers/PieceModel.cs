using System.Collections.Concurrent;
using System.Collections.Generic;

namespace Dsl.Text.Tokenizers;

/// <summary>A token of a word: which, and the part of the word it stands for.</summary>
internal readonly record struct Piece(int Id, int Start, int End);

/// <summary>Cuts one word into tokens. Implementations may be used by several threads at once.</summary>
internal interface IPieceModel
{
    /// <exception cref="TextException">The word holds what no token and no unknown token says.</exception>
    void Cut(string word, List<Piece> pieces);
}

/// <summary>Remembers the words a text is full of.</summary>
internal sealed class CachedModel(IPieceModel model) : IPieceModel
{
    private const int Words = 50_000, Longest = 48;

    private readonly ConcurrentDictionary<string, Piece[]> known = new();

    public void Cut(string word, List<Piece> pieces)
    {
        if (known.TryGetValue(word, out Piece[]? cut))
        {
            pieces.AddRange(cut);
            return;
        }

        int before = pieces.Count;
        model.Cut(word, pieces);
        if (word.Length <= Longest && known.Count < Words)
        {
            known.TryAdd(word, [.. pieces[before..]]);
        }
    }
}

/// <summary>A word is a token or unknown.</summary>
internal sealed class WordModel(Vocabulary vocabulary, int? unknown) : IPieceModel
{
    public void Cut(string word, List<Piece> pieces) =>
        pieces.Add(new Piece(vocabulary.IdOf(word) ?? unknown ?? throw new TextException($"the word '{word}' is not in the vocabulary"), 0, word.Length));
}
