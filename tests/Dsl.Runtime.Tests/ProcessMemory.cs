using System;
using System.IO;
using System.Linq;

namespace Dsl.Runtime.Tests;

/// <summary>What the system says of this process's memory.</summary>
internal static class ProcessMemory
{
    /// <summary>The memory in use, from which the peak (<c>VmHWM</c>) counts now. Linux alone tells the peak and lets it be reset; elsewhere 0.</summary>
    internal static long ResetPeak()
    {
        if (!OperatingSystem.IsLinux())
            return 0;
        try
        {
            File.WriteAllText("/proc/self/clear_refs", "5");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return 0;
        }
        return Status("VmRSS");
    }

    /// <summary>A line of <c>/proc/self/status</c>, in bytes.</summary>
    internal static long Status(string key) => File.ReadLines("/proc/self/status").Where(line => line.StartsWith(key + ":", StringComparison.Ordinal))
        .Select(line => long.Parse(line.AsSpan(key.Length + 1).Trim().TrimEnd("kB").Trim()) * 1024).Single();
}
