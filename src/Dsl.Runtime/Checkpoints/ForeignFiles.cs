using System;
using System.Globalization;
using System.IO;
using Dsl.Files;

namespace Dsl.Runtime;

/// <summary>Names what a file is that was given as safetensors and is something else.</summary>
internal static class ForeignFiles
{
    /// <summary>What is wrong and what to do; null where nothing known is recognised.</summary>
    /// <param name="head">The first bytes of the file.</param>
    /// <param name="length">Of the whole file, in bytes.</param>
    /// <param name="content">What the file should be: "the weights".</param>
    /// <param name="expected">In which form: "a safetensors file".</param>
    public static string? Name(ReadOnlySpan<byte> head, long length, string content = "the weights", string expected = "a safetensors file")
    {
        // Zip archives are PyTorch's format since 1.6; before, a pickle (protocol 2 to 5) stood alone.
        if (head.StartsWith("PK\x03\x04"u8) || (head.Length > 1 && head[0] == 0x80 && head[1] is >= 2 and <= 5))
            return $"a PyTorch pickle; convert it to safetensors first, expected {expected}";
        if (head.StartsWith("version https://git-lfs"u8))
            return string.Create(CultureInfo.InvariantCulture, $"a Git LFS pointer ({length} bytes), not {content}; run git lfs pull, expected {expected}");
        if (head.StartsWith("GGUF"u8))
            return $"a GGUF file, expected {expected}";
        if (head.StartsWith((ReadOnlySpan<byte>)[0x89, (byte)'H', (byte)'D', (byte)'F']))
            return $"an HDF5 file (TensorFlow weights), expected {expected}";
        var text = head.StartsWith("\uFEFF"u8) ? head[3..] : head;
        text = text.TrimStart(" \t\r\n"u8);
        if (StartsWithIgnoringCase(text, "<!doctype"u8) || StartsWithIgnoringCase(text, "<html"u8))
            return string.Create(CultureInfo.InvariantCulture,
                $"an HTML page ({length} bytes), not {content}; download the file itself, expected {expected}");
        return null;
    }

    /// <summary>Whether a file is a Git LFS pointer: a text of a few lines that stands for a file that was not fetched.</summary>
    public static bool IsPointer(string path)
    {
        var info = new FileInfo(path);
        if (!info.Exists || info.Length > 1024)
            return false;
        try
        {
            return UserFile.ReadBytes(path, 1024, CheckpointException.Of).AsSpan().StartsWith("version https://git-lfs"u8);
        }
        catch (CheckpointException)
        {
            return false;
        }
    }

    private static bool StartsWithIgnoringCase(ReadOnlySpan<byte> text, ReadOnlySpan<byte> lower)
    {
        if (text.Length < lower.Length)
            return false;
        for (int i = 0; i < lower.Length; i++)
            if (text[i] != lower[i] && !(text[i] is >= (byte)'A' and <= (byte)'Z' && text[i] + 32 == lower[i]))
                return false;
        return true;
    }
}
