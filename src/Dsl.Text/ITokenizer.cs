using System;
using System.Collections.Generic;

namespace Dsl.Text;

/// <summary>
/// A vocabulary of pieces with special tokens. <see cref="ITextCodec.Encode"/> gives the ids of the text alone, without what the model wants around it;
/// <see cref="ITextCodec.Decode"/> and <see cref="ITextCodec.OpenStream"/> leave out special tokens.
/// </summary>
public interface ITokenizer : ITextCodec
{
    /// <summary>The special tokens by what they are for.</summary>
    SpecialTokens Special { get; }

    /// <summary>What is odd about the files it was read from and was read all the same, a sentence each: a token listed twice, ids without tokens.</summary>
    IReadOnlyList<string> Warnings => [];

    /// <summary>A text, or a pair, with everything an encoder asks: special tokens where the vocabulary's template puts them, types, offsets, words.</summary>
    /// <exception cref="TextException">The text holds what the vocabulary cannot say, or half a surrogate pair.</exception>
    TokenEncoding Encode(string text, string? pair, EncodingOptions? options = null);

    /// <summary>The token as the vocabulary spells it; null for ids that name no token.</summary>
    string? TokenOf(int id);

    /// <summary>The id of a token as the vocabulary spells it; null where it has none.</summary>
    int? IdOf(string token);

    /// <summary>Whether the id is a special token: left out of decoded text, never masked or noised.</summary>
    bool IsSpecial(int id);

    /// <summary>The text of a whole run of ids, special tokens spelt out where they are kept.</summary>
    string Decode(ReadOnlySpan<int> ids, bool keepSpecials);

    /// <summary>A decoder for one row that is read as it is written; all it gives is, together, <see cref="Decode"/> of all ids.</summary>
    ITextStream OpenStream(bool keepSpecials);
}

/// <summary>How a text is encoded.</summary>
/// <param name="AddSpecials">Put the template's special tokens around the text.</param>
/// <param name="SpecialsAsText">Characters that spell a special token are ordinary text; otherwise they become the token.</param>
/// <param name="MaxLength">At most so many tokens, special ones included; the longer part of a pair is shortened first. Null: no limit.</param>
/// <param name="TruncateLeft">Drop tokens from the beginning of a text instead of its end.</param>
public sealed record EncodingOptions(bool AddSpecials = true, bool SpecialsAsText = false, int? MaxLength = null, bool TruncateLeft = false);
