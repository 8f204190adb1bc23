using System;
using CsCheck;
using Dsl.Runtime.Tests.Numerics;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Dsl.Runtime.Tests.State;

public class PastInputsTests
{
    [Fact]
    public void AConvolutionInChunksEqualsEachRowAlone() =>
        (from length in Gen.Int[1, 12]
         from kernel in Gen.Int[2, 4]
         from left in Gen.Bool
         from holes in Gen.Int[0, 11]
         from chunk in Gen.Int[1, 5]
         select (length, kernel, left, holes: holes % length, chunk)).Sample(
            c =>
            {
                using DisposeScope scope = torch.NewDisposeScope();
                Tensor x = Reference.Random(c.length, 2, c.length, 1);
                var real = new bool[2 * c.length];
                for (int i = 0; i < c.length; i++)
                {
                    real[i] = true;
                    real[c.length + i] = c.left ? i >= c.holes : i < c.length - c.holes;
                }

                Tensor mask = torch.tensor(real, [2, c.length]);
                double[] xs = Reference.Host(x), expected = new double[2 * c.length];
                for (int row = 0; row < 2; row++)
                {
                    for (int i = 0; i < c.length; i++)
                    {
                        for (int back = 0, at = i; back < c.kernel && at >= 0; at--)
                        {
                            if (real[(row * c.length) + at])
                            {
                                expected[(row * c.length) + i] += xs[(row * c.length) + at] * (1 + (10 * back));
                                back++;
                            }
                        }
                    }
                }

                var timeline = new Timeline(2);
                using var state = new ConvState(c.kernel);
                for (int at = 0; at < c.length; at += c.chunk)
                {
                    int n = Math.Min(c.chunk, c.length - at);
                    Tensor part = x.narrow(1, at, n);
                    using Pass pass = Pass.Next(part, mask.narrow(1, at, n), timeline);
                    double[] got = Reference.Host(Convolve(part, pass, c.kernel, state));
                    for (int i = 0; i < 2 * n; i++)
                    {
                        int place = (i / n * c.length) + at + (i % n);
                        Assert.True(!real[place] || Math.Abs(got[i] - expected[place]) < 1e-12, $"{c} at {place}");
                    }
                }

                using Pass whole = Pass.Over(x, mask);
                double[] parallel = Reference.Host(Convolve(x, whole, c.kernel, null));
                for (int i = 0; i < parallel.Length; i++)
                {
                    Assert.True(!real[i] || Math.Abs(parallel[i] - expected[i]) < 1e-12, $"{c} parallel at {i}");
                }
            },
            iter: 200);

    [Fact]
    public void WhatIsForgottenCannotBeCutTo()
    {
        using Tensor x = torch.ones(1, 3, 2);
        var timeline = new Timeline(1);
        using var state = new ShiftState();
        using Pass pass = Pass.Next(x, null, timeline);
        PastInputs.Shift(x, pass, state).Dispose();
        Assert.Contains("keep a Clone", Assert.Throws<InvalidOperationException>(() => state.CheckTruncate(timeline, 2)).Message);
        state.CheckTruncate(timeline, 0);
        state.Truncate(0);
        Assert.Equal(0, state.Bytes);
    }

    private static Tensor Convolve(Tensor x, Pass pass, int kernel, ConvState? state)
    {
        Tensor all = PastInputs.Before(x, pass, kernel - 1, state);
        Tensor sum = torch.zeros_like(x);
        for (int back = 0; back < kernel; back++)
        {
            sum = sum.Plus(all.narrow(1, kernel - 1 - back, x.shape[1]) * Scalars.Of(1 + (10 * back)));
        }

        return pass.Expand(sum);
    }
}
