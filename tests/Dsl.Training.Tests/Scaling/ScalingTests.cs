using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Dsl.Runtime;
using Dsl.Tests;
using Dsl.Training.Scaling;
using Xunit;

namespace Dsl.Training.Tests.Scaling;

public sealed class ScalingTests
{
    private static readonly ChinchillaLaw Law = new(1.2, 90, 300, 0.35, 0.4);

    [Fact]
    public void RunsWithoutNoiseGiveTheirLawBack()
    {
        RunLoss[] runs = Grid(noise: 0);
        ParametricFit fit = ParametricFit.Of(runs);
        Assert.Equal(Law.SizeExponent, fit.Law.SizeExponent, 1e-3);
        Assert.Equal(Law.DataExponent, fit.Law.DataExponent, 1e-3);
        Assert.Equal(Law.Loss(1e9, 1e10), fit.Law.Loss(1e9, 1e10), 1e-3);
    }

    [Fact]
    public void ABootstrapHoldsTheLawThatMadeTheRuns()
    {
        RunLoss[] runs = Grid(noise: 0.003);
        ParametricFit fit = ParametricFit.Of(runs);
        LawIntervals intervals = fit.Bootstrap(runs, resamplings: 200);
        Assert.InRange(Law.SizeExponent, intervals.SizeExponent.Low, intervals.SizeExponent.High);
        Assert.InRange(Law.DataExponent, intervals.DataExponent.Low, intervals.DataExponent.High);
        Assert.InRange(Law.SizeGrowth, intervals.SizeGrowth.Low, intervals.SizeGrowth.High);
        Assert.True(intervals.SizeExponent.High - intervals.SizeExponent.Low is > 0 and < 0.2);
        Assert.Equal(intervals, fit.Bootstrap(runs, resamplings: 200));
    }

    [Fact]
    public void BothFrontiersFindTheLawsExponents()
    {
        var isoFlop = new List<RunLoss>();
        foreach (double compute in new[] { 1e15, 1e16, 1e17, 1e18 })
        {
            double best = Law.Allocate(compute).Parameters;
            isoFlop.AddRange(new[] { 0.5, 0.7, 1, 1.4, 2 }.Select(factor => Run(best * factor, compute / 6 / (best * factor))));
        }

        FrontierFit second = FrontierFit.ByIsoFlop(isoFlop);
        Assert.Equal(4, second.Curves.Count);
        Assert.Equal(Law.SizeGrowth, second.Size.Exponent, 0.02);
        Assert.Equal(1, second.Size.Exponent + second.Tokens.Exponent, 1e-9);
        Assert.Equal(Law.Allocate(1e16).Parameters, second.Best[1].Parameters, Law.Allocate(1e16).Parameters * 0.1);

        RunLoss[] curves = [.. from size in Enumerable.Range(0, 25) from step in Enumerable.Range(0, 60)
            select Run(1e5 * Math.Pow(1.4, size), 1e6 * Math.Pow(1.25, step))];
        FrontierFit first = FrontierFit.ByEnvelope(curves);
        Assert.Equal(Law.SizeGrowth, first.Size.Exponent, 0.03);
        Assert.Equal(Law.Allocate(1e17).Parameters, first.Size.At(1e17), Law.Allocate(1e17).Parameters * 0.2);

        (Interval exponent, _) = FrontierFit.Bootstrap(isoFlop, runs => FrontierFit.ByIsoFlop(runs), resamplings: 100);
        Assert.InRange(second.Size.Exponent, exponent.Low - 1e-9, exponent.High + 1e-9);
    }

    public static TheoryData<string, string> Unfit => new()
    {
        { "two sizes", "2 sizes of models, expected at least 3 to fit a law" },
        { "two budgets", "2 numbers of tokens, expected at least 3 different ones to fit a law" },
        { "rising with size", "losses rise with the number of parameters (by" },
        { "rising with tokens", "losses rise with the number of tokens (by" },
        { "a line", "lie on one line" },
    };

