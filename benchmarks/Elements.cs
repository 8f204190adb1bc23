using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Runtime;
using TorchSharp;
using Zoo.StateSpaces;
using static TorchSharp.torch;

namespace Benchmarks;

/// <summary>
/// Pointwise functions of the zoo by their kernels, one pass over memory, against the same in tensor operators: RWKV's token shift and S4D's skip, for a
/// token, a short prompt, a prompt and a batch that is trained on.
/// </summary>
internal sealed class Elements : IBenchmark
{
    private const int Width = 2048;

    private static readonly (int Rows, int Time)[] Sizes = [(1, 1), (1, 2), (1, 16), (1, 512), (8, 512)];

    private static readonly (string Name, Func<int, int, Tensor[]> Leaves, Func<Tensor[], Tensor> Ours, Func<Tensor[], Tensor> OpByOp)[] Functions =
    [
        ("mix", (rows, time) => [randn(rows, time, Width), randn(rows, time, Width), rand(1, 1, Width)],
            x => Pointwise.Run<TokenShift.MixKernel>([], x), x => (x[0] * x[2]).add(x[1] * (1 - x[2]))),
        ("skip", (rows, time) => [randn(rows, time, Width), randn(rows, time, Width), rand(Width)],
            x => Pointwise.Run<S4dLayer.SkipKernel>([], x), x => x[0].add(x[2] * x[1])),
    ];

    public string Name => "pointwise";

    public string Help => "RWKV's token shift and S4D's skip, width 2048, by their kernels, forward and both ways, against op by op";

    public IReadOnlyList<Result> Run(Machine machine, Effort effort)
    {
        var results = new List<Result>();
        foreach (var (name, leaves, ours, opByOp) in Functions)
        {
            foreach ((int rows, int time) in Sizes)
            {
                using var scope = NewDisposeScope();
                Tensor[] inputs = leaves(rows, time);
                int repeats = Math.Max(1, 65536 / (rows * time * Width / 16));
                double[] forward, both;
                using (no_grad())
                {
                    forward = Timing.Interleaved(effort.Short, [.. new[] { ours, opByOp }.Select(way => Repeated(repeats, () => way(inputs).Dispose()))]);
                }

                foreach (Tensor input in inputs)
                {
                    input.requires_grad = true;
                }

                both = Timing.Interleaved(effort.Short, [.. new[] { ours, opByOp }.Select(way => Repeated(repeats, () => Both(way, inputs)))]);
                results.Add(new Result($"{name}-{rows}x{time}", forward[0] / repeats, forward[1] / repeats)
                {
                    More = new Dictionary<string, double?> { ["both_ms"] = both[0] / repeats, ["speedup_both"] = both[1] / both[0] },
                });
            }
        }

        return results;
    }

    public double PeakOf(string @case, bool ours) => throw new NotSupportedException("pointwise measures no memory");

    private static Action Repeated(int times, Action run) => () =>
    {
        for (int i = 0; i < times; i++)
        {
            run();
        }
    };

    private static void Both(Func<Tensor[], Tensor> way, Tensor[] leaves)
    {
        using var scope = NewDisposeScope();
        way(leaves).sum().backward();
        foreach (Tensor leaf in leaves)
        {
            leaf.grad = null;
        }
    }
}
