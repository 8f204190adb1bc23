using System;
using System.Collections.Generic;
using System.IO;

namespace Dsl.Runtime;

/// <summary>
/// Writes one or several files so that each is on disk whole or not at all: into temporary files of the same folder, flushed to the disk, then renamed in the
/// order of their creation. Disposing before <see cref="Commit"/> removes the temporary files and leaves what was on disk as it was.
/// </summary>
public sealed class AtomicFiles : IDisposable
{
    private readonly List<(string Path, string Temporary, FileStream Stream)> files = [];
    private int committed;

    /// <summary>A stream whose content becomes the file <paramref name="path"/> on <see cref="Commit"/>. The folder is made where it is missing.</summary>
    /// <exception cref="CheckpointException">The folder cannot be written.</exception>
    public Stream Create(string path)
    {
        string full = Path.GetFullPath(path);
        if (Directory.Exists(full))
            throw new CheckpointException(path, "is a folder, expected the name of a file");
        return Guarded(path, () =>
        {
            string folder = Path.GetDirectoryName(full)!;
            Directory.CreateDirectory(folder);
            string temporary = Path.Combine(folder, $".{Path.GetFileName(full)}.{Guid.NewGuid():N}.tmp");
            var stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 16);
            files.Add((full, temporary, stream));
            return stream;
        });
    }

    /// <summary>Flushes all files to the disk, then renames them.</summary>
    /// <exception cref="CheckpointException">A file could not be written; the message says why.</exception>
    public void Commit()
    {
        foreach (var (path, _, stream) in files)
        {
            Guarded(path, () =>
            {
                stream.Flush(flushToDisk: true);
                stream.Dispose();
                return true;
            });
        }
        for (; committed < files.Count; committed++)
        {
            var (path, temporary, _) = files[committed];
            Guarded(path, () =>
            {
                File.Move(temporary, path, overwrite: true);
                return true;
            });
        }
    }

    /// <summary>Writes one file.</summary>
    /// <exception cref="CheckpointException">It could not be written; the message says why.</exception>
    public static void Write(string path, Action<Stream> write)
    {
        using var files = new AtomicFiles();
        var stream = files.Create(path);
        Guarded(path, () =>
        {
            write(stream);
            return true;
        });
        files.Commit();
    }

    /// <summary>Runs what writes a file; the system's errors become one line that names the file.</summary>
    internal static T Guarded<T>(string path, Func<T> write)
    {
        try
        {
            return write();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new CheckpointException(path, $"not written ({MappedFile.Reason(e)}), expected a folder with room that may be written", e);
        }
    }

    public void Dispose()
    {
        for (int i = files.Count - 1; i >= committed; i--)
        {
            var (_, temporary, stream) = files[i];
            try
            {
                stream.Dispose();
            }
            catch (IOException)
            {
                // What is still buffered does not fit: the file goes away in any case.
            }
            try
            {
                File.Delete(temporary);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // The error that led here says more than this one would.
            }
        }
        files.Clear();
        committed = 0;
    }
}
