using System;
using System.Collections.Generic;
using System.Linq;
using Benchmarks.Baselines;
using Dsl.Runtime;
using Dsl.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Benchmarks;

/// <summary>A whole training step: forward, loss, backward, AdamW.</summary>
internal sealed class Train : IBenchmark
{
    private const double Rate = 1e-3, Beta1 = 0.9, Beta2 = 0.95, Decay = 0.1;

    private static readonly Shape[] Shapes = [new(Subject.Gpt2Small, 4, 256), new(Subject.Quickstart, 16, 128)];

    public string Name => "train";

    public string Help => "a training step of GPT-2 small on 4x256 tokens, and of the quickstart on 16x128";

    public IReadOnlyList<Result> Run(Machine machine, Effort effort) => [.. Shapes.Select(shape => Run(shape, machine, effort))];

    public double PeakOf(string @case, bool ours)
    {
        var shape = Shapes.Single(s => s.Name == @case);
        using var ids = shape.Subject.Ids(shape.Batch, shape.Time);

        // The second step is the first with every moment in place.
        return PeakMemory.Above<Stepper>(
            () => ours ? new OursStepper(shape.Subject) : new EagerStepper(shape.Subject, shape.Subject.RandomWeights()),
            stepper =>
            {
                stepper.Step(ids);
                stepper.Step(ids);
            });
    }

    private Result Run(Shape shape, Machine machine, Effort effort)
    {
        using var scope = NewDisposeScope();
        var ids = shape.Subject.Ids(shape.Batch, shape.Time);
        using var ours = new OursStepper(shape.Subject);
        using var eager = new EagerStepper(shape.Subject, Subject.CopiesOf(ours.Model));
        for (int step = 1; step <= 2; step++)
        {
            Subject.CheckEqual($"{shape.Name}, loss of step {step}", tensor(ours.Step(ids)), tensor(eager.Step(ids)));
        }

        double[] ms = Timing.Interleaved(shape.Subject.Layers > 4 ? effort.Long : effort.Medium, () => ours.Step(ids), () => eager.Step(ids));
        return new Result(shape.Name, ms[0], ms[1], machine.ProductShare(3 * shape.Subject.Operations(shape.Batch, shape.Time), ms[0]),
            PeakMemory.InChild(Name, shape.Name, ours: true), PeakMemory.InChild(Name, shape.Name, ours: false));
    }

    private sealed record Shape(Subject Subject, int Batch, int Time)
    {
        public string Name => $"{Subject.Name} {Batch}x{Time}";
    }

    /// <summary>One way to train on the same batch; returns the loss before the step.</summary>
    private abstract class Stepper : IDisposable
    {
        public abstract float Step(Tensor ids);

        public abstract void Dispose();
    }

    /// <summary>The generated model, trained as the zoo's trainer does it.</summary>
    private sealed class OursStepper : Stepper
    {
        private readonly AdamW optimizer;

        public OursStepper(Subject subject)
        {
            Model = subject.Ours();
            Model.Module.train();
            optimizer = new AdamW(Optimizer.Declared(Model.Weights.All, Decay), Beta1, Beta2);
        }

        public IModel Model { get; }

        public override float Step(Tensor ids)
        {
            using var scope = NewDisposeScope();
            Model.Module.zero_grad();
            var tokens = new TokenLoss(Model, "logits");
            var read = Model.Run(new Dictionary<string, Tensor> { ["input_ids"] = ids }, tokens.Reads)[tokens.Reads];
            var loss = tokens.Of(read.narrow(1, 0, ids.shape[1] - 1), ids.narrow(1, 1, ids.shape[1] - 1));
            loss.backward();
            optimizer.Step(Rate);
            return loss.item<float>();
        }

        public override void Dispose()
        {
            optimizer.Dispose();
            Model.Dispose();
        }
    }

    /// <summary>PyTorch's ordinary loop: cross entropy of shifted logits, torch.optim.AdamW with decay on matrices only.</summary>
    private sealed class EagerStepper : Stepper
    {
        private readonly IEager model;
        private readonly optim.Optimizer optimizer;

        public EagerStepper(Subject subject, Dictionary<string, Tensor> weights)
        {
            model = subject.Eager(weights);
            var all = weights.Values.Cast<TorchSharp.Modules.Parameter>().ToArray();
            optimizer = optim.AdamW(
                [
                    new TorchSharp.Modules.AdamW.ParamGroup(all.Where(p => p.dim() > 1), weight_decay: Decay),
                    new TorchSharp.Modules.AdamW.ParamGroup(all.Where(p => p.dim() <= 1), weight_decay: 0),
                ],
                Rate, Beta1, Beta2);
        }

        public override float Step(Tensor ids)
        {
            using var scope = NewDisposeScope();
            optimizer.zero_grad();
            var loss = Eager.CausalLoss(model.Logits(ids), ids);
            loss.backward();
            optimizer.step();
            return loss.item<float>();
        }

        public override void Dispose() => optimizer.Dispose();
    }
}
