using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Dsl.Fuzz.Writing;

namespace Dsl.Fuzz.Mutants;

/// <summary>What became of a mutant.</summary>
/// <param name="Failure">Null where it was read, or refused with a documented exception.</param>
/// <param name="IsRefused">It was refused.</param>
internal readonly record struct Outcome(string? Failure, bool IsRefused);

/// <summary>
/// Reads mutants of files that are right. Bar: no exception but the documented ones, in one line; none over 2 s of processor time; no more memory at once than
/// ten times the file, 100 MB at least.
/// </summary>
internal static class FileFuzz
{
    private const double MostSeconds = 2;
    private const long LeastBytes = 100L << 20;

    /// <summary>A mutant; the same for the same numbers on every machine.</summary>
    internal static byte[] Make(FileFormat format, int seed, int index) =>
        FileMutator.Mutate(format.Valid[index % format.Valid.Count], new Chance(seed, index));

    internal static Outcome Judge(FileFormat format, byte[] mutant)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        TimeSpan start = Process.GetCurrentProcess().TotalProcessorTime;
        Outcome outcome = Read(format, mutant);
        double seconds = (Process.GetCurrentProcess().TotalProcessorTime - start).TotalSeconds;
        if (outcome.Failure is null && seconds > MostSeconds)
        {
            return new Outcome(string.Create(CultureInfo.InvariantCulture, $"takes {seconds:F1} s"), outcome.IsRefused);
        }

        // What was allocated in all bounds what was held at once; only where it is more, the latter is looked at.
        long most = Math.Max(LeastBytes, 10L * mutant.Length);
        long held = GC.GetAllocatedBytesForCurrentThread() - before > most ? Peak(format, mutant) : 0;
        return held > most ? new Outcome($"takes {held >> 20} MB", outcome.IsRefused) : outcome;
    }

    internal static Outcome Read(FileFormat format, byte[] mutant)
    {
        try
        {
            format.Read(mutant);
            return default;
        }
        catch (Exception e) when (format.Documented.Contains(e.GetType()))
        {
            string? failure = e.Message.Contains('\n') ? $"several lines: {e.Message}" : e.Message.Length > 2000 ? "a message beyond 2,000 characters" : null;
            return new Outcome(failure, true);
        }
        catch (Exception e)
        {
            string place = e.StackTrace?.Split('\n').FirstOrDefault(line => line.Contains("Dsl.", StringComparison.Ordinal))?.Trim() ?? "";
            return new Outcome($"{e.GetType().Name} {place}", false);
        }
    }

    private static long Peak(FileFormat format, byte[] mutant)
    {
        long before = GC.GetTotalMemory(forceFullCollection: true), most = before;
        using var done = new ManualResetEventSlim();
        Task watch = Task.Run(() =>
        {
            while (!done.Wait(1))
            {
                most = Math.Max(most, GC.GetTotalMemory(forceFullCollection: false));
            }
        });
        Read(format, mutant);
        done.Set();
        watch.Wait();
        return most - before;
    }

    /// <summary>Reads mutants in this process, and tells of each in a line before and after it.</summary>
    internal static void Work(FileFormat format, int seed, int first, int last, TextWriter to)
    {
        foreach (byte[] valid in format.Valid)
        {
            // What a first call costs is no mutant's.
            format.Read(valid);
        }

        for (int index = first; index < last; index++)
        {
            to.WriteLine($"{index}");
            to.Flush();
            Outcome outcome = Judge(format, Make(format, seed, index));
            to.WriteLine($"{(outcome.Failure is { } failure ? $"failed {failure.ReplaceLineEndings(" ")}" : outcome.IsRefused ? "refused" : "read")}");
        }

        to.WriteLine("end");
    }

    /// <summary>The command: each format in processes of its own, a table at the end.</summary>
    /// <returns>1 where something failed.</returns>
    internal static int Run(int seed, int first, int count, string? only, TextWriter to)
    {
        string scratch = Path.Combine(Path.GetTempPath(), $"mutants-{Environment.ProcessId}");
        bool failed = false;
        foreach (string name in FileFormat.All(scratch).Select(format => format.Name).Where(name => only is null || name == only))
        {
            var clock = Stopwatch.StartNew();
            var failures = new SortedDictionary<string, (int Count, int First)>(StringComparer.Ordinal);
            (int read, int refused) = Serve(name, seed, first, first + count, failures);
            to.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{name,-24}{read,8} read{refused,8} refused{failures.Values.Sum(kind => kind.Count),8} failed{clock.Elapsed.TotalSeconds,8:F0} s"));
            foreach ((string kind, (int times, int index)) in failures.OrderByDescending(kind => kind.Value.Count))
            {
                to.WriteLine($"    {times} times, first --from {index}: {kind}");
            }

            failed |= failures.Count > 0;
        }

        return failed ? 1 : 0;
    }

    private static (int Read, int Refused) Serve(string name, int seed, int first, int last, SortedDictionary<string, (int Count, int First)> failures)
    {
        int read = 0, refused = 0;
        for (int next = first; next < last;)
        {
            using Process process = Driver.StartSelf(
                "--files", "--worker", "--only", name, "--seed", seed.ToString(CultureInfo.InvariantCulture),
                "--from", next.ToString(CultureInfo.InvariantCulture), "--count", (last - next).ToString(CultureInfo.InvariantCulture));
            _ = process.StandardError.ReadToEndAsync();
            int running = next;
            bool ended = false;
            while (true)
            {
                Task<string?> reading = process.StandardOutput.ReadLineAsync();
                if (!reading.Wait(TimeSpan.FromMinutes(2)))
                {
                    process.Kill(entireProcessTree: true);
                    break;
                }

                if (reading.Result is not { } line || line == "end")
                {
                    ended = reading.Result == "end";
                    break;
                }

                if (int.TryParse(line, NumberStyles.None, CultureInfo.InvariantCulture, out int index))
                {
                    running = index;
                    continue;
                }

                read += line == "read" ? 1 : 0;
                refused += line == "refused" ? 1 : 0;
                if (line.StartsWith("failed ", StringComparison.Ordinal))
                {
                    Add(failures, line["failed ".Length..], running);
                }
            }

            if (!ended)
            {
                Add(failures, "the process ends, or reads for two minutes", running);
            }

            next = ended ? last : running + 1;
        }

        return (read, refused);
    }

    private static void Add(SortedDictionary<string, (int Count, int First)> failures, string kind, int index) =>
        failures[kind] = failures.TryGetValue(kind, out (int Count, int First) known) ? (known.Count + 1, known.First) : (1, index);
}
