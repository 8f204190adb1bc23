using System;
using System.Linq;
using CsCheck;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Dsl.Runtime.Tests.Numerics;

public class AttentionTests
{
    private static readonly Gen<Case> Cases =
        from b in Gen.Int[1, 3]
        from g in Gen.Int[1, 3]
        from r in Gen.Int[1, 3]
        from t in Gen.Int[1, 9]
        from past in Gen.Int[0, 7]
        from d in Gen.Int[1, 6]
        from kind in Gen.Int[0, 4]
        from window in Gen.Int[1, 5]
        from padding in Gen.Int[0, 3]
        from seed in Gen.Int[0, 1 << 20]
        select new Case(b, g, r, t, past, d, kind, window, padding, seed);

    private static MaskRule Mask(Case c) => c.Kind switch
    {
        0 => MaskRule.Full,
        1 => MaskRule.Causal,
        2 => MaskRule.Band(c.Window),
        3 => MaskRule.Rule("stride", true, null, (q, k) => (q - k) % c.Window == 0),
        _ => MaskRule.Rule("never itself", false, null, (q, k) => q != k),
    };

    /// <summary>1 for real tokens; padding 1 is left, 2 is right, 3 is a row of each.</summary>
    private static bool[,] Real(Case c, int length)
    {
        var real = new bool[c.B, length];
        for (int row = 0; row < c.B; row++)
        {
            int holes = c.Padding == 0 ? 0 : (c.Seed + (row * 5)) % length;
            bool left = c.Padding == 1 || (c.Padding == 3 && row % 2 == 0);
            for (int i = 0; i < length; i++)
            {
                real[row, i] = left ? i >= holes : i < length - holes;
            }
        }

        return real;
    }

    [Fact]
    public void EveryPathEqualsTheLoops() => Cases.Sample(
        c =>
        {
            using DisposeScope scope = torch.NewDisposeScope();
            int s = c.Past + c.T;
            Tensor q = Reference.Random(c.Seed, c.B, c.T, c.G * c.R, c.D), k = Reference.Random(c.Seed + 1, c.B, s, c.G, c.D),
                v = Reference.Random(c.Seed + 2, c.B, s, c.G, c.D);
            bool[,] real = Real(c, s);
            MaskRule mask = Mask(c);
            using Pass pass = PassOver(real, c.Past);
            double scale = 0.3 + (c.Seed % 5);
            int[,] positions = Positions(real);
            using Tensor got = Attention.Attend(q, k, v, mask, scale, pass);
            double[] expected = Reference.Attend(q, k, v, scale,
                (row, i, j) => real[row, j] && mask.Allows(positions[row, c.Past + i], positions[row, j]));
            Assert.True(Reference.Error(Reference.Host(got), expected) < 1e-12, $"{c}");

            // The same in float32, and with a rule that reads the scores.
            using Tensor single = Attention.Attend(q.to(ScalarType.Float32), k.to(ScalarType.Float32), v.to(ScalarType.Float32), mask, scale, pass);
            Assert.True(Reference.Error(Reference.Host(single), expected, 1) < 1e-5, $"float32 {c}");
            using Tensor scored = Attention.Attend(q, k, v, mask, scale, pass, score: (x, place) =>
                x.Plus((place.Key - place.Query).to(x.dtype) * Scalars.Of(0.1)).Plus(place.Head.to(x.dtype) * Scalars.Of(0.01)));
            double[] scoredExpected = Reference.Attend(q, k, v, scale,
                (row, i, j) => real[row, j] && mask.Allows(positions[row, c.Past + i], positions[row, j]),
                (x, row, head, i, j) => x + ((positions[row, j] - positions[row, c.Past + i]) * 0.1) + (head * 0.01));
            Assert.True(Reference.Error(Reference.Host(scored), scoredExpected) < 1e-12, $"scored {c}");
        },
        iter: 300);

