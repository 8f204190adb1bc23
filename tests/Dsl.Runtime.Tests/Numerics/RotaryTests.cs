using System;
using System.Linq;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Dsl.Runtime.Tests.Numerics;

public class RotaryTests
{
    private static readonly RotarySpec[] Specs =
    [
        new(6),
        new(4, 100),
        new(6, Pairs: RotaryPairs.Neighbours),
        new(4, Pairs: RotaryPairs.Neighbours, Position: p => p % 3, PositionRule: "within 3"),
        new(6, Scaling: new RopeScaling(RopeScalingKind.Linear, 4)),
        new(6, Scaling: new RopeScaling(RopeScalingKind.Wavelength, 8) { OriginalLength = 64, LowFrequencyFactor = 1, HighFrequencyFactor = 4 }),
        new(6, Scaling: new RopeScaling(RopeScalingKind.Yarn, 4) { OriginalLength = 16 }),
        new(6, Scaling: new RopeScaling(RopeScalingKind.Dynamic, 2), MaxPositions: 4),
    ];

    [Fact]
    public void EverySpecificationTurnsPairsByTheirAngles()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        foreach (RotarySpec spec in Specs)
        {
            foreach (int padding in new[] { 0, 1, 2 })
            {
                Rotary rotary = new Weights(ScalarType.Float64).Rotary(spec);
                Tensor x = Reference.Random(1, 2, 7, 3, 6), mask = torch.ones(2, 7, dtype: ScalarType.Int64);
                if (padding > 0)
                {
                    mask[1, padding == 1 ? 0 : 6] = torch.tensor(0L);
                }

                using Pass pass = Pass.Over(x, mask);
                double[] xs = Reference.Host(x), expected = [.. xs];
                int half = (int)spec.Width / 2;
                for (int i = 0; i < 2 * 7 * 3; i++)
                {
                    int row = i / 21, position = pass.Queries.At(row, i / 3 % 7);
                    int length = padding == 0 || row == 0 ? 7 : 6;
                    (float[] frequencies, double magnitude) = RotaryFrequencies.Of(spec, length);
                    for (int j = 0; j < half; j++)
                    {
                        (int a, int b) = spec.Pairs == RotaryPairs.Halves ? (j, j + half) : (2 * j, (2 * j) + 1);
                        float angle = (spec.Position?.Invoke(position) ?? position) * frequencies[j];
                        double cos = Math.Cos(angle) * magnitude, sin = Math.Sin(angle) * magnitude;
                        expected[(i * 6) + a] = (xs[(i * 6) + a] * cos) - (xs[(i * 6) + b] * sin);
                        expected[(i * 6) + b] = (xs[(i * 6) + b] * cos) + (xs[(i * 6) + a] * sin);
                    }
                }

                Assert.True(Reference.Error(Reference.Host(rotary.Apply(x, pass)), expected) < 1e-14, $"{spec} {padding}");
                Assert.Equal(xs, Reference.Host(x));
                Tensor owned = x.clone();
                Assert.Same(owned, rotary.ApplyOwned(owned, pass));
                Assert.True(Reference.Error(Reference.Host(owned), expected) < 1e-14, $"{spec} {padding}");
                Tensor leaf = x.detach().clone().requires_grad_(), outer = Reference.Random(2, 2, 7, 3, 6);
                Assert.True(Reference.GradientError(() => (rotary.Apply(leaf, pass) * outer).sum(), leaf) < 1e-8, $"{spec} {padding}");
            }
        }
    }

    [Fact]
    public void PublishedFrequencies()
    {
        // A head of 128, base 500,000, factor 8: 0 to 28 stay, 35 to 63 are divided by eight, between them a ramp.
        var spec = new RotarySpec(128, 5e5, Scaling: new RopeScaling(RopeScalingKind.Wavelength, 8)
        {
            OriginalLength = 8192,
            LowFrequencyFactor = 1,
            HighFrequencyFactor = 4
        });
        float[] plain = RotaryFrequencies.Of(new RotarySpec(128, 5e5), 0).Frequencies, scaled = RotaryFrequencies.Of(spec, 0).Frequencies;
        Assert.Equal(plain[..29], scaled[..29]);
        Assert.Equal(0.00261610, plain[29], 5e-9);
        Assert.Equal(0.00216657, scaled[29], 5e-9);
        Assert.Equal(0.00141421, plain[32], 5e-9);
        Assert.Equal(0.000524846, scaled[32], 5e-10);
        Assert.Equal(plain[35..].Select(f => f / 8), scaled[35..]);
    }

    [Fact]
    public void YarnKeepsHighFrequenciesStretchesLowOnesAndWidensTheScores()
    {
        var spec = new RotarySpec(64, Scaling: new RopeScaling(RopeScalingKind.Yarn, 4) { OriginalLength = 2048 });
        (float[] scaled, double magnitude) = RotaryFrequencies.Of(spec, 0);
        float[] plain = RotaryFrequencies.Of(new RotarySpec(64), 0).Frequencies;
        Assert.Equal(plain[0], scaled[0]);
        Assert.Equal(plain[31] / 4, scaled[31], 1e-12f);
        Assert.Equal((0.1 * Math.Log(4)) + 1, magnitude, 1e-12);
        Assert.All(plain.Zip(scaled), pair => Assert.InRange(pair.Second, pair.First / 4 * 0.999999f, pair.First * 1.000001f));
        Assert.Equal(0.8, RotaryFrequencies.Of(spec with { Scaling = spec.Scaling! with { AttentionFactor = 0.8 } }, 0).Magnitude);
    }

    [Fact]
    public void DynamicLeavesShortSequencesAlone()
    {
        var spec = new RotarySpec(8, Scaling: new RopeScaling(RopeScalingKind.Dynamic, 2), MaxPositions: 16);
        float[] plain = RotaryFrequencies.Of(new RotarySpec(8), 0).Frequencies;
        Assert.Equal(plain, RotaryFrequencies.Of(spec, 16).Frequencies);
        double theta = 10000 * Math.Pow((2 * 24 / 16.0) - 1, 8 / 6.0);
        Assert.Equal(1 / Math.Pow(theta, 0.75), RotaryFrequencies.Of(spec, 24).Frequencies[3], 1e-9);
    }

    [Fact]
    public void EqualSpecificationsShareATableThatGrows()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        var weights = new Weights();
        Rotary rotary = weights.At("a").Rotary(new RotarySpec(4));
        Assert.Same(rotary, weights.At("b").Rotary(new RotarySpec(4)));
        Assert.NotSame(rotary, weights.Rotary(new RotarySpec(4, 5)));
        Tensor x = Reference.Random(1, 1, 300, 1, 4);
        using Pass pass = Pass.Over(x);
        using Pass first = Pass.Over(x.narrow(1, 0, 10));
        Tensor early = rotary.Apply(x.narrow(1, 0, 10), first);
        Assert.Equal(Reference.Host(early), Reference.Host(rotary.Apply(x, pass).narrow(1, 0, 10)));
    }

    [Fact]
    public void WhatCannotBeTurnedIsRefused()
    {
        var weights = new Weights();
        Assert.Contains("must be at least 1", Assert.Throws<ArgumentException>(() => weights.Rotary(new RotarySpec(0))).Message);
        Assert.Contains("is unknown", Assert.Throws<ArgumentOutOfRangeException>(() => weights.Rotary(new RotarySpec(4,
            Scaling: new RopeScaling((RopeScalingKind)99)))).Message);
        Assert.Contains("reads the trained length", Assert.Throws<ArgumentException>(() => weights.Rotary(new RotarySpec(4,
            Scaling: new RopeScaling(RopeScalingKind.Yarn, 2)))).Message);
        using Tensor x = torch.ones(1, 2, 1, 4);
        using Pass pass = Pass.Over(x);
        Assert.Contains("turns 8 numbers of a head, but the head has 4", Assert.Throws<ArgumentException>(() => weights.Rotary(new RotarySpec(8)).Apply(x,
            pass)).Message);
        Assert.Contains("turns 6 numbers of a head, but the head has 4", Assert.Throws<ArgumentException>(() => weights.Rotary(new RotarySpec(5)).Apply(x,
            pass)).Message);
    }

    /// <summary>Three of eight numbers: two frequencies of the width 3, 1 and theta^(-2/3), turn four.</summary>
    [Fact]
    public void AnOddWidthTurnsOneMoreByItsOwnFrequencies()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        float[] frequencies = RotaryFrequencies.Of(new RotarySpec(3), 0).Frequencies;
        Assert.Equal(2, frequencies.Length);
        Assert.Equal(1f, frequencies[0]);
        Assert.Equal(Math.Pow(10000, -2 / 3.0), frequencies[1], 1e-9);
        Rotary rotary = new Weights().Rotary(new RotarySpec(3));
        Tensor x = Reference.Random(1, 1, 2, 1, 8);
        using Pass pass = Pass.Over(x);
        double[] before = [.. Reference.Host(x).Skip(8)], after = [.. Reference.Host(rotary.Apply(x, pass)).Skip(8)];
        double slow = Math.Pow(10000, -2 / 3.0);
        Assert.Equal((before[0] * Math.Cos(1)) - (before[2] * Math.Sin(1)), after[0], 1e-5);
        Assert.Equal((before[3] * Math.Cos(slow)) + (before[1] * Math.Sin(slow)), after[3], 1e-5);
        Assert.Equal(before[4..], after[4..]);
    }
}
