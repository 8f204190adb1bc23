using System.Collections.Generic;
using Microsoft.ML.Tokenizers;

namespace Dsl.Text.Tokenizers;

/// <summary>
/// Byte pairs by Microsoft.ML.Tokenizers, given one word at a time. Its time grows with the square of a word's length (a megabyte without a space would take
/// hours), so that long words, which no ordinary text has, are cut by the model that does not.
/// </summary>
internal sealed class LibraryModel(Tokenizer library, IPieceModel longWords) : IPieceModel
{
    private const int Longest = 256;

    public void Cut(string word, List<Piece> pieces)
    {
        if (word.Length > Longest)
        {
            longWords.Cut(word, pieces);
            return;
        }

        foreach (EncodedToken token in library.EncodeToTokens(word, out _, considerPreTokenization: false, considerNormalization: false))
        {
            (int start, int length) = token.Offset.GetOffsetAndLength(word.Length);
            pieces.Add(new Piece(token.Id, start, start + length));
        }
    }
}