    [Fact]
    public void LongBandsEqualTheLoops()
    {
        foreach ((int t, int window, int past) in new[] { (600, 3, 0), (300, 100, 290), (700, 129, 0), (1, 4, 600), (257, 1, 100) })
        {
            using DisposeScope scope = torch.NewDisposeScope();
            Tensor q = Reference.Random(t, 2, t, 2, 3), k = Reference.Random(1, 2, past + t, 1, 3), v = Reference.Random(2, 2, past + t, 1, 3);
            using Pass pass = PassOver(Real(new Case(2, 1, 2, t, past, 3, 2, window, 0, 0), past + t), past);
            foreach (MaskRule mask in new[] { MaskRule.Band(window), MaskRule.Rule("odd band", true, window, (a, b) => a == b || b % 2 == 1) })
            {
                using Tensor got = Attention.Attend(q, k, v, mask, 0.5, pass);
                double[] expected = Reference.Attend(q, k, v, 0.5, (_, i, j) => mask.Allows(past + i, j));
                Assert.True(Reference.Error(Reference.Host(got), expected) < 1e-12, $"{t} {window} {past} {mask}");
            }
        }
    }

    [Fact]
    public void GradientsEqualDifferences()
    {
        foreach (int kind in new[] { 0, 1, 2, 3, 4 })
        {
            foreach (int padding in new[] { 0, 1, 2 })
            {
                var c = new Case(2, 2, 2, 4, 0, 3, kind, 2, padding, 7);
                bool[,] real = Real(c, c.T);
                Tensor q = Reference.Random(1, 2, 4, 4, 3).requires_grad_(), k = Reference.Random(2, 2, 4, 2, 3).requires_grad_();
                Tensor v = Reference.Random(3, 2, 4, 2, 3).requires_grad_();
                Tensor weight = Reference.Random(4, 2, 4, 4, 3);
                MaskRule mask = Mask(c);
                foreach (bool scored in new[] { false, true })
                {
                    double error = Reference.GradientError(
                        () =>
                        {
                            using Pass pass = PassOver(real, 0);
                            using Tensor y = Attention.Attend(q, k, v, mask, 0.7, pass, score: scored ? (x, _) => x.tanh() : null);
                            using Tensor z = y * weight;
                            return z.sum();
                        },
                        q, k, v);
                    Assert.True(error < 1e-7, $"kind {kind}, padding {padding}, scored {scored}: {error}");
                }
            }
        }
    }

