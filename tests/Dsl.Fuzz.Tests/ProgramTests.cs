using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Dsl.Fuzz.Judging;
using Dsl.Fuzz.Tree;
using Xunit;
using Xunit.Abstractions;

namespace Dsl.Fuzz.Tests;

/// <summary>
/// A fixed 300 of the programs that the command makes: each is refused at a token of it, or compiles without a warning; every sixth of these is held to be
/// right in every form (the command runs them all).
/// </summary>
public sealed class ProgramTests(ITestOutputHelper output)
{
    private const int Seed = 1, Count = 300;

    /// <summary>Kinds of failures that are known and wait to be mended: none may be there that does not occur.</summary>
    private static readonly string[] Known = [.. File.ReadAllLines(Path.Combine(AppContext.BaseDirectory, "known.txt"))
        .Where(l => l.Length > 0 && !l.StartsWith("# ", StringComparison.Ordinal))];

    private static bool Runs(Program program) => program.Index % 6 == 0;

    [Fact]
    public void Each_is_refused_or_right()
    {
        var tally = new Tally();
        var unknown = new List<string>();
        var met = new HashSet<string>();
        TorchSharp.torch.set_num_threads(1);
        for (int at = 0; at < Count; at += Worker.Batch)
        {
            Program[] batch = [.. Enumerable.Range(at, Worker.Batch).Select(i => Worker.Make(Seed, i))];
            foreach ((Program program, Verdict verdict) in Judge.All([.. batch.Where(Runs)]).Concat(Judge.All([.. batch.Where(p => !Runs(p))], runs: false)))
            {
                tally.Add(verdict.Outcome, verdict.Kind, Words.Of(program));
                if (verdict.Outcome == Outcome.Failed)
                {
                    met.Add(verdict.Kind);
                    if (!Known.Contains(verdict.Kind))
                    {
                        unknown.Add($"{program.Index}: {verdict.Kind}\n{verdict.Detail}");
                    }
                }
            }
        }

        var text = new StringWriter();
        tally.Write(text);
        output.WriteLine(text.ToString());
        Assert.Equal([], unknown);
        Assert.Equal([], Known.Where(k => !met.Contains(k)));
    }
}
