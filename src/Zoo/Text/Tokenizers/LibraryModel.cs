using System;
using System.Collections.Generic;
using System.Linq;
using Microsoft.ML.Tokenizers;

namespace Zoo.Text.Tokenizers;

/// <summary>A model of Microsoft.ML.Tokenizers, given one word at a time.</summary>
internal sealed class LibraryModel(Tokenizer library) : IPieceModel
{
    public void Cut(string word, List<Piece> pieces)
    {
        foreach (EncodedToken token in library.EncodeToTokens(word, out _, considerPreTokenization: false, considerNormalization: false))
        {
            (int start, int length) = token.Offset.GetOffsetAndLength(word.Length);
            pieces.Add(new Piece(token.Id, start, start + length));
        }
    }
}
