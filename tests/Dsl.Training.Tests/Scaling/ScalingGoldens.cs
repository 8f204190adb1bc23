using System;
using System.Collections.Generic;
using System.Linq;
using System.Text.Json;
using Dsl.Tests;
using Dsl.Training.Scaling;
using Xunit;

namespace Dsl.Training.Tests.Scaling;

/// <summary>The laws' tables and the fit of approach 3, as an independent implementation computes them.</summary>
[Trait("Category", "Goldens")]
public sealed class ScalingGoldens
{
    public static TheoryData<string> Cases => Golden.Cases("scaling_laws");

    [Theory]
    [MemberData(nameof(Cases))]
    public void KaplansTablesAreThePublishedOnes(string folder)
    {
        using var golden = new Golden(folder);
        JsonElement kaplan = golden.Data.GetProperty("kaplan");
        void Table(string name, Func<double[], double[]> row)
        {
            Assert.True(kaplan.GetProperty(name).GetArrayLength() > 0);
            foreach (double[] expected in Rows(kaplan.GetProperty(name)))
            {
                Same(expected, row(expected), name);
            }
        }

        Table("L(N)", row => [row[0], KaplanLaws.BySize.At(row[0])]);
        Table("L(D)", row => [row[0], KaplanLaws.ByTokens.At(row[0])]);
        Table("L(C_min)", row => [row[0], KaplanLaws.ByCompute.At(row[0])]);
        Table("L(N,D)", row => [row[0], row[1], KaplanLaws.Loss(row[0], row[1])]);
        Table("L(N,S_min)", row => [row[0], row[1], KaplanLaws.LossAfter(row[0], row[1])]);
        Table("B_crit(L)", row => [row[0], KaplanLaws.CriticalBatch(row[0])]);
        Table("steps_and_compute [L, N, B, S, S_min, C, C_min]", row =>
        {
            BatchCost cost = KaplanLaws.Cost(row[0], row[1], row[2], row[3]);
            return [row[0], row[1], row[2], row[3], cost.LeastSteps, cost.Compute, cost.LeastCompute];
        });
        Table("power_laws (table 6; printed exponents) [C_min, N, B, S_min, D]", row =>
            [row[0], KaplanLaws.OptimalSize.At(row[0]), KaplanLaws.OptimalBatch.At(row[0]), KaplanLaws.OptimalSteps.At(row[0]),
                KaplanLaws.OptimalTokens.At(row[0])]);
        JsonElement exponents = kaplan.GetProperty("exponents");
        Same(
            [.. new[] { "alpha_C_min", "N", "B", "S", "D" }.Select(name => exponents.GetProperty(name).GetDouble())],
            [
                KaplanLaws.DerivedComputeExponent, KaplanLaws.DerivedSizeExponent, KaplanLaws.DerivedBatchExponent, KaplanLaws.DerivedStepsExponent,
                KaplanLaws.DerivedTokensExponent,
            ],
            "exponents");
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void ChinchillasTablesAreThePublishedOnes(string folder)
    {
        using var golden = new Golden(folder);
        foreach (JsonProperty named in golden.Data.GetProperty("chinchilla").EnumerateObject())
        {
            ChinchillaLaw law = ChinchillaLaw.Published[named.Name];
            Assert.Equal(Law(named.Value.GetProperty("constants")), law);
            Same([.. new[] { "a", "b", "G" }.Select(key => named.Value.GetProperty(key).GetDouble())],
                [law.SizeGrowth, law.DataGrowth, law.Balance], named.Name);
            foreach (double[] row in Rows(named.Value.GetProperty("loss [N, D, L]")))
            {
                Same(row, [row[0], row[1], law.Loss(row[0], row[1])], named.Name);
            }

            foreach (double[] row in Rows(named.Value.GetProperty("optimal [C, N, D, tokens per parameter, L]")))
            {
                Allocation best = law.Allocate(row[0]);
                Same(row, [row[0], best.Parameters, best.Tokens, best.TokensPerParameter, best.Loss], named.Name);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void ApproachThreeReachesTheReportedOptimum(string folder)
    {
        using var golden = new Golden(folder);
        JsonElement fit = golden.Data.GetProperty("fit");
        RunLoss[] runs = [.. Rows(fit.GetProperty("data")).Select(row => new RunLoss(row[0], row[1], row[2]))];
        ParametricFit found = ParametricFit.Of(runs, fit.GetProperty("delta").GetDouble());
        double difference = found.Objective - fit.GetProperty("objective").GetDouble();
        Assert.True(Math.Abs(difference) <= 1e-9, $"objective {found.Objective:R}, off by {difference:E2}, gradient {found.Gradient:E2}");
        JsonElement optimum = fit.GetProperty("optimum"), slack = fit.GetProperty("how_far_each_parameter_may_be_off_where_the_objective_is_1e-9_above");
        (string Name, double Value)[] point =
        [
            ("a", Math.Log(found.Law.SizeFactor)), ("b", Math.Log(found.Law.DataFactor)), ("e", Math.Log(found.Law.Entropy)),
            ("alpha", found.Law.SizeExponent), ("beta", found.Law.DataExponent),
        ];
        foreach ((string name, double value) in point)
        {
            double expected = optimum.GetProperty(name).GetDouble();
            Assert.True(Math.Abs(value - expected) <= slack.GetProperty(name).GetDouble(), $"{name} {value:R}, expected {expected:R}");
        }
    }

    private static ChinchillaLaw Law(JsonElement constants)
    {
        double Of(string name) => constants.GetProperty(name).GetDouble();
        return new ChinchillaLaw(Of("E"), Of("A"), Of("B"), Of("alpha"), Of("beta"));
    }

    private static IEnumerable<double[]> Rows(JsonElement table) =>
        table.EnumerateArray().Select(row => row.EnumerateArray().Select(cell => cell.GetDouble()).ToArray());

    private static void Same(double[] expected, double[] actual, string name)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.True(Math.Abs(expected[i] - actual[i]) <= 1e-12 * Math.Abs(expected[i]), $"{name}: {actual[i]:R}, expected {expected[i]:R}");
        }
    }
}
