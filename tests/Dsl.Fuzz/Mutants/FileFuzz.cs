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
/// <param name="Seconds">Of processor time.</param>
/// <param name="Bytes">Held at once at the most: what was allocated in all, or what was seen where that is much.</param>
internal readonly record struct Outcome(string? Failure, bool IsRefused, double Seconds = 0, long Bytes = 0);

/// <summary>The largest of a format's figures so far, and whose it is.</summary>
internal readonly record struct Largest(double Value, int Index)
{
    internal Largest Or(double value, int index) => value > Value ? new Largest(value, index) : this;
}

/// <summary>What became of a format's mutants.</summary>
internal sealed class FormatTally
{
    internal int Read { get; set; }

    internal int Refused { get; set; }

    /// <summary>How often, and the first mutant, by what failed.</summary>
    internal SortedDictionary<string, (int Count, int First)> Failures { get; } = new(StringComparer.Ordinal);

    internal Largest Seconds { get; set; }

    internal Largest Bytes { get; set; }

    internal void Fail(string kind, int index) =>
        Failures[kind] = Failures.TryGetValue(kind, out (int Count, int First) known) ? (known.Count + 1, known.First) : (1, index);

    internal void Write(string name, double seconds, TextWriter to)
    {
        to.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{name,-26}{Read,8} read{Refused,8} refused{Failures.Values.Sum(kind => kind.Count),8} failed{seconds,8:F0} s"
                + $"; slowest {Seconds.Value:F2} s (--from {Seconds.Index}), largest {Bytes.Value / (1 << 20):F1} MB (--from {Bytes.Index})"));
        foreach ((string kind, (int times, int index)) in Failures.OrderByDescending(kind => kind.Value.Count))
        {
            to.WriteLine($"    {times} times, first --from {index}: {kind}");
        }
    }
}

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

        // What was allocated in all bounds what was held at once; only where it is more, the latter is looked at.
        long most = Math.Max(LeastBytes, 10L * mutant.Length), held = GC.GetAllocatedBytesForCurrentThread() - before;
        held = held > most ? Peak(format, mutant) : held;
        string? failure = outcome.Failure ?? (seconds > MostSeconds ? string.Create(CultureInfo.InvariantCulture, $"takes {seconds:F1} s")
            : held > most ? $"takes {held >> 20} MB" : null);
        return new Outcome(failure, outcome.IsRefused, seconds, held);
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
            to.WriteLine(string.Create(CultureInfo.InvariantCulture, $"took {outcome.Seconds:F3} {outcome.Bytes}"));
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
            FormatTally tally = Serve(name, seed, first, first + count);
            tally.Write(name, clock.Elapsed.TotalSeconds, to);
            failed |= tally.Failures.Count > 0;
        }

        return failed ? 1 : 0;
    }

    private static FormatTally Serve(string name, int seed, int first, int last)
    {
        var tally = new FormatTally();
        for (int next = first; next < last;)
        {
            using Process process = Driver.StartSelf(
                "--files", "--worker", "--only", name, "--seed", seed.ToString(CultureInfo.InvariantCulture),
                "--from", next.ToString(CultureInfo.InvariantCulture), "--count", (last - next).ToString(CultureInfo.InvariantCulture));
            Task<string> said = process.StandardError.ReadToEndAsync();
            int running = next - 1;
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

                switch (line.Split(' ', 2))
                {
                    case ["took", var figures]:
                        string[] parts = figures.Split(' ');
                        tally.Seconds = tally.Seconds.Or(double.Parse(parts[0], CultureInfo.InvariantCulture), running);
                        tally.Bytes = tally.Bytes.Or(long.Parse(parts[1], CultureInfo.InvariantCulture), running);
                        break;
                    case ["failed", var kind]:
                        tally.Fail(kind, running);
                        break;
                    default:
                        tally.Read += line == "read" ? 1 : 0;
                        tally.Refused += line == "refused" ? 1 : 0;
                        break;
                }
            }

            if (!ended && running < next)
            {
                throw new InvalidOperationException($"{name}: the samples themselves are not read: {said.Result.Split('\n')[0]}");
            }

            if (!ended)
            {
                tally.Fail("the process ends, or reads for two minutes", running);
            }

            next = ended ? last : running + 1;
        }

        return tally;
    }
}
