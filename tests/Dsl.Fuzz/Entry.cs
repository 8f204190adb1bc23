using System;
using System.Linq;
using Dsl.Fuzz.Judging;
using Dsl.Fuzz.Tree;
using Dsl.Fuzz.Writing;

namespace Dsl.Fuzz;

internal static class Entry
{
    private static void Main(string[] args)
    {
        int from = int.Parse(args[0]), count = int.Parse(args[1]);
        var programs = Enumerable.Range(from, count).Select(i => ProgramWriter.Write(1, i)).ToList();
        if (args.Length > 2) { foreach (var p in programs) { Console.WriteLine(Printer.Print(p)); } }
        var watch = System.Diagnostics.Stopwatch.StartNew();
        using var compiled = Compiler.Compile(programs);
        Console.WriteLine($"compiled in {watch.ElapsedMilliseconds}");
        foreach (var p in programs)
        {
            watch.Restart();
            var verdict = compiled.Verdicts[p.Space];
            if (verdict.Outcome == Outcome.Right) verdict = Runner.Judge(p, compiled.Assembly!);
            Console.WriteLine($"{p.Space} {watch.ElapsedMilliseconds} ms {verdict.Outcome} {verdict.Kind}\n{string.Join("\n", verdict.Detail.Split('\n').Take(args.Length > 2 ? 30 : 3))}");
        }
    }
}
