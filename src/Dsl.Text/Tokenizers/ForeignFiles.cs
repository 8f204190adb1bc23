using System;
using Dsl.Files;

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

    private static string? Name(ReadOnlySpan<byte> bytes) => ForeignFile.Of(bytes) switch
    {
        ForeignKind.Pointer => $"a Git LFS pointer ({bytes.Length} bytes), not the file itself; run git lfs pull",
        ForeignKind.Pickle => $"a Python pickle (protocol {bytes[1]}); save the tokenizer with save_pretrained",
        ForeignKind.Zip => "a zip archive; unpack it",
        ForeignKind.Gzip => "a gzip archive; unpack it",
        ForeignKind.Gguf => "a GGUF file",
        ForeignKind.Page => $"an HTML page ({bytes.Length} bytes), not the file itself; download that",
        _ => bytes.Length > 0 && bytes.IndexOfAnyExcept((byte)0) < 0 ? $"{bytes.Length} zero bytes: an incomplete download" : null,
    };
}
