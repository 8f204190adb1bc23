using System;
using System.Diagnostics;
using System.IO;

namespace Dsl.Tests;

/// <summary>Things in a folder that are no regular files; on Windows, which has none there, nothing is made.</summary>
internal static class Pipes
{
    /// <summary>A named pipe that nobody writes to.</summary>
    internal static bool Make(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            return false;
        }

        using Process made = Process.Start("mkfifo", path);
        made.WaitForExit();
        return made.ExitCode == 0 ? true : throw new IOException("mkfifo failed");
    }

    /// <summary>A link to the device that never ends.</summary>
    internal static bool MakeEndless(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            return false;
        }

        File.CreateSymbolicLink(path, "/dev/zero");
        return true;
    }
}
