using System.Collections.Generic;
using Dsl.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Training.Alignment;

/// <summary>A reward model learns pairs: the better answer's score is above the worse one's, by the margin where there is one.</summary>
/// <param name="centre">Weight of the pull of rewards towards zero.</param>
/// <param name="pad">
/// The score is read at the last id that is not this one, as transformers does, which asks no mask; null: at the last real token.
/// </param>
public sealed class RewardObjective(double centre = 0, int? pad = null) : ITuningObjective
{
    /// <inheritdoc/>
    public string Name => "reward";

    /// <inheritdoc/>
    public TrainingLoss Loss(IModel model, TuningInputs batch)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor scores = Scores(model, batch, pad);
        (Tensor chosen, Tensor rejected) = PreferenceRule.Halves(scores);
        Tensor loss = RewardLosses.Pair(chosen, rejected, batch.Margins?.to(scores.dtype), centre), seen = scores.detach();
        return new TrainingLoss(loss.MoveToOuterDisposeScope(),
        [
            new("accuracy", RewardLosses.Accuracy(chosen, rejected)),
            new("margin", Mean(chosen.detach() - rejected.detach())),
            new("reward", Mean(seen)),
            new("least", Mean(seen.min())),
            new("most", Mean(seen.max())),
        ]);
    }

    /// <summary>The score of each row, with its graph: [rows].</summary>
    public static Tensor Scores(IModel model, TuningInputs batch, int? pad = null)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor mask = pad is { } id ? RewardLosses.UpToLast(batch.Ids, id) : batch.Mask;
        IReadOnlyDictionary<string, Tensor> results = model.Run(batch.For(model, mask), "logits");
        return results["logits"].squeeze(-1).MoveToOuterDisposeScope();
    }

    internal static double Mean(Tensor x)
    {
        using Tensor wide = x.to(ScalarType.Float64), mean = wide.mean();
        return mean.item<double>();
    }
}
