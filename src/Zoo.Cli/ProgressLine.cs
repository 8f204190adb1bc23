using System;
using System.Diagnostics;

namespace Zoo.Cli;

/// <summary>How far something long is, and what is left of it: one line that is written over on a terminal, a line now and then elsewhere.</summary>
/// <param name="context">Where it goes.</param>
/// <param name="what">What is counted.</param>
/// <param name="total">How many there are.</param>
internal sealed class ProgressLine(CliContext context, string what, long total) : IDisposable
{
    private const int Lines = 10;

    private readonly Stopwatch clock = Stopwatch.StartNew();
    private long done;
    private double shown;

    /// <summary>So many more are done.</summary>
    internal void Advance(long count = 1)
    {
        long before = done;
        done += count;
        double now = clock.Elapsed.TotalSeconds;
        if (context.Interactive ? now - shown > 0.2 || done == total : before * Lines / total != done * Lines / total)
        {
            shown = now;
            string left = Words.Duration(TimeSpan.FromSeconds(now * (total - done) / done));
            string line = FormattableString.Invariant($"{Words.Count(done)} of {Words.Count(total)} {what}, {left} left");
            context.Output.Write(context.Interactive ? $"\r{line}          " : line + Environment.NewLine);
        }
    }

    public void Dispose()
    {
        if (context.Interactive && done > 0)
        {
            context.Output.WriteLine();
        }
    }
}
