using System.Collections.Generic;
using Benchmarks.Baselines;
using Dsl.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Benchmarks;

/// <summary>Logits of a whole prompt, as a model reads it before it answers.</summary>
internal sealed class Prefill : IBenchmark
{
    private const int Time = 512;
    private static readonly Subject Subject = Subject.Gpt2Small;

    public string Name => "prefill";

    public string Help => "GPT-2 small reads 512 tokens";

    public IReadOnlyList<Result> Run(Machine machine, Effort effort)
    {
        using var none = no_grad();
        using var scope = NewDisposeScope();
        using var model = Subject.Ours();
        model.Module.eval();
        var eager = Subject.Eager(Subject.WeightsOf(model));
        var ids = Subject.Ids(1, Time);
        Subject.CheckEqual("logits", Ours(model, ids), eager.Logits(ids));

        double[] ms = Timing.Interleaved(effort.Medium, () => Ours(model, ids).Dispose(), () => eager.Logits(ids).Dispose());
        string name = $"{Subject.Name} 1x{Time}";
        return
        [
            new Result(name, ms[0], ms[1], machine.ProductShare(Subject.Operations(1, Time), ms[0]), PeakMemory.InChild(Name, name, ours: true), PeakMemory.InChild(Name, name, ours: false)),
        ];
    }

    public double PeakOf(string @case, bool ours)
    {
        using var none = no_grad();
        using var ids = Subject.Ids(1, Time);
        return ours
            ? PeakMemory.Above(Subject.Ours, model => Ours(model, ids).Dispose())
            : PeakMemory.Above(() => Subject.Eager(Subject.RandomWeights()), eager => eager.Logits(ids).Dispose());
    }

    private static Tensor Ours(IModel model, Tensor ids) => model.Run(new Dictionary<string, Tensor> { ["input_ids"] = ids }, "logits")["logits"];
}
