using System;
using System.Collections.Generic;

namespace Dsl.Training.Scaling;

/// <summary>How a compute budget is best split.</summary>
/// <param name="Compute">FLOP.</param>
/// <param name="Parameters">All of the model's.</param>
/// <param name="Tokens">To train on.</param>
/// <param name="Loss">Nats a token.</param>
public readonly record struct Allocation(double Compute, double Parameters, double Tokens, double Loss)
{
    /// <summary>Tokens for each parameter.</summary>
    public double TokensPerParameter => Tokens / Parameters;
}

/// <summary>
/// L(N, D) = E + A / N^alpha + B / D^beta (Hoffmann et al. 2022, arXiv 2203.15556, equation 2): N counts all parameters, D tokens, training takes
/// C = 6 N D FLOP, losses are in nats a token.
/// </summary>
/// <param name="Entropy">E: the loss that no size and no data go below.</param>
/// <param name="SizeFactor">A.</param>
/// <param name="DataFactor">B.</param>
/// <param name="SizeExponent">alpha.</param>
/// <param name="DataExponent">beta.</param>
public sealed record ChinchillaLaw(double Entropy, double SizeFactor, double DataFactor, double SizeExponent, double DataExponent)
{
    /// <summary>
    /// As printed (equation 10). These rounded numbers do not give the paper's 20 tokens a parameter: 93 at Chinchilla's own budget, because the optimum turns
    /// on the second digit of the exponents.
    /// </summary>
    public static ChinchillaLaw Printed { get; } = new(1.69, 406.4, 410.7, 0.34, 0.28);

    /// <summary>The paper's fit before rounding, as its source has it.</summary>
    public static ChinchillaLaw Unrounded { get; } = new(1.6933736809989528, 406.4010175194737, 410.7228269450398, 0.33917084, 0.2849083);

    /// <summary>Besiroglu et al. 2024 (arXiv 2404.10102): approach 3 fitted again to the runs in the paper's figure 4.</summary>
    public static ChinchillaLaw Besiroglu { get; } = new(1.8172, 482.01, 2085.43, 0.3478, 0.3658);

    /// <summary>The published ones by the names that commands take.</summary>
    public static IReadOnlyDictionary<string, ChinchillaLaw> Published { get; } = new Dictionary<string, ChinchillaLaw>
    {
        ["printed"] = Printed,
        ["unrounded"] = Unrounded,
        ["besiroglu"] = Besiroglu,
    };

    /// <summary>a: the best N grows as C^a.</summary>
    public double SizeGrowth => DataExponent / (SizeExponent + DataExponent);

    /// <summary>b: the best D grows as C^b.</summary>
    public double DataGrowth => SizeExponent / (SizeExponent + DataExponent);

    /// <summary>G of the optimum N = G (C/6)^a, D = (C/6)^b / G (equation 4).</summary>
    public double Balance => Math.Pow(SizeExponent * SizeFactor / (DataExponent * DataFactor), 1 / (SizeExponent + DataExponent));

    /// <summary>The loss of a model of N parameters after D tokens, in nats a token.</summary>
    /// <exception cref="ArgumentException">A quantity is not a positive number.</exception>
    public double Loss(double parameters, double tokens) =>
        Entropy
        + (SizeFactor / Math.Pow(Quantity.Positive(parameters, "parameters"), SizeExponent))
        + (DataFactor / Math.Pow(Quantity.Positive(tokens, "tokens"), DataExponent));

    /// <summary>The size and the tokens that make the most of a budget in FLOP.</summary>
    /// <exception cref="ArgumentException">The budget is not a positive number.</exception>
    public Allocation Allocate(double compute)
    {
        double product = Quantity.Positive(compute, "compute") / 6;
        double parameters = Balance * Math.Pow(product, SizeGrowth), tokens = Math.Pow(product, DataGrowth) / Balance;
        return new Allocation(compute, parameters, tokens, Loss(parameters, tokens));
    }
}
