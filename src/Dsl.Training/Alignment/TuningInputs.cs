using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Runtime;
using Dsl.Training.Alignment.Data;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Training.Alignment;

/// <summary>A batch for an alignment objective. Of pairs, all better answers stand first, then all worse ones.</summary>
/// <param name="Ids">int64 [rows, t].</param>
/// <param name="Mask">int64 [rows, t], 1 for a real token.</param>
/// <param name="Labels">int64 [rows, t], unshifted: the id where a token counts, else -100.</param>
/// <param name="Margins">[pairs]; null where they are not said.</param>
public sealed record TuningInputs(Tensor Ids, Tensor Mask, Tensor Labels, Tensor? Margins = null) : IDisposable
{
    /// <summary>Pictures, one for each row: [rows, 3, height, width]; null where the model reads none.</summary>
    public Tensor? Pixels { get; init; }

    /// <summary>Texts; the sequences of packed rows stand side by side, so that nothing attends across their borders.</summary>
    public static TuningInputs Of(IEnumerable<TuningRow> rows, int pad, Device? device = null)
    {
        TuningBatch batch = TuningBatch.Beside([.. rows.SelectMany(row => row.Sequences())], pad);
        return new TuningInputs(Tensor(batch.Ids, device), Tensor(batch.Mask!, device), Tensor(batch.Labels, device));
    }

    /// <summary>Pairs; what counts are the answers' tokens.</summary>
    public static TuningInputs Of(PreferenceBatch batch, Device? device = null)
    {
        Tensor ids = Tensor(batch.Ids, device);
        using Tensor answer = Tensor(batch.Answer, device);
        return new TuningInputs(
            ids, Tensor(batch.Mask, device), Responses.Labels(ids, answer), batch.Margins is { } margins ? tensor(margins, device: device) : null);
    }

    /// <summary>Those of a model's inputs that it has.</summary>
    internal IReadOnlyDictionary<string, Tensor> For(IModel model, Tensor? mask = null) =>
        new Dictionary<string, Tensor?> { ["input_ids"] = Ids, ["attention_mask"] = mask ?? Mask, ["pixel_values"] = Pixels }
            .Where(input => input.Value is not null && model.Inputs.Contains(input.Key)).ToDictionary(input => input.Key, input => input.Value!);

    /// <inheritdoc/>
    public void Dispose()
    {
        Ids.Dispose();
        Mask.Dispose();
        Labels.Dispose();
        Margins?.Dispose();
        Pixels?.Dispose();
    }

    private static Tensor Tensor(int[][] rows, Device? device) =>
        tensor([.. rows.SelectMany(row => row).Select(id => (long)id)], [rows.Length, rows[0].Length], dtype: ScalarType.Int64, device: device);
}

/// <summary>What a model learns of a batch: the one thing in which fine-tuning, preferences and rewards differ.</summary>
public interface ITuningObjective
{
    /// <summary>What checkpoints and commands call it.</summary>
    string Name { get; }

    /// <summary>The loss on a batch; the caller disposes it.</summary>
    TrainingLoss Loss(IModel model, TuningInputs batch);
}
