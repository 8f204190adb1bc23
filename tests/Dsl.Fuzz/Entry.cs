using System;
using System.CommandLine;
using System.IO;
using System.Linq;
using System.Runtime.InteropServices;
using System.Threading;
using Dsl.Fuzz.Mutants;
using Dsl.Fuzz.Stress;
using Dsl.Fuzz.Tree;

namespace Dsl.Fuzz;

/// <summary>The command: random declarations, judged; a table at the end. Exit code 1 where something failed.</summary>
internal static class Entry
{
    private static int Main(string[] args)
    {
        var seed = new Option<int>("--seed") { Description = "Decides every program together with its index.", DefaultValueFactory = _ => 1 };
        var from = new Option<int>("--from") { Description = "The first index.", DefaultValueFactory = _ => 0 };
        var count = new Option<int>("--count") { Description = "How many programs.", DefaultValueFactory = _ => 300 };
        var jobs = new Option<int>("--jobs") { Description = "How many processes.", DefaultValueFactory = _ => 1 };
        var folder = new Option<string?>("--out") { Description = "Where failing programs are written to, shrunk, a folder a kind." };
        var shrink = new Option<int>("--shrink") { Description = "Seconds that a failing program is shrunk for.", DefaultValueFactory = _ => 60 };
        var compile = new Option<bool>("--compile") { Description = "Compiles the programs and runs none." };
        var print = new Option<bool>("--print") { Description = "Prints the programs and judges nothing." };
        var judge = new Option<string?>("--judge") { Description = "Judges a file, one that --out has written or its like, instead." };
        var stress = new Option<double?>("--stress")
        {
            Description = "Calls models on 8 threads for so many minutes instead, while garbage is collected every millisecond.",
        };
        var operators = new Option<bool>("--operators") { Description = "With --stress: TorchSharp's own operators with numbers, which break." };
        var files = new Option<bool>("--files") { Description = "Reads mutated files of every format instead." };
        var only = new Option<string?>("--only") { Description = "With --files: one format." };
        var worker = new Option<bool>("--worker") { Description = "Judges in this process, and tells of each program in a line of JSON.", Hidden = true };
        var root = new RootCommand("Random declarations: each is refused with a diagnostic at a token of it, or right in every form.")
        {
            seed, from, count, jobs, folder, shrink, compile, print, judge, stress, operators, files, only, worker,
        };
        root.SetAction(parsed =>
        {
            if (parsed.GetValue(stress) is { } minutes)
            {
                return new StressRun(8, TimeSpan.FromMinutes(minutes), Console.Out).Run(
                    parsed.GetValue(operators) ? StressCalls.OfOperators() : StressCalls.OfModels());
            }

            if (parsed.GetValue(files))
            {
                return Files(parsed.GetValue(only), parsed.GetValue(worker), parsed.GetValue(seed), parsed.GetValue(from), parsed.GetValue(count));
            }

            if (parsed.GetValue(judge) is { } path)
            {
                return TextFile.Judge(path, Console.Out);
            }

            int first = parsed.GetValue(from), last = first + parsed.GetValue(count);
            if (parsed.GetValue(print))
            {
                foreach (int index in Enumerable.Range(first, last - first))
                {
                    Console.WriteLine(Printer.Print(Worker.Make(parsed.GetValue(seed), index)));
                }

                return 0;
            }

            var options = new Options(parsed.GetValue(folder), TimeSpan.FromSeconds(parsed.GetValue(shrink)), !parsed.GetValue(compile));
            if (parsed.GetValue(worker))
            {
                TextWriter told = Console.Out;

                // A program's own function may print: only verdicts go to the one who reads.
                Console.SetOut(TextWriter.Null);
                Worker.Run(parsed.GetValue(seed), first, last, options, told);
                return 0;
            }

            using var stop = new CancellationTokenSource();
            Console.CancelKeyPress += (_, pressed) =>
            {
                pressed.Cancel = true;
                stop.Cancel();
            };

            // A run in the background of a script is told to end by this one: there the other is ignored.
            using PosixSignalRegistration ended = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context =>
            {
                context.Cancel = true;
                stop.Cancel();
            });
            var driver = new Driver(parsed.GetValue(seed), first, last, options);
            Tally tally = driver.Run(parsed.GetValue(jobs), stop.Token);
            tally.Write(Console.Out);
            return tally.Failures > 0 ? 1 : 0;
        });
        return root.Parse(args).Invoke();
    }

    private static int Files(string? only, bool worker, int seed, int from, int count)
    {
        if (!worker)
        {
            return FileFuzz.Run(seed, from, count, only, Console.Out);
        }

        string scratch = Path.Combine(Path.GetTempPath(), $"mutants-{Environment.ProcessId}");
        try
        {
            FileFuzz.Work(FileFormat.All(scratch).Single(format => format.Name == only), seed, from, from + count, Console.Out);
            return 0;
        }
        finally
        {
            if (Directory.Exists(scratch))
            {
                Directory.Delete(scratch, recursive: true);
            }
        }
    }
}
