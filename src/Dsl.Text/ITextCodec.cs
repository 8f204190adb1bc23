using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Files;

namespace Dsl.Text;

/// <summary>Text to token ids and back. Implementations are stateless and may be used by several threads at once.</summary>
public interface ITextCodec
{
    /// <summary>How the codec is called in messages and in the files it is kept in: <c>characters</c>, <c>bytes</c>, ...</summary>
    string Name { get; }

    /// <summary>Ids run from 0 to this, exclusive.</summary>
    int Vocabulary { get; }

    /// <summary>The ids after which a text ends; empty where the vocabulary has none.</summary>
    IReadOnlyList<int> EndTokens { get; }

    /// <summary>The ids of a text.</summary>
    /// <exception cref="TextException">The text holds what the vocabulary cannot say, or half a surrogate pair.</exception>
    int[] Encode(string text);

    /// <summary>The text of a whole run of ids; bytes that are no text become U+FFFD.</summary>
    string Decode(ReadOnlySpan<int> ids);

    /// <summary>A decoder for one row that is read as it is written.</summary>
    ITextStream OpenStream();

    /// <summary>Writes what <see cref="TextCodecs.Open"/> needs to make the codec again into the folder of a checkpoint.</summary>
    void Save(string folder);
}

/// <summary>Decodes one token after another and gives out whole characters only: a character that spans tokens comes with its last one.</summary>
public interface ITextStream
{
    /// <summary>The text that this token completes; empty while a character is still open.</summary>
    string Push(int id);

    /// <summary>What is left when no token will follow; an unfinished character becomes U+FFFD.</summary>
    string Flush();
}

/// <summary>
/// A text that a codec cannot turn into ids, or a codec that cannot be opened. The message is one sentence on one line, whatever words of a file are in it.
/// </summary>
public sealed class TextException(string message) : Exception(Line(message))
{
    private const int Longest = 600, Head = 400, Tail = 150;

    /// <summary>Makes this exception of what is wrong with a file.</summary>
    internal static FileError Of { get; } = (file, problem, _) => new TextException($"{file}: {problem}");

    private static string Line(string message)
    {
        string whole = string.Concat(message.Select(unit => char.IsControl(unit) ? $"\\u{(int)unit:x4}" : unit.ToString()));
        return whole.Length <= Longest ? whole : $"{whole[..Head]} ... {whole[^Tail..]}";
    }
}
