using System;
using System.IO;
using System.Text;

namespace Dsl.Files;

/// <summary>A table that is read while lines are added to it: what stands in it already is written whole or not at all, each line is added at its
/// end.</summary>
public sealed class GrowingFile : IDisposable
{
    private readonly StreamWriter writer;

    /// <param name="path">Replaced where it exists.</param>
    /// <param name="text">What it begins with.</param>
    /// <param name="error">Makes the exception of what goes wrong.</param>
    /// <exception cref="Exception">What <paramref name="error"/> makes.</exception>
    public GrowingFile(string path, string text, FileError error)
    {
        AtomicFiles.WriteText(path, text, error);
        writer = new StreamWriter(new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.Read | FileShare.Delete), new UTF8Encoding(false));
    }

    /// <summary>Adds text at the end, on disk after <see cref="Flush"/>.</summary>
    public void Add(string text) => writer.Write(text);

    /// <summary>Puts what was added on disk.</summary>
    public void Flush() => writer.Flush();

    /// <inheritdoc/>
    public void Dispose() => writer.Dispose();
}
