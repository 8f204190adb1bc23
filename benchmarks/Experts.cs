using System;
using System.Collections.Generic;
using Dsl;
using Dsl.Runtime;
using TorchSharp;
using Zoo.Decoders;
using static TorchSharp.torch;

namespace Benchmarks;

/// <summary>
/// Two of eight experts against computing all eight, by the same products: a feed-forward alone, whose results are equal, and a model of Mixtral's proportions.
/// </summary>
internal sealed class Experts : IBenchmark
{
    private const int Time = 512, Count = 8, Chosen = 2;

    public string Name => "experts";

    public string Help => $"{Chosen} of {Count} experts against all of them: {Time} tokens and a step, a feed-forward and a model in Mixtral's proportions";

    public IReadOnlyList<Result> Run(Machine machine, Effort effort) => [.. FeedForward(effort), .. Model(effort)];

    /// <summary>Memory is that of the weights, which both have.</summary>
    public double PeakOf(string @case, bool ours) => throw new NotSupportedException($"{@case}: both hold the same weights.");

    private static IEnumerable<Result> FeedForward(Effort effort)
    {
        const int width = 1024;
        using var none = no_grad();
        using var scope = NewDisposeScope();
        manual_seed(1);
        var config = new RoutingConfig(Count, Chosen, 3584, Activation.Silu, Normalised: true);
        var table = new Weights();
        using var routed = new RoutedFeedForward(config, table, width, width);
        using var all = new GatedExperts(config, table.At("experts", shared: true), Count, width, width);
        foreach ((string name, int tokens) in new[] { ($"feed-forward, {Time} tokens", Time), ("feed-forward, a step", 1) })
        {
            var x = randn(1, tokens, width);
            using Pass pass = Pass.Over(1, tokens, CPU);
            var scores = x.matmul(table.Shared("gate.weight").Value.t());
            var weights = Routing.Softmax(scores, Routing.Choose(scores, Chosen));
            var everyone = ones_like(scores);
            Tensor Ours() => routed.Forward(x, pass);
            Tensor All() => Routing.Mix(x, everyone, weights, pass, all.Forward);
            Subject.CheckEqual(name, Ours(), All());
            double[] ms = Timing.Interleaved(tokens == 1 ? effort.Short : effort.Medium, () => Ours().Dispose(), () => All().Dispose());
            yield return new Result(name, ms[0], ms[1]);
        }
    }

    private static IEnumerable<Result> Model(Effort effort)
    {
        using var none = no_grad();
        using var scope = NewDisposeScope();
        manual_seed(1);
        var config = new MixtralConfig(Count, Chosen)
        {
            Vocab = 1000,
            Hidden = 768,
            FeedForward = 2688,
            Layers = 2,
            Heads = 12,
            KvHeadsKey = 3,
            Act = Activation.Silu,
            Theta = 1e6,
        };
        using var ours = new Mixtral(config);
        using var all = new Mixtral(config with { Chosen = Count });
        ours.eval();
        all.eval();
        var ids = randint(0, config.Vocab, [1, Time], int64);
        Tensor Prefill(Mixtral model) => model.Forward(ids, wanted: Mixtral.Wanted.Logits).Logits!;
        double[] ms = Timing.Interleaved(effort.Medium, () => Prefill(ours).Dispose(), () => Prefill(all).Dispose());
        yield return new Result($"model, {Time} tokens", ms[0], ms[1]);

        using var oursState = ours.NewState(1, 256);
        using var allState = all.NewState(1, 256);
        var token = ids.narrow(1, 0, 1);
        ms = Timing.Interleaved(
            effort.Short, () => ours.Advance(token, oursState, last: true).Dispose(), () => all.Advance(token, allState, last: true).Dispose());
        yield return new Result("model, a step", ms[0], ms[1]);
    }
}
