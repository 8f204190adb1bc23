using System;
using Dsl.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Training.Alignment;

/// <summary>
/// Log-probabilities of a batch's counted tokens, [rows, t - 1] (<see cref="Responses.LogProbabilities"/>), under a policy that is not trained. Whoever asks
/// disposes them.
/// </summary>
/// <remarks>A second model (<see cref="References.Frozen"/>), a table made before the run, or the policy itself with its adapter off.</remarks>
public delegate Tensor Reference(TuningInputs batch);

/// <summary>References.</summary>
public static class References
{
    /// <summary>Another model, which stays the caller's: without dropout, and operation for operation as the policy is run in training, so that equal
    /// weights give equal numbers to the bit.</summary>
    public static Reference Frozen(IModel model) => batch =>
    {
        model.Module.eval();
        using IDisposable on = enable_grad();
        using Tensor logs = Policy(model, batch);
        return logs.detach();
    };

    /// <summary>The policy itself with its adapter off: no second copy of the weights. Dropout is off meanwhile.</summary>
    /// <param name="policy">Its adapter alone is trained.</param>
    public static Reference Base(IModel policy) => batch =>
    {
        bool training = policy.Module.training;
        policy.Module.eval();
        try
        {
            using IDisposable on = enable_grad();
            using IDisposable without = Adapters.Use(policy, null);
            using Tensor logs = Policy(policy, batch);
            return logs.detach();
        }
        finally
        {
            policy.Module.train(training);
        }
    };

    /// <summary>What a model gives each counted token: [rows, t - 1], with its graph.</summary>
    internal static Tensor Policy(IModel model, TuningInputs batch) =>
        Outputs.Of(model, batch.For(model), results => Responses.LogProbabilities(results["logits"], batch.Labels), "logits");
}

/// <summary>Direct preference optimisation (Rafailov and others, 2023) and its relatives: a pair's better answer becomes likelier than its worse one.</summary>
/// <param name="rule">The loss.</param>
/// <param name="reference">What the policy is held to.</param>
public sealed class PreferenceObjective(PreferenceRule rule, Reference reference) : ITuningObjective
{
    /// <inheritdoc/>
    public string Name => "dpo";

    /// <inheritdoc/>
    public TrainingLoss Loss(IModel model, TuningInputs batch)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor theirs = reference(batch).sum(1), ours = References.Policy(model, batch).sum(1);
        Tensor loss = rule.Losses(ours, theirs, Responses.Lengths(batch.Labels)).mean();
        (Tensor better, Tensor worse) = PreferenceRule.Halves(rule.Rewards(ours, theirs));
        (Tensor chosen, Tensor rejected) = PreferenceRule.Halves(ours.detach());
        return new TrainingLoss(loss.MoveToOuterDisposeScope(),
        [
            new("accuracy", RewardLosses.Accuracy(better, worse)),
            new("margin", RewardObjective.Mean(better - worse)),
            new("reward_chosen", RewardObjective.Mean(better)),
            new("reward_rejected", RewardObjective.Mean(worse)),
            new("log_chosen", RewardObjective.Mean(chosen)),
            new("log_rejected", RewardObjective.Mean(rejected)),
        ]);
    }
}
