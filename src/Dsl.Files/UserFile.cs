using System;
using System.Globalization;
using System.IO;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Dsl.Files;

/// <summary>
/// Reads files that come from outside. Only regular files are opened: a named pipe would wait for ever, a device never ends. Small ones are read whole, up to a
/// limit that each caller names; large ones by position (<see cref="RandomAccess"/>), which survives that another process shortens them.
/// </summary>
public static class UserFile
{
    /// <summary>The limit of configs, indices and other texts that people could read: 16 MB.</summary>
    public const long MostOfText = 16 << 20;

    // Not to wait for a pipe's other end; the same on every processor that the runtime supports.
    private const int NonBlockingLinux = 0x800, NonBlockingElsewhere = 0x4;

    /// <summary>Opens a regular file for reads by position.</summary>
    /// <exception cref="Exception">What <paramref name="error"/> makes of it: not found, a folder, a pipe or a device, or not to be read.</exception>
    public static SafeFileHandle Open(string path, FileError error)
    {
        if (Directory.Exists(path))
            throw error(path, "is a folder, expected a file", null);
        SafeFileHandle? handle = null;
        string? problem;
        try
        {
            problem = PipeProblem(path);
            if (problem is null)
            {
                handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
                problem = DeviceProblem(handle);
            }
        }
        catch (Exception e) when (FileErrors.IsOfSystem(e))
        {
            handle?.Dispose();
            throw e is FileNotFoundException or DirectoryNotFoundException
                ? error(path, "not found, expected a file", e)
                : error(path, $"cannot be read ({FileErrors.Reason(e)}), expected a readable file", e);
        }
        if (problem is null)
            return handle!;
        handle?.Dispose();
        throw error(path, problem, null);
    }

    /// <summary>The same file as a stream; disposing it closes the file.</summary>
    /// <exception cref="Exception">As of <see cref="Open"/>.</exception>
    public static FileStream OpenStream(string path, FileError error) => new(Open(path, error), FileAccess.Read, 1 << 16);

    /// <summary>The bytes of a small file.</summary>
    /// <param name="path">A regular file.</param>
    /// <param name="most">So many bytes are read; a larger file is an error.</param>
    /// <param name="error">Makes the exception.</param>
    /// <exception cref="Exception">As of <see cref="Open"/>, or the file is too large or was shortened while it was read.</exception>
    public static byte[] ReadBytes(string path, long most, FileError error)
    {
        using SafeFileHandle handle = Open(path, error);
        long length = RandomAccess.GetLength(handle);
        if (length > most)
            throw error(path, string.Create(CultureInfo.InvariantCulture, $"{length} bytes, expected at most {most}"), null);
        byte[] bytes = new byte[length];
        Read(path, handle, 0, bytes, error);
        return bytes;
    }

    /// <summary>The text of a small file in UTF-8, without a byte order mark.</summary>
    /// <param name="path">A regular file.</param>
    /// <param name="most">So many bytes are read; a larger file is an error.</param>
    /// <param name="error">Makes the exception.</param>
    /// <exception cref="Exception">As of <see cref="ReadBytes"/>, or the file is not UTF-8.</exception>
    public static string ReadText(string path, long most, FileError error)
    {
        ReadOnlySpan<byte> bytes = ReadBytes(path, most, error);
        try
        {
            return Strict.GetString(bytes.StartsWith("\uFEFF"u8) ? bytes[3..] : bytes);
        }
        catch (DecoderFallbackException e)
        {
            throw error(path, "is not UTF-8, expected a text", e);
        }
    }

    /// <summary>Fills a span from a position of an open file.</summary>
    /// <exception cref="Exception">What <paramref name="error"/> makes of it: the file ends before, or cannot be read.</exception>
    public static void Read(string path, SafeFileHandle handle, long offset, Span<byte> into, FileError error)
    {
        while (into.Length > 0)
        {
            int read;
            try
            {
                read = RandomAccess.Read(handle, into, offset);
            }
            catch (Exception e) when (FileErrors.IsOfSystem(e))
            {
                throw error(path, $"cannot be read ({FileErrors.Reason(e)}), expected a readable file", e);
            }
            if (read == 0)
            {
                throw error(path, string.Create(CultureInfo.InvariantCulture, $"ends at byte {offset}: it was shortened while it was read, ")
                    + "expected a file that no one else writes", null);
            }
            into = into[read..];
            offset += read;
        }
    }

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    // Opened without waiting; what can be positioned is no pipe, socket or terminal.
    private static string? PipeProblem(string path)
    {
        if (OperatingSystem.IsWindows())
            return null; // opening does not wait there, and the system refuses by itself
        int descriptor = SystemOpen(path, OperatingSystem.IsLinux() ? NonBlockingLinux : NonBlockingElsewhere);
        if (descriptor < 0)
            return null; // the attempt that follows says why
        using var probe = new FileStream(new SafeFileHandle(descriptor, ownsHandle: true), FileAccess.Read, bufferSize: 0);
        return probe.CanSeek ? null : "is a pipe, a socket or a terminal, expected a regular file";
    }

    // A regular file without length has no content; what has some is a device, or is made by the system while it is read.
    private static string? DeviceProblem(SafeFileHandle handle) => RandomAccess.GetLength(handle) == 0 && RandomAccess.Read(handle, new byte[1], 0) > 0
        ? "is a device or a file of the system, expected a regular file"
        : null;

    [DllImport("libc", EntryPoint = "open")]
    private static extern int SystemOpen([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);
}
