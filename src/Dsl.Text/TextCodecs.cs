using System;
using System.IO;
using Dsl.Text.Tokenizers;

namespace Dsl.Text;

/// <summary>Finds the codec that belongs to a checkpoint.</summary>
public static class TextCodecs
{
    /// <summary>Whether a folder holds a codec, of whatever kind.</summary>
    public static bool IsIn(string folder) =>
        Array.Exists([CharacterCodec.FileName, ByteCodec.FileName, .. TokenizerFolder.Forms], name => File.Exists(Path.Combine(folder, name)));

    /// <summary>The codec kept in a checkpoint's folder.</summary>
    /// <exception cref="TextException">There is none, or one of a kind that is not read; the message names the file and what would do.</exception>
    public static ITextCodec Open(string folder)
    {
        string characters = Path.Combine(folder, CharacterCodec.FileName);
        if (File.Exists(characters))
        {
            return CharacterCodec.Load(characters);
        }

        if (File.Exists(Path.Combine(folder, ByteCodec.FileName)))
        {
            return new ByteCodec();
        }

        string[] known = [CharacterCodec.FileName, ByteCodec.FileName, .. TokenizerFolder.Forms];
        return TokenizerFolder.Open(folder)
            ?? throw new TextException($"{folder}: no tokenizer, expected one of {string.Join(", ", known)}; --ids takes token ids instead of a text");
    }

    /// <summary>The tokenizer kept in a checkpoint's folder, for what needs special tokens.</summary>
    /// <exception cref="TextException">There is none, or it cannot be read; the message names the file and what would do.</exception>
    public static ITokenizer OpenTokenizer(string folder) => TokenizerFolder.Open(folder)
        ?? throw new TextException($"{folder}: no tokenizer, expected one of {string.Join(", ", TokenizerFolder.Forms)}");
}
