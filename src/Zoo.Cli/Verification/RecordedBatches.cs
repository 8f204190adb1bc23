using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using Dsl.Runtime;
using Dsl.Testing;
using Dsl.Training;
using Dsl.Training.Alignment;
using TorchSharp;
using static TorchSharp.torch;

namespace Zoo.Cli.Verification;

/// <summary>The batches of a case in their order.</summary>
internal sealed class RecordedBatches(GoldenRun run, ITuningObjective objective) : ITrainingData
{
    private readonly int last = run.Case.Inputs.Keys.Where(name => name.StartsWith("batch.", StringComparison.Ordinal))
        .Max(name => int.Parse(name.Split('.')[1], CultureInfo.InvariantCulture));
    private readonly List<(double Loss, double Weight)> taken = [];

    /// <summary>The loss of each batch so far, and what it weighs.</summary>
    internal IReadOnlyList<(double Loss, double Weight)> Taken => taken;

    public string Name => run.Case.Name;

    public string Hash => "";

    public string Position { get; set; } = "";

    public TrainingLoss Next(IModel model)
    {
        TrainingLoss loss = objective.Loss(model, Inputs($"batch.{taken.Count}."));
        using (no_grad())
        {
            using Tensor total = loss.Total.to(ScalarType.Float64);
            taken.Add((total.item<double>(), loss.Weight));
        }

        return loss with { EndsPass = taken.Count > last };
    }

    public IEnumerable<TrainingLoss> HeldOut(IModel model, int batches) => [];

    public void Save(string folder) => throw new NotSupportedException("A case is not trained on.");

    // The tensors stay the case's.
    private TuningInputs Inputs(string batch)
    {
        IReadOnlyDictionary<string, Tensor> all = run.Case.Inputs;
        Tensor ids = all[batch + "input_ids"], mask = all[batch + "attention_mask"];
        return new TuningInputs(
            ids, mask, all.GetValueOrDefault(batch + "labels") ?? Responses.Labels(ids, all.GetValueOrDefault(batch + "completion_mask") ?? mask),
            all.GetValueOrDefault(batch + "margin"));
    }
}
