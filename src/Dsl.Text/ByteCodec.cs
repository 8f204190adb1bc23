using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using Dsl.Files;
using Dsl.Text.Tokenizers;

namespace Dsl.Text;

/// <summary>One id per byte of the UTF-8 form: 256 ids, any text.</summary>
public sealed class ByteCodec : ITextCodec
{
    internal const string FileName = "bytes.json";

    /// <inheritdoc/>
    public string Name => "bytes";

    /// <inheritdoc/>
    public int Vocabulary => 256;

    /// <inheritdoc/>
    public IReadOnlyList<int> EndTokens => [];

    /// <inheritdoc/>
    public int[] Encode(string text)
    {
        CharacterCodec.RequireWhole(text);
        return Array.ConvertAll(Encoding.UTF8.GetBytes(text), value => (int)value);
    }

    /// <inheritdoc/>
    public string Decode(ReadOnlySpan<int> ids)
    {
        var bytes = new byte[ids.Length];
        for (int i = 0; i < ids.Length; i++)
        {
            bytes[i] = checked((byte)ids[i]);
        }

        return Encoding.UTF8.GetString(bytes);
    }

    /// <inheritdoc/>
    public ITextStream OpenStream() => new Utf8TextStream(static id => [checked((byte)id)]);

    /// <inheritdoc/>
    public void Save(string folder)
    {
        AtomicFiles.WriteText(Path.Combine(folder, FileName), "{\"codec\":\"bytes\"}\n", TextException.Of);
        PlainTokenizerFile.Write(folder, [.. Enumerable.Range(0, 256).Select(value => ByteLevel.Spell([(byte)value]))], bytes: true);
    }
}

/// <summary>A stream for every vocabulary whose tokens are pieces of UTF-8: bytes, byte-level pair encodings, byte fallbacks.</summary>
/// <param name="bytesOf">The bytes a token stands for; none for a token that is no text.</param>
public sealed class Utf8TextStream(Func<int, byte[]> bytesOf) : ITextStream
{
    private readonly Decoder decoder = Encoding.UTF8.GetDecoder();

    /// <inheritdoc/>
    public string Push(int id) => Decode(bytesOf(id), flush: false);

    /// <inheritdoc/>
    public string Flush() => Decode([], flush: true);

    private string Decode(byte[] bytes, bool flush)
    {
        var text = new char[Encoding.UTF8.GetMaxCharCount(bytes.Length)];
        return new string(text, 0, decoder.GetChars(bytes, 0, bytes.Length, text, 0, flush));
    }
}
