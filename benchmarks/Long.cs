using System;
using System.Collections.Generic;
using System.Diagnostics;
using Dsl.Runtime;
using TorchSharp;
using Zoo.StateSpaces;
using static TorchSharp.torch;

namespace Benchmarks;

/// <summary>A long text from a small recurrent model: one token's time and the process's memory early and late.</summary>
internal sealed class Long : IBenchmark
{
    private const int Early = 100, Late = 100_000, Window = 100;

    public string Name => "long";

    public string Help =>
        "a Mamba of 4 layers and width 256 writes 100,000 tokens: ms a token around token 100 (base) and around token 100,000 (ours), state and memory";

    public IReadOnlyList<Result> Run(Machine machine, Effort effort)
    {
        int last = effort.Quick ? Late / 10 : Late;
        using var none = no_grad();
        using var model = new Mamba(new MambaConfig(256, 256, 4, 512, 16, Dsl.Activation.Silu));
        model.eval();
        using var state = model.NewState(1);
        var token = zeros(1, 1, int64);
        var times = new List<double>[] { [], [] };
        var (bytes, memory) = (new long[2], new double[2]);
        for (int step = 1; step <= last + (Window / 2); step++)
        {
            long start = Stopwatch.GetTimestamp();
            using (var logits = model.Advance(token, state, last: true))
            {
                token.Dispose();
                token = logits.argmax(-1);
            }

            for (int i = 0; i < 2; i++)
            {
                int middle = i == 0 ? Early : last;
                if (Math.Abs(step - middle) <= Window / 2)
                {
                    times[i].Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
                    (bytes[i], memory[i]) = (state.Bytes, Environment.WorkingSet / 1e6);
                }
            }
        }

        token.Dispose();
        return
        [
            new Result(
                $"token {last} against token {Early}", Timing.Median([.. times[1]]), Timing.Median([.. times[0]]), PeakMb: memory[1], BaselinePeakMb: memory[0])
            {
                More = new Dictionary<string, double?> { ["state_bytes"] = bytes[1], ["state_bytes_early"] = bytes[0] },
            },
        ];
    }

    public double PeakOf(string @case, bool ours) => throw new NotSupportedException("The long text is measured in one process.");
}