    [Fact]
    public void AQueryThatMayReadNothingGetsZerosAndNoNaN()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        MaskRule mask = MaskRule.Rule("strictly before", true, null, (q, k) => k < q);
        foreach (ScalarType dtype in new[] { ScalarType.Float32, ScalarType.Float64, ScalarType.BFloat16 })
        {
            foreach (bool scored in new[] { false, true })
            {
                using Tensor q = Reference.Random(1, 1, 5, 2, 4).to(dtype).requires_grad_();
                using Tensor k = Reference.Random(2, 1, 5, 2, 4).to(dtype).requires_grad_();
                using Pass pass = Pass.Over(q);
                using Tensor y = Attention.Attend(q, k, k, mask, 0.5, pass, score: scored ? (x, _) => x : null);
                y.sum().backward();
                Assert.All(Reference.Host(y[0, 0]), x => Assert.Equal(0, x));
                Assert.All(Reference.Host(q.grad!).Concat(Reference.Host(k.grad!)), x => Assert.True(double.IsFinite(x)));
                Assert.Contains(Reference.Host(y), x => x != 0);
            }
        }
    }

    [Fact]
    public void CrossAttentionReadsTheOtherAxis()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        Tensor q = Reference.Random(1, 2, 3, 2, 4), k = Reference.Random(2, 2, 5, 2, 4), v = Reference.Random(3, 2, 5, 2, 4);
        using Tensor padding = torch.tensor(new long[] { 1, 1, 1, 0, 0, 1, 1, 1, 1, 1 }, [2, 5]);
        using Pass memory = Pass.Over(k, padding);
        using Tensor own = torch.tensor(new long[] { 1, 1, 1, 0, 1, 1 }, [2, 3]);
        using Pass pass = Pass.Over(q, own);

        // The same rule over both axes, of one size at first: what is laid out for the one must not serve the other.
        using Tensor self = Attention.Attend(q, q, q, MaskRule.Full, 0.5, pass);
        Assert.True(Reference.Error(Reference.Host(self), Reference.Attend(q, q, q, 0.5, (row, _, j) => row == 0 || j > 0)) < 1e-12);
        using Pass shorter = Pass.Over(q, torch.tensor(new long[] { 1, 1, 0, 1, 1, 1 }, [2, 3]));
        using Tensor cross = Attention.Attend(q, q, q, MaskRule.Full, 0.5, pass, memory: shorter);
        Assert.True(Reference.Error(Reference.Host(cross), Reference.Attend(q, q, q, 0.5, (row, _, j) => row == 1 || j < 2)) < 1e-12);
        using Tensor y = Attention.Attend(q, k, v, MaskRule.Full, 0.5, pass, memory: memory);
        double[] expected = Reference.Attend(q, k, v, 0.5, (row, _, j) => row == 1 || j < 3);
        Assert.True(Reference.Error(Reference.Host(y), expected) < 1e-12);
    }

    [Fact]
    public void DropoutDropsOnlyWhileTraining()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        Tensor q = Reference.Random(1, 2, 6, 2, 4);
        using Pass still = Pass.Over(q);
        using Pass trains = Pass.Over(q, training: true);
        using Tensor plain = Attention.Attend(q, q, q, MaskRule.Causal, 0.5, still);
        using Tensor kept = Attention.Attend(q, q, q, MaskRule.Causal, 0.5, still, dropout: 0.5);
        using Tensor dropped = Attention.Attend(q, q, q, MaskRule.Causal, 0.5, trains, dropout: 0.5);
        Assert.Equal(0, Reference.Error(kept, plain));
        Assert.True(Reference.Error(dropped, plain) > 1e-3);
    }

    [Fact]
    public void HeadsThatDontDivideAreRefused()
    {
        using Tensor q = Reference.Random(1, 1, 2, 3, 4);
        using Tensor k = Reference.Random(1, 1, 2, 2, 4);
        using Pass pass = Pass.Over(q);
        Assert.Contains("3 query heads", Assert.Throws<ArgumentException>(() => Attention.Attend(q, k, k, MaskRule.Full, 1, pass)).Message);
    }

    /// <summary>Positions as the rules say, written down independently of the runtime.</summary>
    private static int[,] Positions(bool[,] real)
    {
        var positions = new int[real.GetLength(0), real.GetLength(1)];
        for (int row = 0; row < real.GetLength(0); row++)
        {
            int first = 0;
            while (first < real.GetLength(1) - 1 && !real[row, first])
            {
                first++;
            }

            for (int i = 0; i < real.GetLength(1); i++)
            {
                positions[row, i] = Math.Max(0, i - first);
            }
        }

        return positions;
    }

    /// <summary>A pass over the last columns, when the first <paramref name="past"/> were read before.</summary>
    private static Pass PassOver(bool[,] real, int past)
    {
        int b = real.GetLength(0), s = real.GetLength(1);
        var timeline = new Timeline(b);
        Pass? pass = null;
        foreach ((int from, int to) in new[] { (0, past), (past, s) })
        {
            if (to > from)
            {
                pass?.Dispose();
                var mask = new bool[b * (to - from)];
                for (int i = 0; i < mask.Length; i++)
                {
                    mask[i] = real[i / (to - from), from + (i % (to - from))];
                }

                using Tensor m = torch.tensor(mask, [b, to - from]);
                pass = Pass.Next(m, m, timeline);
            }
        }

        return pass!;
    }

    private sealed record Case(int B, int G, int R, int T, int Past, int D, int Kind, int Window, int Padding, int Seed);
}
