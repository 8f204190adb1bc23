using System;

namespace Dsl.Training.Scaling;

/// <summary>What it takes to reach a loss at other batch sizes than the critical one (Kaplan et al., section 5.1).</summary>
/// <param name="CriticalBatch">B_crit, tokens.</param>
/// <param name="LeastSteps">S_min: the steps that would do at batches far above the critical one.</param>
/// <param name="Compute">C = 6 N B S, PF-days.</param>
/// <param name="LeastCompute">C_min: the compute that would do at batches far below the critical one, PF-days.</param>
public readonly record struct BatchCost(double CriticalBatch, double LeastSteps, double Compute, double LeastCompute);

/// <summary>
/// The scaling laws of Kaplan et al. 2020 (arXiv 2001.08361), with the constants of their tables 2, 3, 5 and 6. N counts parameters without embeddings, D
/// tokens, S steps, B tokens a batch; compute is in PF-days (8.64e19 FLOP) and losses are in nats a token. The joint laws L(N, D) and L(N, S) were fitted by
/// themselves: their constants are not those of the laws of one quantity.
/// </summary>
public static class KaplanLaws
{
    /// <summary>FLOP in a PF-day: 10^15 a second for a day.</summary>
    public const double PetaflopDay = 8.64e19;

    private const double JointSizeExponent = 0.076, JointDataExponent = 0.103, JointSizeScale = 6.4e13, JointDataScale = 1.8e13;
    private const double StepsSizeExponent = 0.077, StepsExponent = 0.76, StepsSizeScale = 6.5e13, StepsScale = 2.1e3;
    private const double BatchScale = 2e8, BatchExponent = 0.21;

    /// <summary>L(N): enough data, trained to the end (equation 1.1).</summary>
    public static PowerLaw BySize { get; } = new(0.076, 8.8e13);

    /// <summary>L(D): a large model, stopped early (equation 1.2).</summary>
    public static PowerLaw ByTokens { get; } = new(0.095, 5.4e13);

    /// <summary>L(C_min): the compute spent best, in PF-days (equation 1.3).</summary>
    public static PowerLaw ByCompute { get; } = new(0.050, 3.1e8);

    /// <summary>Parameters at a compute budget, by the printed fit (table 6).</summary>
    public static Growth OptimalSize { get; } = new(1.3e9, 0.73);

    /// <summary>Tokens a batch at a compute budget, by the printed fit (table 6).</summary>
    public static Growth OptimalBatch { get; } = new(2.0e6, 0.24);

    /// <summary>Least steps at a compute budget, by the printed fit (table 6).</summary>
    public static Growth OptimalSteps { get; } = new(5.4e3, 0.03);

    /// <summary>Tokens at a compute budget, by the printed fit (table 6).</summary>
    public static Growth OptimalTokens { get; } = new(2e10, 0.27);

    /// <summary>The exponent that L(C_min) should have by the joint law (equation 6.4's 1 / (1/alpha_S + 1/alpha_B + 1/alpha_N)).</summary>
    public static double DerivedComputeExponent => 1 / (1 / StepsExponent + 1 / BatchExponent + 1 / StepsSizeExponent);

    /// <summary>N ~ C^this, by the joint law.</summary>
    public static double DerivedSizeExponent => DerivedComputeExponent / StepsSizeExponent;

    /// <summary>B ~ C^this, by the joint law.</summary>
    public static double DerivedBatchExponent => DerivedComputeExponent / BatchExponent;

    /// <summary>S ~ C^this, by the joint law.</summary>
    public static double DerivedStepsExponent => DerivedComputeExponent / StepsExponent;

    /// <summary>D = B S ~ C^this, by the joint law.</summary>
    public static double DerivedTokensExponent => DerivedBatchExponent + DerivedStepsExponent;

    /// <summary>L(N, D) (equation 1.5).</summary>
    public static double Loss(double parameters, double tokens)
    {
        double size = Math.Pow(JointSizeScale / Quantity.Positive(parameters, "parameters"), JointSizeExponent / JointDataExponent);
        return Math.Pow(size + (JointDataScale / Quantity.Positive(tokens, "tokens")), JointDataExponent);
    }

    /// <summary>L(N, S_min) (equation 1.6).</summary>
    public static double LossAfter(double parameters, double leastSteps) =>
        Math.Pow(StepsSizeScale / Quantity.Positive(parameters, "parameters"), StepsSizeExponent)
        + Math.Pow(StepsScale / Quantity.Positive(leastSteps, "steps"), StepsExponent);

    /// <summary>B_crit(L), tokens (equation 1.4): it depends on the loss only.</summary>
    public static double CriticalBatch(double loss) => BatchScale / Math.Pow(Quantity.Positive(loss, "loss"), 1 / BatchExponent);

    /// <summary>What a run that ended at a loss would have taken at the best batch for steps, and at the best for compute (equations 5.4 and 5.5).</summary>
    /// <param name="loss">Where it ended, nats.</param>
    /// <param name="parameters">N.</param>
    /// <param name="batch">Tokens a batch.</param>
    /// <param name="steps">Its steps.</param>
    public static BatchCost Cost(double loss, double parameters, double batch, double steps)
    {
        double critical = CriticalBatch(loss);
        double compute = 6 * Quantity.Positive(parameters, "parameters") * Quantity.Positive(batch, "batch") * Quantity.Positive(steps, "steps") / PetaflopDay;
        return new BatchCost(critical, steps / (1 + (critical / batch)), compute, compute / (1 + (batch / critical)));
    }
}
