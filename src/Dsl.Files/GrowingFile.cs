using System;
using System.IO;
using System.Text;

namespace Dsl.Files;

/// <summary>A table that is read while lines or records are added to it: what stands in it already is written whole or not at all, each of them is added at
/// its end.</summary>
public sealed class GrowingFile : IDisposable
{
    private static readonly UTF8Encoding encoding = new(false);

    private readonly FileStream stream;

    /// <param name="path">Replaced where it exists.</param>
    /// <param name="text">What it begins with.</param>
    /// <param name="error">Makes the exception of what goes wrong.</param>
    /// <exception cref="Exception">What <paramref name="error"/> makes.</exception>
    public GrowingFile(string path, string text, FileError error)
        : this(path, encoding.GetBytes(text), error)
    {
    }

    /// <param name="path">Replaced where it exists.</param>
    /// <param name="bytes">What it begins with.</param>
    /// <param name="error">Makes the exception of what goes wrong.</param>
    /// <exception cref="Exception">What <paramref name="error"/> makes.</exception>
    public GrowingFile(string path, byte[] bytes, FileError error)
    {
        AtomicFiles.WriteBytes(path, bytes, error);
        stream = new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.Read | FileShare.Delete);
    }

    /// <summary>Adds text at the end, on disk after <see cref="Flush"/>.</summary>
    public void Add(string text) => Add(encoding.GetBytes(text));

    /// <summary>Adds bytes at the end, on disk after <see cref="Flush"/>.</summary>
    public void Add(ReadOnlySpan<byte> bytes) => stream.Write(bytes);

    /// <summary>Puts what was added on disk.</summary>
    public void Flush() => stream.Flush();

    /// <inheritdoc/>
    public void Dispose() => stream.Dispose();
}
