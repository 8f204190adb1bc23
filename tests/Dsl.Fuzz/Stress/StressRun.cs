using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Threading;

namespace Dsl.Fuzz.Stress;

/// <summary>
/// Calls of every kind on several threads, each compared with what it gave in quiet, while another thread collects garbage every millisecond: what a
/// finaliser frees while native code still reads it shows as another result, as an exception, or as the end of the process.
/// </summary>
/// <param name="threads">How many call.</param>
/// <param name="time">How long, unless something breaks before.</param>
/// <param name="output">Where the table goes.</param>
internal sealed class StressRun(int threads, TimeSpan time, TextWriter output)
{
    private readonly ConcurrentDictionary<string, long> counts = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<string> broken = [];
    private readonly CancellationTokenSource over = new();

    /// <summary>Runs; a line for each kind of call, and one for each that broke.</summary>
    /// <returns>0: all held; 1: something broke.</returns>
    internal int Run(IReadOnlyList<StressCall> calls)
    {
        TorchSharp.torch.set_num_threads(1);
        string[] expected = [.. calls.Select(call => call.Make()())];
        over.CancelAfter(time);
        Stopwatch clock = Stopwatch.StartNew();
        var collector = new Thread(Collect) { IsBackground = true };
        collector.Start();
        Thread[] callers = [.. Enumerable.Range(0, threads).Select(thread => new Thread(() => Call(thread, calls, expected)))];
        Array.ForEach(callers, caller => caller.Start());
        Array.ForEach(callers, caller => caller.Join());
        over.Cancel();
        collector.Join();
        foreach ((string kind, long count) in counts.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            output.WriteLine($"{count,9} {kind}");
        }

        output.WriteLine(FormattableString.Invariant($"{counts.Values.Sum()} calls on {threads} threads in {clock.Elapsed.TotalMinutes:F1} minutes, ")
            + FormattableString.Invariant($"{GC.CollectionCount(0)} collections, {broken.Count} broken"));
        foreach (string sentence in broken)
        {
            output.WriteLine(sentence);
        }

        return broken.IsEmpty ? 0 : 1;
    }

    private void Collect()
    {
        while (!over.IsCancellationRequested)
        {
            GC.Collect(0, GCCollectionMode.Forced, blocking: true);
            GC.WaitForPendingFinalizers();
            Thread.Sleep(1);
        }
    }

    private void Call(int thread, IReadOnlyList<StressCall> calls, string[] expected)
    {
        // Each thread begins elsewhere, so that all kinds run beside one another.
        Func<string>?[] made = new Func<string>?[calls.Count];
        for (long i = thread * calls.Count / threads; !over.IsCancellationRequested; i++)
        {
            int at = (int)(i % calls.Count);
            string kind = calls[at].Kind;
            try
            {
                // With a dispose scope of the caller's and without one: user code has both.
                using IDisposable? scope = i / calls.Count % 2 == 0 ? TorchSharp.torch.NewDisposeScope() : null;
                made[at] ??= calls[at].Make();
                string got = made[at]!();
                if (got != expected[at])
                {
                    Break($"{calls[at].Name}: {got}, expected {expected[at]}");
                }
            }
            catch (Exception e)
            {
                Break($"{calls[at].Name}: {e}");
            }

            counts.AddOrUpdate(kind, 1, (_, count) => count + 1);
        }
    }

    private void Break(string sentence)
    {
        broken.Enqueue(sentence);
        over.Cancel();
    }
}

/// <summary>A call that gives the same every time.</summary>
/// <param name="Kind">Forward, backward, ...</param>
/// <param name="Name">Whose.</param>
/// <param name="Make">Makes the call for one thread, with what that thread needs of its own; what the call returns is compared.</param>
internal sealed record StressCall(string Kind, string Name, Func<Func<string>> Make);
