using System;
using System.IO;
using System.Security.Cryptography;
using System.Text;
using Dsl.Files;
using Dsl.Text;

namespace Dsl.Training.Objectives;

/// <summary>A UTF-8 text that is read in parts, however long it is.</summary>
/// <param name="Name">How messages call it.</param>
/// <param name="Length">Bytes.</param>
/// <param name="Open">A new stream over all of it, which can seek.</param>
public sealed record TextSource(string Name, long Length, Func<Stream> Open)
{
    /// <summary>A file.</summary>
    /// <exception cref="IOException">It cannot be read, or is no regular file.</exception>
    public static TextSource File(string path)
    {
        using FileStream file = UserFile.OpenStream(path, FileErrors.Plain);
        return new TextSource(path, file.Length, () => UserFile.OpenStream(path, FileErrors.Plain));
    }

    /// <summary>A text in memory.</summary>
    public static TextSource Memory(string name, string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        return new TextSource(name, bytes.Length, () => new MemoryStream(bytes, writable: false));
    }

    /// <summary>SHA-256 of its bytes, in hexadecimal.</summary>
    public string Hash()
    {
        using Stream stream = Open();
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }
}

/// <summary>
/// Part of a text, read in shards of whole lines. Memory is bounded by the shard whatever the file's size: a line longer than a shard is cut between two
/// characters.
/// </summary>
/// <param name="source">The text.</param>
/// <param name="from">Where the part begins, in bytes; moved on to the next line.</param>
/// <param name="to">Where it ends; a line that begins before it belongs to the part.</param>
/// <param name="size">Bytes in a shard, about.</param>
public sealed class TextShards(TextSource source, long from, long to, int size = 1 << 20)
{
    /// <summary>The text.</summary>
    public TextSource Source => source;

    /// <summary>Bytes of the part, about: lines are read whole.</summary>
    public long Length => to - from;

    /// <summary>The first nine tenths of a text to train on, and its last tenth.</summary>
    public static (TextShards Training, TextShards HeldOut) Split(TextSource source, int size = 1 << 20)
    {
        long cut = source.Length * 9 / 10;
        return (new TextShards(source, 0, cut, size), new TextShards(source, cut, source.Length, size));
    }

    /// <summary>The shard that begins at an offset (0: the first), and where the next begins (0 after the last).</summary>
    /// <exception cref="TextException">Its bytes are no UTF-8.</exception>
    public (string Text, long Next) Read(long offset)
    {
        using Stream stream = source.Open();
        long begin = offset > 0 ? offset : from == 0 ? 0 : AfterLine(stream, from - 1);
        long least = Math.Min(begin + size, to);
        if (begin >= to)
        {
            return ("", 0);
        }

        // A shard ends with the line in which it is full, or, where that line does not end, between two characters.
        long end = AfterLine(stream, least - 1);
        if (end - least > size)
        {
            end = CharacterBegin(stream, least + size);
        }

        var bytes = new byte[end - begin];
        stream.Position = begin;
        stream.ReadExactly(bytes);
        try
        {
            string text = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true).GetString(bytes);
            return (begin == 0 && text.StartsWith('\uFEFF') ? text[1..] : text, end < to ? end : 0);
        }
        catch (DecoderFallbackException e)
        {
            throw new TextException($"{source.Name}: byte 0x{e.BytesUnknown?[0]:X2} at {begin + e.Index} is not UTF-8, expected a UTF-8 text");
        }
    }

    /// <summary>The place after the first line end at or after an offset; looks no further than two shards.</summary>
    private long AfterLine(Stream stream, long offset)
    {
        stream.Position = offset;
        var buffer = new byte[8192];
        for (long at = offset; at - offset <= 2L * size;)
        {
            int count = stream.Read(buffer);
            if (count == 0)
            {
                return source.Length;
            }

            int found = Array.IndexOf(buffer, (byte)'\n', 0, count);
            if (found >= 0)
            {
                return at + found + 1;
            }

            at += count;
        }

        return CharacterBegin(stream, Math.Min(source.Length, offset + 2L * size));
    }

    private static long CharacterBegin(Stream stream, long offset)
    {
        // Bytes 10xxxxxx go on with a character that has begun.
        for (; ; offset--)
        {
            stream.Position = offset;
            int value = stream.ReadByte();
            if (value < 0 || (value & 0xC0) != 0x80)
            {
                return offset;
            }
        }
    }
}
