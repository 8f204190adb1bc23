using System;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Linq;

namespace Benchmarks;

/// <summary>Peak resident memory of one variant, each in a process of its own.</summary>
internal static class PeakMemory
{
    /// <summary>Starts this program again for one variant of a case and reads the peak that it prints.</summary>
    public static double InChild(string benchmark, string @case, bool ours)
    {
        // Under `dotnet benchmarks.dll` the process is the host and wants the assembly first.
        string program = Environment.ProcessPath ?? throw new InvalidOperationException("The path of this process is unknown.");
        bool host = Path.GetFileNameWithoutExtension(program).Equals("dotnet", StringComparison.OrdinalIgnoreCase);
        string[] arguments = [.. host
            ? [typeof(PeakMemory).Assembly.Location]
            : Array.Empty<string>(), benchmark, "--peak", $"{@case}/{(ours ? "ours" : "baseline")}"];
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true };
        using var child = Process.Start(start)!;
        string output = child.StandardOutput.ReadToEnd();
        child.WaitForExit();
        return child.ExitCode == 0
            ? double.Parse(output.Trim().Split('\n').Last(), CultureInfo.InvariantCulture)
            : throw new InvalidOperationException($"The process that measures the memory of {@case} ended with {child.ExitCode}.");
    }

    /// <summary>
    /// MB at the peak of <paramref name="run"/> above what the process holds now. <paramref name="build"/>'s own peak does not count, what it leaves does.
    /// </summary>
    public static double Above<T>(Func<T> build, Action<T> run)
    {
        double floor = Status("VmRSS:") ?? Process.GetCurrentProcess().WorkingSet64 / 1e6;
        var built = build();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        ResetPeak();
        run(built);
        double peak = Status("VmHWM:") ?? Process.GetCurrentProcess().PeakWorkingSet64 / 1e6;
        GC.KeepAlive(built);
        return peak - floor;
    }

    /// <summary>Linux keeps the high-water mark in a place that can be reset; elsewhere the peak covers the whole process.</summary>
    private static void ResetPeak()
    {
        try
        {
            File.WriteAllText("/proc/self/clear_refs", "5");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine("The peak of memory cannot be reset here: it includes building the model.");
        }
    }

    private static double? Status(string key)
    {
        const string File = "/proc/self/status";
        string? line = System.IO.File.Exists(File) ? System.IO.File.ReadLines(File).FirstOrDefault(l => l.StartsWith(key, StringComparison.Ordinal)) : null;
        return line is null
            ? null
            : double.Parse(line[key.Length..].Replace("kB", "", StringComparison.Ordinal).Trim(), CultureInfo.InvariantCulture) * 1024 / 1e6;
    }
}
