using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Text.Json;
using Dsl.Fuzz.Judging;
using Dsl.Fuzz.Tree;
using Dsl.Fuzz.Writing;

namespace Dsl.Fuzz;

/// <summary>What a worker tells of one program, a line of JSON each.</summary>
/// <param name="Index">Of the seed.</param>
/// <param name="Begins">It runs now: if nothing more is heard, it has ended the process.</param>
/// <param name="Outcome">Null with <paramref name="Begins"/>.</param>
/// <param name="Kind">See <see cref="Verdict.Kind"/>.</param>
/// <param name="Words">What it held.</param>
/// <param name="Memory">The worker's memory in MB.</param>
internal sealed record Told(int Index, bool Begins, Outcome? Outcome = null, string Kind = "", IReadOnlyList<string>? Words = null, long Memory = 0);

/// <summary>What a run does beside judging.</summary>
/// <param name="Folder">Where failing programs are written to.</param>
/// <param name="Shrinking">How long one of them is shrunk.</param>
/// <param name="Runs">False: what is accepted is compiled and not run.</param>
internal sealed record Options(string? Folder, TimeSpan Shrinking, bool Runs);

/// <summary>Judges a run of indices in this process, in batches that are compiled together.</summary>
internal static class Worker
{
    public const int Batch = 30;

    /// <summary>One in so many programs is mutated.</summary>
    public const int MutatedOneIn = 3;

    private const int ShrunkPerKind = 1;

    /// <summary>The program of an index; the same for the same numbers on every machine.</summary>
    public static Program Make(int seed, int index)
    {
        Program program = ProgramWriter.Write(seed, index);
        return index % MutatedOneIn == MutatedOneIn - 1 ? Mutator.Mutate(program, new Chance(seed + 17, index)) : program;
    }

    /// <summary>Judges, tells each verdict, and writes what fails to the folder, shrunk.</summary>
    public static void Run(int seed, int from, int to, Options options, TextWriter output)
    {
        TorchSharp.torch.set_num_threads(1);
        var known = new Dictionary<string, int>();
        for (int at = from; at < to; at += Batch)
        {
            Program[] programs = [.. Enumerable.Range(at, Math.Min(Batch, to - at)).Select(i => Make(seed, i))];
            int index = at;
            foreach ((Program program, Verdict verdict) in Judge.All(programs, options.Runs, _ => Tell(output, new Told(index, true))))
            {
                if (verdict.Outcome == Outcome.Failed)
                {
                    known[verdict.Kind] = known.GetValueOrDefault(verdict.Kind) + 1;
                    if (options.Folder is { } folder && known[verdict.Kind] <= ShrunkPerKind && Files.Missing(folder, verdict.Kind, ShrunkPerKind))
                    {
                        Files.Write(folder, seed, index, program, verdict, Judge.Shrink(program, verdict.Kind, options.Shrinking));
                    }
                }

                Tell(output, new Told(index, false, verdict.Outcome, verdict.Kind, [.. Words.Of(program)], Process.GetCurrentProcess().WorkingSet64 >> 20));
                index++;
            }

            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
    }

    private static void Tell(TextWriter output, Told told)
    {
        output.WriteLine(JsonSerializer.Serialize(told));
        output.Flush();
    }
}
