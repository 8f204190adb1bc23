using System;
using System.Globalization;

namespace Dsl.Runtime;

/// <summary>Names what a file is that was given as safetensors and is something else.</summary>
internal static class ForeignFiles
{
    /// <summary>What is wrong and what to do; null where nothing known is recognised.</summary>
    public static string? Name(ReadOnlySpan<byte> head, long length)
    {
        // Zip archives are PyTorch's format since 1.6; before, a pickle of protocol 2 stood alone.
        if (head.StartsWith("PK\x03\x04"u8) || head.StartsWith((ReadOnlySpan<byte>)[0x80, 2]) || head.StartsWith((ReadOnlySpan<byte>)[0x80, 4]))
            return "a PyTorch pickle; convert it to safetensors first, expected a safetensors file";
        if (head.StartsWith("version https://git-lfs"u8))
            return string.Create(CultureInfo.InvariantCulture,
                $"a Git LFS pointer ({length} bytes), not the weights; run git lfs pull, expected a safetensors file");
        if (head.StartsWith("GGUF"u8))
            return "a GGUF file, expected a safetensors file";
        var text = head.StartsWith("\uFEFF"u8) ? head[3..] : head;
        text = text.TrimStart(" \t\r\n"u8);
        if (StartsWithIgnoringCase(text, "<!doctype"u8) || StartsWithIgnoringCase(text, "<html"u8))
            return string.Create(CultureInfo.InvariantCulture,
                $"an HTML page ({length} bytes), not the weights; download the file itself, expected a safetensors file");
        return null;
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
