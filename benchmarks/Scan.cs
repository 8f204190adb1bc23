using System;
using System.Collections.Generic;
using System.Linq;
using Benchmarks.Baselines;
using Dsl.Runtime;
using TorchSharp;
using Zoo.StateSpaces;
using static TorchSharp.torch;

namespace Benchmarks;

/// <summary>
/// The compiled recurrences of RWKV-4 and Mamba against the same in tensor operators, at the widths of their smallest published models, one sequence.
/// </summary>
internal sealed class Scan : IBenchmark
{
    private static readonly int[] Times = [256, 512, 1024, 2048, 4096, 8192];

    private static readonly Operator[] Operators =
    [
        new Operator(
            "wkv", 3, 5, 0, 0,
            time => [randn(1, time, 768), randn(1, time, 768), randn(768) - 1, randn(768)],
            x => Scan<TimeMix.WkvKernel>.Run(x).Result,
            x => EagerWkv.OverTime(x[0], x[1], x[2], x[3]),
            x => EagerWkv.Chunked(x[0], x[1], x[2], x[3])),
        new Operator(
            "selective", 3, 5, 2, 4,
            time =>
            [
                nn.functional.softplus(randn(1, time, 1536) - 3), randn(1, time, 1536), randn(1, time, 16), randn(1, time, 16),
                arange(1, 17, float32).log().repeat(1536, 1), ones(1536),
            ],
            x => Scan<MambaMixer.SelectiveScanKernel>.Run(x).Result,
            x => EagerSelectiveScan.OverTime(x[0], x[1], x[2], x[3], x[4], x[5]),
            x => EagerSelectiveScan.Chunked(x[0], x[1], x[2], x[3], x[4], x[5])),
    ];

    public string Name => "scan";

    public string Help =>
        "WKV (768 channels) and the selective scan (1536 channels, state 16) over 256 to 8192 steps, forward and both ways, "
        + "against op by op over time and in chunks";

    public IReadOnlyList<Result> Run(Machine machine, Effort effort)
    {
        var results = new List<Result>();
        foreach (var each in Operators)
        {
            (double Forward, double Both)? shorter = null;
            foreach (int time in effort.Quick ? [1024, 2048] : Times)
            {
                var result = Measure(each, time, machine, effort, shorter);
                shorter = (result.OursMs!.Value, result.More!["both_ms"]!.Value);
                results.Add(result);
                Console.WriteLine(FormattableString.Invariant($"{result.Case}: forward {result.Speedup:F1}x, both ways {result.More["speedup_both"]:F1}x"));
            }
        }

        return results;
    }

    /// <summary>MB at the peak of a forward and a backward, results and gradients included; the pages of code that they touch are touched before.</summary>
    public double PeakOf(string @case, bool ours)
    {
        string[] parts = @case.Split('-');
        var each = Operators.Single(o => o.Name == parts[0]);
        var way = ours ? each.Ours : each.OverTime;
        int time = int.Parse(parts[1], System.Globalization.CultureInfo.InvariantCulture);
        Operator.Both(way, each.Leaves(32));
        return PeakMemory.Above(() => each.Leaves(time), leaves => Operator.Both(way, leaves));
    }

    private Result Measure(Operator each, int time, Machine machine, Effort effort, (double Forward, double Both)? shorter)
    {
        using var scope = NewDisposeScope();
        string name = $"{each.Name}-{time}";
        var leaves = each.Leaves(time);
        if (time <= 2048)
        {
            Check(name, each, leaves);
        }

        double[] forward, both;
        using (no_grad())
        {
            forward = Timing.Interleaved(effort.Medium, [.. each.Ways.Select(way => (Action)(() => way(leaves).Dispose()))]);
        }

        both = Timing.Interleaved(
            time <= 2048 ? effort.Medium : effort.Long, [.. each.Ways.Select(way => (Action)(() => Operator.Both(way, leaves)))]);
        double peak = PeakMemory.InChild(Name, name, ours: true);
        double given = leaves.Sum(l => (double)l.numel() * sizeof(float)) / 1e6;
        double results = 2 * each.Bytes(leaves, 1, 0) / 1e6;  // and its gradient
        double share = machine.ReadShare(each.Bytes(leaves, each.Streams, each.Spans), forward[0]);
        return new Result(name, forward[0], forward[1], share, peak, PeakMemory.InChild(Name, name, ours: false))
        {
            More = new Dictionary<string, double?>
            {
                ["speedup_forward"] = forward[1] / forward[0],
                ["speedup_both"] = both[1] / both[0],
                ["chunked_speedup_forward"] = forward[2] / forward[0],
                ["chunked_speedup_both"] = both[2] / both[0],
                ["both_ms"] = both[0],
                ["share_both"] = machine.ReadShare(each.Bytes(leaves, each.StreamsBoth, each.SpansBoth), both[0]),
                ["extra_mb"] = peak - results - (2 * given),
                ["growth_forward"] = forward[0] / shorter?.Forward,
                ["growth_both"] = both[0] / shorter?.Both,
            },
        };
    }

    private static void Check(string name, Operator each, Tensor[] leaves)
    {
        using var scope = NewDisposeScope();
        var results = each.Ways.Select(way =>
        {
            var y = way(leaves);
            y.sum().backward();
            Tensor[] gradients = [.. leaves.Select(l => l.grad!.clone())];
            foreach (var leaf in leaves)
            {
                leaf.grad!.zero_();
            }

            return (y, gradients);
        }).ToArray();
        foreach (var (other, way) in results.Skip(1).Zip(["op by op", "chunked"]))
        {
            Subject.CheckEqual($"{name}, {way}", results[0].y, other.y);
            for (int i = 0; i < leaves.Length; i++)
            {
                Subject.CheckEqual($"{name}, {way}, gradient {i}", results[0].gradients[i], other.gradients[i]);
            }
        }
    }

    /// <summary>One recurrence, in three ways.</summary>
    /// <param name="Streams">Tensors as large as the result that a forward must read or write at least; both ways: <paramref name="StreamsBoth"/>.</param>
    /// <param name="Spans">Tensors [batch, time, state] likewise.</param>
    private sealed record Operator(
        string Name, int Streams, int StreamsBoth, int Spans, int SpansBoth, Func<int, Tensor[]> Make,
        Func<Tensor[], Tensor> Ours, Func<Tensor[], Tensor> OverTime, Func<Tensor[], Tensor> Chunked)
    {
        public IReadOnlyList<Func<Tensor[], Tensor>> Ways => [Ours, OverTime, Chunked];

        public Tensor[] Leaves(int time) => [.. Make(time).Select(x => x.detach().requires_grad_())];

        public double Bytes(Tensor[] leaves, int streams, int spans) =>
            sizeof(float) * ((streams * (double)leaves[0].numel()) + (spans == 0 ? 0 : spans * (double)leaves[2].numel()));

        public static void Both(Func<Tensor[], Tensor> way, Tensor[] leaves)
        {
            using var scope = NewDisposeScope();
            way(leaves).sum().backward();
            foreach (var leaf in leaves)
            {
                leaf.grad = null;
            }
        }
    }
}
