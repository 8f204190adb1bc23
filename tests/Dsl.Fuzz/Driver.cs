using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using Dsl.Fuzz.Judging;

namespace Dsl.Fuzz;

/// <summary>Hands ranges of indices to worker processes. A program that ends its process, or takes too long, falls on no other.</summary>
internal sealed class Driver(int seed, int first, int last, Options options)
{
    private const int Range = 10 * Worker.Batch;

    // A batch is compiled, or a failure shrunk, without a word, on machines that do other things, too.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(20);

    private readonly Tally tally = new();
    private readonly Lock gate = new();
    private int next = first;
    private long memory;

    public Tally Run(int jobs, CancellationToken stop)
    {
        Task.WaitAll(Enumerable.Range(0, jobs).Select(_ => Task.Run(() => Serve(stop), CancellationToken.None)).ToArray(), CancellationToken.None);
        Console.Error.WriteLine($"at most {memory} MB a process");
        return tally;
    }

    private void Serve(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            int from = Interlocked.Add(ref next, Range) - Range;
            if (from >= last)
            {
                return;
            }

            for (int to = Math.Min(from + Range, last); from < to && !stop.IsCancellationRequested;)
            {
                from = Work(from, to, stop);
            }
        }
    }

    /// <summary>One process.</summary>
    /// <returns>Where the next one goes on.</returns>
    private int Work(int from, int to, CancellationToken stop)
    {
        using Process process = Start(from, to);
        Task<string> errors = process.StandardError.ReadToEndAsync(CancellationToken.None);
        int running = from, done = from;
        bool began = false;
        while (true)
        {
            Task<string?> line = process.StandardOutput.ReadLineAsync(CancellationToken.None).AsTask();
            try
            {
                if (!line.Wait((int)Patience.TotalMilliseconds, stop))
                {
                    process.Kill(entireProcessTree: true);
                    Report(running, Outcome.Failed, "takes too long", []);
                    return running + 1;
                }
            }
            catch (OperationCanceledException)
            {
                process.Kill(entireProcessTree: true);
                return to;
            }

            if (line.Result is not { } text)
            {
                break;
            }

            Told told = JsonSerializer.Deserialize<Told>(text)!;
            running = told.Index;
            began = told.Begins;
            if (!told.Begins)
            {
                done = told.Index + 1;
                Report(told.Index, told.Outcome!.Value, told.Kind, told.Words!);
                lock (gate)
                {
                    memory = Math.Max(memory, told.Memory);
                }
            }
        }

        process.WaitForExit();
        if (process.ExitCode == 0 && done == to)
        {
            return to;
        }

        Report(running, Outcome.Failed, began ? "the process ends while it runs" : "the process ends while it compiles", []);
        if (options.Folder is { } folder)
        {
            string said = string.Join('\n', errors.Result.Split('\n').Where(l => !l.Contains("NNPACK", StringComparison.Ordinal)).Take(20));
            Verdict verdict = Verdict.Failed("the process ends", $"exit code {process.ExitCode.ToString(CultureInfo.InvariantCulture)}\n{said}");
            var program = Worker.Make(seed, running);
            Files.Write(folder, seed, running, program, verdict, program);
        }

        return running + 1;
    }

    private Process Start(int from, int to)
    {
        string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
        string[] arguments =
        [
            "--worker", "--seed", Text(seed), "--from", Text(from), "--count", Text(to - from), "--shrink", Text((int)options.Shrinking.TotalSeconds),
            .. options.Folder is { } folder ? new[] { "--out", folder } : [], .. options.Runs ? Array.Empty<string>() : ["--compile"],
        ];
        return StartSelf(arguments);
    }

    /// <summary>This program once more, with other words.</summary>
    internal static Process StartSelf(params string[] arguments)
    {
        // Begun as a library of the host, its worker is too.
        string self = Environment.ProcessPath!;
        var start = new ProcessStartInfo(self) { RedirectStandardOutput = true, RedirectStandardError = true };
        if (Path.GetFileNameWithoutExtension(self) == "dotnet")
        {
            start.ArgumentList.Add(typeof(Driver).Assembly.Location);
        }

        foreach (string argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        return Process.Start(start)!;
    }

    private void Report(int index, Outcome outcome, string kind, IReadOnlyList<string> words)
    {
        lock (gate)
        {
            if (tally.Add(outcome, kind, words) is 1)
            {
                Console.Error.WriteLine($"{index}: {kind}");
            }

            if (tally.Count % 100 == 0)
            {
                if (options.Folder is { } folder)
                {
                    // What a run of hours has found so far, whatever ends it.
                    using StreamWriter table = File.CreateText(Path.Combine(Directory.CreateDirectory(folder).FullName, "table.txt"));
                    tally.Write(table);
                }

                Console.Error.WriteLine($"{tally.Count} done, {tally.Failures} failed, {memory} MB");
            }
        }
    }
}
