using System;
using System.Collections.Generic;
using System.IO;
using System.Text;

namespace Dsl.Files;

/// <summary>
/// The one way to write files: each is on disk whole or not at all. They are written into temporary files of the same folder, flushed to the disk, then renamed
/// in the order of their creation. Disposing before <see cref="Commit"/> removes the temporary files and leaves what was on disk as it was.
/// </summary>
/// <param name="error">Makes the exception of what goes wrong.</param>
public sealed class AtomicFiles(FileError error) : IDisposable
{
    private readonly List<(string Path, string Temporary, FileStream Stream, bool Replace)> files = [];
    private int committed;

    /// <summary>A stream whose content becomes the file <paramref name="path"/> on <see cref="Commit"/>. The folder is made where it is missing.</summary>
    /// <param name="path">The file.</param>
    /// <param name="replace">Whether a file of that name may be replaced; where not, one that is there is an error, now or on commit.</param>
    /// <exception cref="Exception">What the error maker gives: the folder cannot be written, or the file exists.</exception>
    public Stream Create(string path, bool replace = true)
    {
        string full = Path.GetFullPath(path);
        if (Directory.Exists(full))
            throw error(path, "is a folder, expected the name of a file", null);
        if (!replace && File.Exists(path))
            throw error(path, "exists, expected a name that is free", null);
        return Guarded(path, () =>
        {
            string folder = Path.GetDirectoryName(full)!;
            Directory.CreateDirectory(folder);
            string temporary = Path.Combine(folder, $".{Path.GetFileName(full)}.{Guid.NewGuid():N}.tmp");
            var stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 16);
            files.Add((full, temporary, stream, replace));
            return stream;
        });
    }

    /// <summary>Flushes all files to the disk, then renames them.</summary>
    /// <exception cref="Exception">What the error maker gives: a file could not be written; the message says why.</exception>
    public void Commit()
    {
        foreach (var (path, _, stream, _) in files)
        {
            Guarded(path, () =>
            {
                stream.Flush(flushToDisk: true);
                stream.Dispose();
            });
        }
        for (; committed < files.Count; committed++)
        {
            var (path, temporary, _, replace) = files[committed];
            Guarded(path, () => File.Move(temporary, path, replace));
        }
    }

    /// <summary>Runs what writes a file; the system's errors become one line that names the file.</summary>
    /// <exception cref="Exception">What the error maker gives.</exception>
    public void Guarded(string path, Action write) => Guarded(path, () =>
    {
        write();
        return true;
    });

    private T Guarded<T>(string path, Func<T> write)
    {
        try
        {
            return write();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw error(path, $"not written ({FileErrors.Reason(e)}), expected a folder with room that may be written", e);
        }
    }

    /// <summary>Throws where a file exists that was not to be replaced: before the work that ends in writing it.</summary>
    /// <exception cref="IOException">It exists; the message names the option that replaces it.</exception>
    public static void RequireFree(string path)
    {
        if (File.Exists(path))
            throw new IOException($"{path} exists; --overwrite replaces it");
    }

    /// <summary>Writes one file.</summary>
    /// <exception cref="Exception">What <paramref name="error"/> makes: it could not be written, or exists and is not to be replaced.</exception>
    public static void Write(string path, Action<Stream> write, FileError error, bool replace = true)
    {
        using var files = new AtomicFiles(error);
        var stream = files.Create(path, replace);
        files.Guarded(path, () => write(stream));
        files.Commit();
    }

    /// <summary>Writes one file of bytes.</summary>
    /// <exception cref="Exception">As of <see cref="Write"/>.</exception>
    public static void WriteBytes(string path, byte[] bytes, FileError error, bool replace = true) =>
        Write(path, stream => stream.Write(bytes), error, replace);

    /// <summary>Writes one file in UTF-8.</summary>
    /// <exception cref="Exception">As of <see cref="Write"/>.</exception>
    public static void WriteText(string path, string text, FileError error, bool replace = true) =>
        WriteBytes(path, Encoding.UTF8.GetBytes(text), error, replace);

    /// <summary>Removes what was not committed.</summary>
    public void Dispose()
    {
        for (int i = files.Count - 1; i >= committed; i--)
        {
            var (_, temporary, stream, _) = files[i];
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
