using System;
using System.Runtime.InteropServices;

namespace Dsl.Runtime;

/// <summary>Large pages for memory that is about to be filled.</summary>
internal static unsafe class LargePages
{
    private const int HugePage = 14;
    private const long LargePage = 2 << 20;

    /// <summary>
    /// Asks for large pages in memory that is about to be filled: a fresh model is otherwise faulted in 4 KB at a time, which costs more than the copy.
    /// </summary>
    public static void Prefer(byte* memory, long length)
    {
        if (!OperatingSystem.IsLinux())
            return;
        long first = ((long)memory + LargePage - 1) / LargePage * LargePage, end = ((long)memory + length) / LargePage * LargePage;
        if (end > first)
            _ = Advise((void*)first, (nuint)(end - first), HugePage); // where the system has none, nothing changes
    }

    [DllImport("libc", EntryPoint = "madvise")]
    private static extern int Advise(void* address, nuint length, int advice);
}
