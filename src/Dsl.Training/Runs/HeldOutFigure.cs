using System;
using System.Collections.Generic;
using System.Linq;

namespace Dsl.Training;

/// <summary>A held-out figure by which the checkpoints of a run are told apart.</summary>
/// <param name="Value">What was measured.</param>
/// <param name="Step">After which step.</param>
public sealed record HeldOutFigure(double Value, long Step)
{
    /// <summary>The name of the loss itself.</summary>
    public const string Loss = "loss";

    /// <summary>Whether a figure is better than another one: losses and divergences (kl) are the better the smaller, all else the better the larger.</summary>
    public static bool IsBetter(string metric, double value, double than) =>
        metric.EndsWith(Loss, StringComparison.Ordinal) || metric.EndsWith("kl", StringComparison.Ordinal) ? value < than : value > than;

    /// <summary>The figure of a name among what was measured.</summary>
    /// <exception cref="TrainingException">Nothing of that name was measured; the message names what was.</exception>
    public static double Of(string metric, double loss, IReadOnlyList<LossPart> parts) => metric == Loss ? loss
        : parts.Any(part => part.Name == metric) ? parts.First(part => part.Name == metric).Value
        : throw new TrainingException($"--metric '{metric}' is not measured here, expected {string.Join(", ", parts.Select(part => part.Name).Prepend(Loss))}");
}
