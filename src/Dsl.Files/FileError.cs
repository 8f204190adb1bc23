using System;
using System.IO;

namespace Dsl.Files;

/// <summary>Makes a library's own exception of what is wrong with a file.</summary>
/// <param name="file">The file at fault, as it was given.</param>
/// <param name="problem">What is wrong and what was expected, without the file's name, on one line.</param>
/// <param name="inner">The system's error; null where there was none.</param>
public delegate Exception FileError(string file, string problem, Exception? inner);

/// <summary>What the system says about a file, as messages say it.</summary>
public static class FileErrors
{
    /// <summary>For programs that have no exception of their own: an <see cref="IOException"/> that begins with the file as it was given.</summary>
    public static FileError Plain { get; } = (file, problem, inner) => new IOException($"{file}: {problem}", inner);

    /// <summary>Whether an exception is the system's answer to an attempt to open, read or write a file.</summary>
    public static bool IsOfSystem(Exception e) => e is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException;

    /// <summary>The reason in a few words: no permission, disk full, or the system's sentence.</summary>
    public static string Reason(Exception e) => e switch
    {
        UnauthorizedAccessException => "no permission",
        _ when IsDiskFull(e) => "disk full",
        _ => e.Message.ReplaceLineEndings(" ").TrimEnd('.'),
    };

    // ENOSPC on Unix, ERROR_DISK_FULL and ERROR_HANDLE_DISK_FULL on Windows.
    private static bool IsDiskFull(Exception e) => e is IOException && (e.HResult & 0xFFFF) is 28 or 0x70 or 0x27;
}
