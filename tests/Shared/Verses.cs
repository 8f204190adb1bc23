using System.IO;
using System.IO.Compression;
using System.Text;

namespace Dsl.Tests;

/// <summary>The text that comes with the repository.</summary>
internal static class Verses
{
    internal static string All()
    {
        using FileStream packed = File.OpenRead(Path.Combine(GoldenFolder.InRepository(), "..", "..", "data", "kjv.txt.br"));
        using var unpacked = new StreamReader(new BrotliStream(packed, CompressionMode.Decompress), Encoding.UTF8);
        return unpacked.ReadToEnd();
    }
}
