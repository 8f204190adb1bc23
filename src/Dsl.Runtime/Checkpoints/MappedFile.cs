using System;
using System.IO;
using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;

namespace Dsl.Runtime;

/// <summary>A whole file as read-only memory. Offsets are 64-bit: files may be larger than any span.</summary>
internal sealed unsafe class MappedFile : IDisposable
{
    private readonly MemoryMappedFile? map;
    private readonly MemoryMappedViewAccessor? view;
    private byte* start;

    private MappedFile(string path, FileStream stream)
    {
        Path = path;
        Length = stream.Length;
        if (Length == 0)
            return; // an empty file cannot be mapped
        map = MemoryMappedFile.CreateFromFile(stream, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
        view = map.CreateViewAccessor(0, Length, MemoryMappedFileAccess.Read);
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
        start += view.PointerOffset;
    }

    public string Path { get; }

    public long Length { get; }

    /// <summary>The first byte; null for an empty file.</summary>
    /// <exception cref="ObjectDisposedException">The file was closed.</exception>
    public byte* Start => start != null || Length == 0 ? start : throw new ObjectDisposedException(Path);

    /// <exception cref="CheckpointException">The file is not there, is a folder or may not be read.</exception>
    public static MappedFile Open(string path)
    {
        if (Directory.Exists(path))
            throw new CheckpointException(path, "is a folder, expected a file");
        try
        {
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, 1);
            return new MappedFile(path, stream);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new CheckpointException(path, "not found, expected a file", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException)
        {
            throw new CheckpointException(path, $"cannot be read ({Reason(e)}), expected a readable file", e);
        }
    }

    /// <summary>Tells the system that a range has been read, so that its pages stop counting as this process's memory. They stay in the page cache.</summary>
    public void Release(long offset, long length)
    {
        if (!OperatingSystem.IsLinux())
            return;
        long page = Environment.SystemPageSize;
        long first = (offset + page - 1) / page * page, end = (offset + length) / page * page;
        if (end > first)
            _ = Advise(Start + first, (nuint)(end - first), DontNeed);
    }

    /// <summary>
    /// Asks for large pages in memory that is about to be filled: a fresh model is otherwise faulted in 4 KB at a time, which costs more than the copy.
    /// </summary>
    public static void PreferLargePages(byte* memory, long length)
    {
        if (!OperatingSystem.IsLinux())
            return;
        long first = ((long)memory + LargePage - 1) / LargePage * LargePage, end = ((long)memory + length) / LargePage * LargePage;
        if (end > first)
            _ = Advise((void*)first, (nuint)(end - first), HugePage); // where the system has none, nothing changes
    }

    public void Dispose()
    {
        if (start != null)
        {
            start = null;
            view!.SafeMemoryMappedViewHandle.ReleasePointer();
        }
        view?.Dispose();
        map?.Dispose();
    }

    internal static string Reason(Exception e) => e switch
    {
        UnauthorizedAccessException => "no permission",
        _ when IsDiskFull(e) => "disk full",
        _ => e.Message.ReplaceLineEndings(" ").TrimEnd('.'),
    };

    // ENOSPC on Unix, ERROR_DISK_FULL and ERROR_HANDLE_DISK_FULL on Windows.
    private static bool IsDiskFull(Exception e) => e is IOException && (e.HResult & 0xFFFF) is 28 or 0x70 or 0x27;

    private const int DontNeed = 4;
    private const int HugePage = 14;
    private const long LargePage = 2 << 20;

    [DllImport("libc", EntryPoint = "madvise")]
    private static extern int Advise(void* address, nuint length, int advice);
}