    [Theory]
    [MemberData(nameof(Unfit))]
    public void WhatGivesNoLawIsRefusedInOneSentence(string what, string message)
    {
        RunLoss[] grid = Grid(noise: 0);
        RunLoss[] runs = what switch
        {
            "two sizes" => [.. grid.Where(run => run.Parameters < 3e6)],
            "two budgets" => [.. grid.Where(run => run.Tokens < 3e8)],
            "rising with size" => [.. grid.Select(run => run with { Loss = Law.Loss(1e13 / run.Parameters, run.Tokens) })],
            "rising with tokens" => [.. grid.Select(run => run with { Loss = Law.Loss(run.Parameters, 1e17 / run.Tokens) })],
            _ => [.. Enumerable.Range(1, 8).Select(i => Run(1e6 * Math.Pow(2, i), 1e9 / Math.Pow(2, i)))],
        };
        string said = Assert.Throws<TrainingException>(() => ParametricFit.Of(runs)).Message;
        Assert.Contains(message, said, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', said);
    }

    [Fact]
    public void ABudgetWithoutAValleyIsRefused()
    {
        RunLoss[] runs = [.. from compute in new[] { 1e15, 1e16 } from size in new[] { 1e5, 1e6, 1e7, 1e8 }
            select new RunLoss(size, compute / 6 / size, 3 - Math.Pow(Math.Log10(size) - 6, 2) / 10)];
        Assert.Contains("make no valley", Assert.Throws<TrainingException>(() => FrontierFit.ByIsoFlop(runs)).Message, StringComparison.Ordinal);
        Assert.Contains("0 budgets", Assert.Throws<TrainingException>(() => FrontierFit.ByIsoFlop([.. runs.Take(2)])).Message, StringComparison.Ordinal);
        Assert.Contains("1 sizes", Assert.Throws<TrainingException>(() => FrontierFit.ByEnvelope([.. runs.Take(1)])).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("parameters,tokens\n1,2\n", "no column 'loss' in its first line, expected parameters,tokens,loss")]
    [InlineData("", "no column 'parameters'")]
    [InlineData("parameters,tokens,loss\n1e6,1e9,2.5\n1e6,1e9\n", "line 3: loss '', expected a number above 0")]
    [InlineData("parameters,tokens,loss\n-1e6,1e9,2\n", "line 2: parameters '-1e6', expected a number above 0")]
    public void ATableThatIsNoneIsToldWithItsLine(string text, string message)
    {
        using var scratch = new ScratchFolder();
        File.WriteAllText(scratch["runs.csv"], text);
        string said = Assert.Throws<TrainingException>(() => RunTable.Read(scratch["runs.csv"])).Message;
        Assert.StartsWith(scratch["runs.csv"] + ": ", said, StringComparison.Ordinal);
        Assert.Contains(message, said, StringComparison.Ordinal);
    }

    [Fact]
    public void ATableIsReadByItsHeader()
    {
        using var scratch = new ScratchFolder();
        File.WriteAllText(scratch["runs.csv"], "width,loss,tokens,parameters\n32,2.5,1e9,1e6\n\n");
        Assert.Equal([new RunLoss(1e6, 1e9, 2.5)], RunTable.Read(scratch["runs.csv"]));
    }

    [Fact]
    public void QuantitiesBelowZeroAreRefused()
    {
        Assert.Contains("compute -1, expected a number above 0", Assert.Throws<ArgumentException>(() => Law.Allocate(-1)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => Law.Loss(0, 1));
        Assert.Throws<ArgumentException>(() => KaplanLaws.BySize.At(double.NaN));
    }

    private static RunLoss Run(double parameters, double tokens) => new(parameters, tokens, Law.Loss(parameters, tokens));

    private static RunLoss[] Grid(double noise)
    {
        var random = new SeededRandom(5);
        return [.. from size in new[] { 1e6, 2e6, 5e6, 1e7, 3e7, 1e8 } from tokens in new[] { 1e8, 2e8, 5e8, 1e9, 4e9 }
            let run = Run(size, tokens) select run with { Loss = run.Loss * Math.Exp(noise * (random.NextDouble() - 0.5) * 2) }];
    }
}
