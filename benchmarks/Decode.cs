using System;
using System.Collections.Generic;
using System.Linq;
using Benchmarks.Baselines;
using Dsl.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Benchmarks;

/// <summary>One sequence, greedily, token by token.</summary>
internal sealed class Decode : IBenchmark
{
    private const int Prompt = 64;
    private const int Tokens = 64;
    private static readonly Subject[] Subjects = [Subject.Gpt2Small, Subject.Mamba130, Subject.Rwkv169];

    public string Name => "decode";

    public string Help => "GPT-2 small, Mamba 130M and RWKV-4 169M continue one sequence of 64 tokens by 64 more, ms a token";

    public IReadOnlyList<Result> Run(Machine machine, Effort effort) => [.. Subjects.Select(subject => Run(subject, machine, effort))];

    private static string NameOf(Subject subject) => $"{subject.Name}, {Tokens} tokens after {Prompt}";

    private Result Run(Subject subject, Machine machine, Effort effort)
    {
        using var none = no_grad();
        using var scope = NewDisposeScope();
        using var model = subject.Ours();
        model.Module.eval();
        var prompt = subject.Ids(1, Prompt);
        using var ours = new OursReader(model);
        using var eager = new EagerReader(subject.Eager(Subject.WeightsOf(model)));
        Subject.CheckEqual("prompt", ours.Begin(prompt), eager.Begin(prompt));
        var token = subject.Ids(1, 1);
        Subject.CheckEqual("step", ours.Next(token), eager.Next(token));

        // Reading the prompt is prefill's business: it is outside the clock.
        double[] ms = Timing.Interleaved(
            effort.Medium, (() => ours.Begin(prompt).Dispose(), () => Steps(ours)), (() => eager.Begin(prompt).Dispose(), () => Steps(eager)));
        string name = NameOf(subject);
        return new Result(name, ms[0] / Tokens, ms[1] / Tokens, machine.ReadShare(subject.BytesPerToken(model), ms[0] / Tokens),
                PeakMemory.InChild(Name, name, ours: true), PeakMemory.InChild(Name, name, ours: false));
    }

    public double PeakOf(string @case, bool ours)
    {
        var subject = Subjects.Single(s => NameOf(s) == @case);
        using var none = no_grad();
        using var prompt = subject.Ids(1, Prompt);
        return PeakMemory.Above<Reader>(
            () => ours ? new OursReader(subject.Ours()) : new EagerReader(subject.Eager(subject.RandomWeights())),
            reader =>
            {
                reader.Begin(prompt).Dispose();
                Steps(reader);
            });
    }

    private static void Steps(Reader reader)
    {
        using var scope = NewDisposeScope();
        var token = zeros(1, 1, int64);
        for (int i = 0; i < Tokens; i++)
        {
            token = reader.Next(token).argmax(-1);
        }
    }

    /// <summary>One way to read tokens one after the other: logits [1, 1, vocabulary] of the last one read.</summary>
    private abstract class Reader : IDisposable
    {
        /// <summary>Forgets all and reads a prompt.</summary>
        public abstract Tensor Begin(Tensor prompt);

        public abstract Tensor Next(Tensor token);

        public abstract void Dispose();
    }

    private sealed class OursReader(IModel model) : Reader
    {
        private ModelState? state;

        public override Tensor Begin(Tensor prompt)
        {
            state?.Dispose();
            state = model.NewState(1);
            return Next(prompt);
        }

        public override Tensor Next(Tensor token) => model.Advance(token, state!, last: true);

        public override void Dispose() => state?.Dispose();
    }

    private sealed class EagerReader(IEager model) : Reader
    {
        private EagerCache cache = new();

        public override Tensor Begin(Tensor prompt)
        {
            cache.Dispose();
            cache = new EagerCache();
            return Next(prompt);
        }

        public override Tensor Next(Tensor token)
        {
            using var logits = model.Logits(token, cache);
            return logits.narrow(1, logits.shape[1] - 1, 1);
        }

        public override void Dispose() => cache.Dispose();
    }
}
