using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Benchmarks;

/// <summary>The limits of this machine, measured in the run that reports them.</summary>
internal sealed record Machine(double GemmGflops, double ReadGbs, string Cpu, IReadOnlyList<Result> Parts)
{
    private const long Side = 2048;
    private const long ReadBytes = 256L << 20;

    /// <summary>The higher of two product rates of a 2048-cube, by linear and by oneDNN's packed linear, and the bandwidth of summing 256 MB.</summary>
    public static Machine Measure(Effort effort)
    {
        using var none = no_grad();
        using var scope = NewDisposeScope();
        var x = randn(Side, Side);
        var weight = randn(Side, Side);
        var large = ones(ReadBytes / sizeof(float));
        var variants = new List<(string Case, Action Run)>
        {
            ("linear 2048x2048x2048", () => nn.functional.linear(x, weight).Dispose()),
            ("sum of 256 MB", () => large.sum().Dispose()),
        };
        if (Onednn.Linear(weight, Side) is { } product)
        {
            variants.Add(("oneDNN 2048x2048x2048", () => product(x).Dispose()));
        }

        double[] ms = Timing.Interleaved(effort.Short, [.. variants.Select(v => v.Run)]);
        double best = ms.Where((_, i) => i != 1).Min();
        var parts = variants.Select((v, i) => new Result(v.Case, ms[i], Share: i == 1 ? 1 : best / ms[i])).ToList();
        return new Machine(2.0 * Side * Side * Side / best / 1e6, ReadBytes / ms[1] / 1e6, CpuName(), parts);
    }

    /// <summary>Share of the product limit that <paramref name="operations"/> in <paramref name="ms"/> reach.</summary>
    public double ProductShare(double operations, double ms) => operations / ms / 1e6 / GemmGflops;

    /// <summary>Share of the read bandwidth that <paramref name="bytes"/> in <paramref name="ms"/> reach.</summary>
    public double ReadShare(double bytes, double ms) => bytes / ms / 1e6 / ReadGbs;

    private static string CpuName()
    {
        const string Info = "/proc/cpuinfo";
        string? line = File.Exists(Info) ? File.ReadLines(Info).FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal)) : null;
        string name = line?[(line.IndexOf(':') + 1)..].Trim()
            ?? Environment.GetEnvironmentVariable("PROCESSOR_IDENTIFIER")
            ?? RuntimeInformation.ProcessArchitecture.ToString();
        string wide = System.Runtime.Intrinsics.X86.Avx512F.IsSupported ? ", AVX-512" : System.Runtime.Intrinsics.X86.Avx2.IsSupported ? ", AVX2" : "";
        return $"{name}, {Environment.ProcessorCount} cores{wide}";
    }
}
