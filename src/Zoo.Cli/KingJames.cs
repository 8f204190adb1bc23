using System;
using System.IO;
using System.IO.Compression;
using System.Text;

namespace Zoo.Cli;

/// <summary>The text that is learned where no other is named: the King James Bible (public domain).</summary>
public static class KingJames
{
    /// <summary>How messages call it.</summary>
    public const string Name = "the King James Bible";

    /// <summary>All of it.</summary>
    public static string Text()
    {
        using Stream packed = typeof(KingJames).Assembly.GetManifestResourceStream("kjv.txt.br")
            ?? throw new InvalidOperationException("The assembly lacks its text kjv.txt.br.");
        using var unpacked = new StreamReader(new BrotliStream(packed, CompressionMode.Decompress), Encoding.UTF8);
        return unpacked.ReadToEnd();
    }
}
