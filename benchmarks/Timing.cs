using System;
using System.Diagnostics;
using System.Linq;

namespace Benchmarks;

internal static class Timing
{
    /// <summary>
    /// Median milliseconds of each variant. Every round runs all of them, in alternating order, so that a slow spell of the machine meets all alike;
    /// one round before is not counted.
    /// </summary>
    public static double[] Interleaved(int rounds, params Action[] variants) => Interleaved(rounds, [.. variants.Select(v => ((Action)(() => { }), v))]);

    /// <summary>The same for variants with a part that is not timed before each run.</summary>
    public static double[] Interleaved(int rounds, params (Action Before, Action Run)[] variants)
    {
        var times = variants.Select(_ => new double[rounds]).ToArray();
        for (int round = -1; round < rounds; round++)
        {
            for (int i = 0; i < variants.Length; i++)
            {
                int variant = round % 2 == 0 ? i : variants.Length - 1 - i;
                variants[variant].Before();
                long start = Stopwatch.GetTimestamp();
                variants[variant].Run();
                if (round >= 0)
                {
                    times[variant][round] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
                }
            }
        }

        return [.. times.Select(Median)];
    }

    public static double Median(double[] values)
    {
        var sorted = values.Order().ToArray();
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
