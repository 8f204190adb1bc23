using System.Collections.Generic;
using System.Linq;
using Benchmarks.Baselines;
using Dsl.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Benchmarks;

/// <summary>Logits of a whole prompt, as a model reads it before it answers.</summary>
internal sealed class Prefill : IBenchmark
{
    private const int Time = 512;
    private static readonly Subject[] Subjects = [Subject.Gpt2Small, Subject.Mamba130, Subject.Rwkv169];

    public string Name => "prefill";

    public string Help => "GPT-2 small, Mamba 130M and RWKV-4 169M read 512 tokens";

    public IReadOnlyList<Result> Run(Machine machine, Effort effort) => [.. Subjects.Select(subject => Run(subject, machine, effort))];

    public double PeakOf(string @case, bool ours)
    {
        var subject = Subjects.Single(s => NameOf(s) == @case);
        using var none = no_grad();
        using var ids = subject.Ids(1, Time);
        return ours
            ? PeakMemory.Above(subject.Ours, model => Ours(model, ids).Dispose())
            : PeakMemory.Above(() => subject.Eager(subject.RandomWeights()), eager => eager.Logits(ids).Dispose());
    }

    private static string NameOf(Subject subject) => $"{subject.Name} 1x{Time}";

    private Result Run(Subject subject, Machine machine, Effort effort)
    {
        using var none = no_grad();
        using var scope = NewDisposeScope();
        using var model = subject.Ours();
        model.Module.eval();
        var eager = subject.Eager(Subject.WeightsOf(model));
        var ids = subject.Ids(1, Time);
        Subject.CheckEqual("logits", Ours(model, ids), eager.Logits(ids));

        double[] ms = Timing.Interleaved(effort.Medium, () => Ours(model, ids).Dispose(), () => eager.Logits(ids).Dispose());
        string name = NameOf(subject);
        return new Result(
            name,
            ms[0],
            ms[1],
            machine.ProductShare(subject.Operations(1, Time), ms[0]),
            PeakMemory.InChild(Name, name, ours: true),
            PeakMemory.InChild(Name, name, ours: false));
    }

    private static Tensor Ours(IModel model, Tensor ids) => model.Run(new Dictionary<string, Tensor> { ["input_ids"] = ids }, "logits")["logits"];
}
