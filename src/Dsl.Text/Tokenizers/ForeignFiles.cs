using System;
using System.Text;

namespace Dsl.Text.Tokenizers;

/// <summary>Names what a file is that was given as part of a tokenizer and is something else.</summary>
internal static class ForeignFiles
{
    /// <exception cref="TextException">The file is a Git LFS pointer, a page, a pickle, an archive, or empty space.</exception>
    internal static void Refuse(byte[] bytes, string file)
    {
        if (Name(bytes) is { } what)
        {
            throw new TextException($"{file}: {what}, expected a tokenizer's file");
        }
    }

    private static string? Name(ReadOnlySpan<byte> bytes)
    {
        if (bytes.StartsWith("version https://git-lfs"u8))
        {
            return $"a Git LFS pointer ({bytes.Length} bytes), not the file itself; run git lfs pull";
        }

        // A pickle's second byte is its protocol, of which there are six; a SentencePiece file begins with 0x0A.
        if (bytes is [0x80, <= 5, ..])
        {
            return $"a Python pickle (protocol {bytes[1]}); save the tokenizer with save_pretrained";
        }

        if (bytes.StartsWith("PK\x03\x04"u8))
        {
            return "a zip archive; unpack it";
        }

        if (bytes.StartsWith((ReadOnlySpan<byte>)[0x1F, 0x8B]))
        {
            return "a gzip archive; unpack it";
        }

        if (bytes.StartsWith("GGUF"u8))
        {
            return "a GGUF file";
        }

        ReadOnlySpan<byte> text = bytes.StartsWith("\uFEFF"u8) ? bytes[3..] : bytes;
        text = text.TrimStart(" \t\r\n"u8);
        string head = Encoding.ASCII.GetString(text[..Math.Min(text.Length, 9)]).ToLowerInvariant();
        return head.StartsWith("<!doctype", StringComparison.Ordinal) || head.StartsWith("<html", StringComparison.Ordinal)
            ? $"an HTML page ({bytes.Length} bytes), not the file itself; download that"
            : bytes.Length > 0 && bytes.IndexOfAnyExcept((byte)0) < 0 ? $"{bytes.Length} zero bytes: an incomplete download" : null;
    }
}
