using Dsl.Runtime;
using Dsl.Training.Objectives;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Training.Alignment;

/// <summary>
/// Supervised fine-tuning: cross entropy of the tokens that count. It weighs as many tokens as it counts, so that a step over several batches descends the mean
/// over all of them.
/// </summary>
public sealed class AnswerObjective : ITuningObjective
{
    /// <inheritdoc/>
    public string Name => "sft";

    /// <inheritdoc/>
    public TrainingLoss Loss(IModel model, TuningInputs batch)
    {
        using Tensor targets = Targets(batch.Labels), counted = targets.ne(Scalars.Of(MaskedTokens.Ignored)), count = counted.sum();
        TrainingLoss loss = Outputs.TokenLoss(model, batch.For(model), targets, "logits");
        return loss with { Weight = count.item<long>() };
    }

    /// <summary>Each position's next label; the last has none.</summary>
    private static Tensor Targets(Tensor labels)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor none = full([labels.shape[0], 1], Scalars.Of(MaskedTokens.Ignored), dtype: ScalarType.Int64, device: labels.device);
        return cat([labels.narrow(1, 1, labels.shape[1] - 1), none], 1).MoveToOuterDisposeScope();
    }
}
