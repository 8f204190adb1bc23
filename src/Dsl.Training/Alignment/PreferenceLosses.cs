using System;
using Dsl.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Training.Alignment;

/// <summary>How a preference is learned directly, h = (policy - reference) of the chosen response less that of the rejected one.</summary>
public enum PreferenceLoss
{
    /// <summary>-log sigmoid(beta h), smoothed: -(1 - e) log sigmoid(beta h) - e log sigmoid(-beta h) (Rafailov and others, 2023; cDPO).</summary>
    Sigmoid,

    /// <summary>(-(1 - e) log sigmoid(beta h) + e log sigmoid(-beta h)) / (1 - 2 e): unbiased where a share e of the preferences is turned round.</summary>
    Robust,

    /// <summary>(h - 1 / (2 beta))^2 of summed log-probabilities (Azar and others, 2023, as DPO's own repository has it).</summary>
    Ipo,

    /// <summary>The same with each log-ratio divided by its response's length (as TRL has it).</summary>
    IpoAverage,

    /// <summary>relu(1 - beta h).</summary>
    Hinge,
}

/// <summary>A direct preference loss and its numbers.</summary>
/// <param name="Kind">The formula.</param>
/// <param name="Beta">How closely the policy is held to the reference: the smaller, the looser.</param>
/// <param name="Smoothing">The share of preferences that are taken to be wrong, below one half.</param>
/// <param name="ReferenceFree">The reference is uniform, h = policy's difference alone.</param>
public sealed record PreferenceRule(PreferenceLoss Kind = PreferenceLoss.Sigmoid, double Beta = 0.1, double Smoothing = 0, bool ReferenceFree = false)
{
    /// <summary>The loss of each pair.</summary>
    /// <param name="policy">Log-probabilities of responses, [2 pairs]: all chosen ones, then all rejected ones.</param>
    /// <param name="reference">The same of the reference; no gradient reaches it.</param>
    /// <param name="lengths">Tokens of each response, [2 pairs]; read by <see cref="PreferenceLoss.IpoAverage"/> alone.</param>
    /// <returns>[pairs].</returns>
    /// <exception cref="ArgumentOutOfRangeException">Beta or the smoothing makes no sense.</exception>
    public Tensor Losses(Tensor policy, Tensor reference, Tensor? lengths = null)
    {
        Validate();
        using DisposeScope scope = NewDisposeScope();
        Tensor ratios = ReferenceFree ? policy : policy - reference.detach();
        if (Kind == PreferenceLoss.IpoAverage)
        {
            ratios /= lengths ?? throw new ArgumentNullException(nameof(lengths), "averages need the responses' lengths");
        }

        (Tensor chosen, Tensor rejected) = Halves(ratios);
        Tensor h = chosen - rejected, scaled = h * Scalars.Of(Beta);
        Tensor losses = Kind switch
        {
            PreferenceLoss.Ipo or PreferenceLoss.IpoAverage => h.Plus(-1 / (2 * Beta)).Square(),
            PreferenceLoss.Hinge => scaled.neg().Plus(1.0).relu(),
            PreferenceLoss.Robust => Mixed(scaled, -(1 - Smoothing) / (1 - 2 * Smoothing), Smoothing / (1 - 2 * Smoothing)),
            _ => Mixed(scaled, -(1 - Smoothing), -Smoothing),
        };
        return losses.MoveToOuterDisposeScope();
    }

    /// <summary>Rewards that the policy implies, beta (policy - reference), detached: [2 pairs], chosen ones first.</summary>
    public Tensor Rewards(Tensor policy, Tensor reference)
    {
        using Tensor ours = policy.detach(), theirs = reference.detach(), ratios = ours - theirs;
        return ratios * Scalars.Of(Beta);
    }

    /// <summary>Throws where a number makes no sense.</summary>
    /// <exception cref="ArgumentOutOfRangeException">One sentence that names it.</exception>
    public void Validate()
    {
        if (!(Beta > 0) || !double.IsFinite(Beta))
        {
            throw new ArgumentOutOfRangeException(nameof(Beta), FormattableString.Invariant($"beta {Beta}, expected more than 0"));
        }

        if (!(Smoothing >= 0 && Smoothing < 0.5))
        {
            throw new ArgumentOutOfRangeException(nameof(Smoothing), FormattableString.Invariant($"smoothing {Smoothing}, expected from 0 to less than 0.5"));
        }
    }

    /// <summary>The chosen and the rejected rows of a batch that holds all chosen ones first; views.</summary>
    /// <exception cref="ArgumentException">The rows are odd in number.</exception>
    public static (Tensor Chosen, Tensor Rejected) Halves(Tensor rows)
    {
        long count = rows.shape[0];
        return count > 0 && count % 2 == 0 ? (rows.narrow(0, 0, count / 2), rows.narrow(0, count / 2, count / 2))
            : throw new ArgumentException($"{count} rows, expected as many rejected responses as chosen ones");
    }

    // A weight of zero is left out: 0 times an infinite logarithm is no number.
    private static Tensor Mixed(Tensor x, double right, double wrong)
    {
        Tensor sum = x.log_sigmoid() * Scalars.Of(right);
        return wrong == 0 ? sum : sum.Plus(x.neg().log_sigmoid() * Scalars.Of(wrong));
    }
}
