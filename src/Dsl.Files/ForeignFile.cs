using System;

namespace Dsl.Files;

/// <summary>What people have in place of the file that a program expects.</summary>
public enum ForeignKind
{
    /// <summary>Nothing that is known.</summary>
    None,

    /// <summary>A Git LFS pointer: a text of a few lines that stands for a file that was not fetched.</summary>
    Pointer,

    /// <summary>A Python pickle; its second byte is its protocol, 0 to 5.</summary>
    Pickle,

    /// <summary>A zip archive, PyTorch's own format since 1.6 among them.</summary>
    Zip,

    /// <summary>A gzip archive.</summary>
    Gzip,

    /// <summary>A file of llama.cpp.</summary>
    Gguf,

    /// <summary>An HDF5 file, as TensorFlow's weights are.</summary>
    Hdf5,

    /// <summary>An HTML page: the page about the file, most of the time.</summary>
    Page,
}

/// <summary>Recognises by its first bytes what a file is that was given as another one.</summary>
public static class ForeignFile
{
    /// <param name="head">The first bytes of the file.</param>
    public static ForeignKind Of(ReadOnlySpan<byte> head)
    {
        ReadOnlySpan<byte> text = head.StartsWith("\uFEFF"u8) ? head[3..] : head;
        text = text.TrimStart(" \t\r\n"u8);
        return head.StartsWith("version https://git-lfs"u8) ? ForeignKind.Pointer
            : head is [0x80, <= 5, ..] ? ForeignKind.Pickle
            : head.StartsWith("PK\x03\x04"u8) ? ForeignKind.Zip
            : head.StartsWith((ReadOnlySpan<byte>)[0x1F, 0x8B]) ? ForeignKind.Gzip
            : head.StartsWith("GGUF"u8) ? ForeignKind.Gguf
            : head.StartsWith((ReadOnlySpan<byte>)[0x89, (byte)'H', (byte)'D', (byte)'F']) ? ForeignKind.Hdf5
            : StartsWithWord(text, "<!doctype"u8) || StartsWithWord(text, "<html"u8) ? ForeignKind.Page
            : ForeignKind.None;
    }

    private static bool StartsWithWord(ReadOnlySpan<byte> text, ReadOnlySpan<byte> word) =>
        text.Length >= word.Length && System.Text.Ascii.EqualsIgnoreCase(text[..word.Length], word);
}
