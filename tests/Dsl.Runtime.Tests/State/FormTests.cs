using System;
using System.Collections.Generic;
using System.Linq;
using CsCheck;
using Dsl.Runtime.Tests.Modules;
using Dsl.Runtime.Tests.Numerics;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Dsl.Runtime.Tests.State;

/// <summary>The parallel form and the stateful form of one model agree, whatever the chunks, the mask and the padding.</summary>
public class FormTests
{
    private static readonly Gen<Case> Cases =
        from rows in Gen.Int[1, 3]
        from length in Gen.Int[1, 90]
        from window in Gen.Int[0, 6]
        from shifts in Gen.Bool
        from padding in Gen.Int[0, 3]
        from capacity in Gen.Int[0, 40]
        from seed in Gen.Int[0, 1 << 20]
        select new Case(rows, length, window, shifts, padding, capacity, seed);

    private static TinyConfig Config(Case c) => new(Mask: c.Window == 0 ? MaskRule.Causal : MaskRule.Band(c.Window), Shifts: c.Shifts);

    [Fact]
    public void ParallelEqualsChunksAtEveryPosition() => Cases.Sample(
        c =>
        {
            using IDisposable off = torch.no_grad();
            using DisposeScope scope = torch.NewDisposeScope();
            var random = new Random(c.Seed);
            torch.random.manual_seed(c.Seed);
            using TinyModel model = Loud(new TinyModel(Config(c), ScalarType.Float64));
            Tensor ids = Ids(random, c.Rows, c.Length);
            (bool[,] real, Tensor mask) = Padding(c);
            Tensor whole = model.Forward(ids, c.Padding == 0 ? null : mask);
            using ModelState state = model.NewState(c.Rows, c.Capacity);
            double[] expected = Reference.Host(whole);
            for (int at = 0; at < c.Length;)
            {
                int n = random.Next(4) == 0 ? random.Next(1, c.Length + 1) : random.Next(1, 4);
                n = Math.Min(n, c.Length - at);
                Tensor logits = model.Advance(ids.narrow(1, at, n), state, c.Padding == 0 ? null : mask.narrow(1, at, n));
                AssertEqual(whole.narrow(1, at, n), logits, real, at, $"{c} at {at}+{n}");
                at += n;
            }

            Assert.Equal(c.Length, state.Length);
            Assert.Equal(Reference.Host(whole), expected);
        },
        iter: 60);

    [Fact]
    public void ARowAloneEqualsThatRowInAPaddedBatch() => Cases.Sample(
        c =>
        {
            using IDisposable off = torch.no_grad();
            using DisposeScope scope = torch.NewDisposeScope();
            using TinyModel model = Loud(new TinyModel(Config(c), ScalarType.Float64));
            Tensor ids = Ids(new Random(c.Seed), c.Rows, c.Length);
            (bool[,] real, Tensor mask) = Padding(c with { Padding = Math.Max(1, c.Padding) });
            Tensor whole = model.Forward(ids, mask);
            for (int row = 0; row < c.Rows; row++)
            {
                int first = Enumerable.Range(0, c.Length).First(i => real[row, i]), count = Enumerable.Range(0, c.Length).Count(i => real[row, i]);
                Tensor alone = model.Forward(ids.narrow(0, row, 1).narrow(1, first, count));
                double error = Reference.Error(whole.narrow(0, row, 1).narrow(1, first, count), alone);
                Assert.True(error < 1e-11, $"{c}, row {row}: {error}");
            }
        },
        iter: 60);

    [Fact]
    public void AfterARightPaddedPromptEachRowGoesOnAtItsOwnPosition()
    {
        using IDisposable off = torch.no_grad();
        foreach (int window in new[] { 0, 3 })
        {
            using DisposeScope scope = torch.NewDisposeScope();
            using TinyModel model = Loud(new TinyModel(Config(new Case(2, 9, window, true, 0, 0, 1)), ScalarType.Float64));
            var random = new Random(5);
            Tensor prompt = Ids(random, 2, 9), next = Ids(random, 2, 6);
            var lengths = new[] { 4, 9 };
            using Tensor mask = torch.tensor(Enumerable.Range(0, 18).Select(i => i % 9 < lengths[i / 9] ? 1L : 0L).ToArray(), [2, 9]);
            using ModelState state = model.NewState(2);
            Tensor last = model.Advance(prompt, state, mask, last: true);
            var steps = new List<Tensor> { last };
            for (int i = 0; i < 6; i++)
            {
                steps.Add(model.Advance(next.narrow(1, i, 1), state));
            }

            Tensor got = torch.cat(steps, 1);
            for (int row = 0; row < 2; row++)
            {
                Tensor line = torch.cat([prompt.narrow(0, row, 1).narrow(1, 0, lengths[row]), next.narrow(0, row, 1)], 1);
                Tensor alone = model.Forward(line).narrow(1, lengths[row] - 1, 7);
                Assert.True(Reference.Error(got.narrow(0, row, 1), alone) < 1e-11, $"window {window}, row {row}");
            }
        }
    }

    [Fact]
    public void SelectCloneTruncateAndReset()
    {
        using IDisposable off = torch.no_grad();
        foreach (bool padded in new[] { false, true })
        {
            using DisposeScope scope = torch.NewDisposeScope();
            using TinyModel model = Loud(new TinyModel(new TinyConfig(), ScalarType.Float64));
            Tensor ids = Ids(new Random(8), 3, 40);
            (bool[,] _, Tensor mask) = Padding(new Case(3, 40, 0, false, padded ? 1 : 0, 0, 13));
            Tensor whole = model.Forward(ids, mask);
            using ModelState state = model.NewState(3);
            model.Advance(ids.narrow(1, 0, 33), state, mask.narrow(1, 0, 33));

            using ModelState clone = state.Clone();
            model.Advance(ids.narrow(1, 0, 5), clone, null);
            Assert.Equal((33, 38), (state.Length, clone.Length));
            clone.Truncate(33);
            Check(whole.narrow(1, 33, 7), model.Advance(ids.narrow(1, 33, 7), clone, mask.narrow(1, 33, 7)));
            Check(whole.narrow(1, 33, 7), model.Advance(ids.narrow(1, 33, 7), state, mask.narrow(1, 33, 7)));

            state.Truncate(30);
            using Tensor rows = torch.tensor(new long[] { 2, 0, 2, 1 });
            state.Select(rows);
            Assert.Equal(4, state.Batch);
            Check(whole.index_select(0, rows).narrow(1, 30, 10), model.Advance(ids.index_select(0, rows).narrow(1, 30, 10), state, mask.index_select(0,
                rows).narrow(1, 30, 10)));

            clone.Reset();
            Assert.Equal(0, clone.Length);
            Check(whole, model.Advance(ids, clone, mask));
            Assert.Contains("rows 0 to 3", Assert.Throws<ArgumentException>(() => state.Select(torch.tensor(new long[] { 4 }))).Message);
            Assert.Contains("cannot be cut to 41", Assert.Throws<ArgumentOutOfRangeException>(() => state.Truncate(41)).Message);
        }
    }

    [Fact]
    public void ABandKeepsAConstantSizeAndSaysWhatItDropped()
    {
        using IDisposable off = torch.no_grad();
        using TinyModel model = Loud(new TinyModel(new TinyConfig(Mask: MaskRule.Band(5))));
        using ModelState state = model.NewState(1);
        using Tensor ids = Ids(new Random(1), 1, 1);
        long size = 0;
        for (int i = 0; i < 500; i++)
        {
            model.Advance(ids, state).Dispose();
            size = i == 10 ? state.Bytes : size;
        }

        Assert.Equal(size, state.Bytes);
        string message = Assert.Throws<InvalidOperationException>(() => state.Truncate(100)).Message;
        Assert.Contains("band of 5 keys would need token 96", message);
        Assert.Equal(500, state.Length);
        state.Truncate(500);
        model.Advance(ids, state).Dispose();
    }

    [Fact]
    public void ARuleThatReadsTheLengthTurnsCachedKeysAnew()
    {
        // After the last chunk the length is the whole one, so that the last logits of a one-layer model equal the parallel form's.
        using IDisposable off = torch.no_grad();
        using DisposeScope scope = torch.NewDisposeScope();
        using TinyModel model = Loud(new TinyModel(new TinyConfig(Layers: 1, Scaling: new RopeScaling(RopeScalingKind.Dynamic, 4)), ScalarType.Float64));
        Tensor ids = Ids(new Random(3), 2, 30);
        Tensor whole = model.Forward(ids);
        using ModelState state = model.NewState(2);
        model.Advance(ids.narrow(1, 0, 17), state);
        Tensor rest = model.Advance(ids.narrow(1, 17, 13), state);
        Assert.True(Reference.Error(rest, whole.narrow(1, 17, 13)) < 1e-11);
        Tensor early = model.Forward(ids.narrow(1, 0, 5));
        Assert.True(Reference.Error(early, whole.narrow(1, 0, 5)) > 1e-6);
    }

    [Fact]
    public void AWrongBatchIsRefused()
    {
        using TinyModel model = new(new TinyConfig());
        using ModelState state = model.NewState(2);
        using Tensor ids = Ids(new Random(1), 3, 2);
        Assert.Equal("The state has 2 rows, the tokens have 3.", Assert.Throws<ArgumentException>(() => model.Advance(ids, state)).Message);
    }

    private static void Check(Tensor expected, Tensor got)
    {
        double error = Reference.Error(got, expected);
        Assert.True(error < 1e-11, $"{error}");
    }

    /// <summary>Weights large enough that a wrong key or position shows.</summary>
    private static TinyModel Loud(TinyModel model)
    {
        model.Weights.Initialize("*.attn.*.weight", Initializer.Normal(0.5));
        model.Weights.Initialize("model.embed.weight", Initializer.Normal(1));
        return model;
    }

    private static Tensor Ids(Random random, int rows, int length) =>
        torch.tensor(Enumerable.Range(0, rows * length).Select(_ => (long)random.Next(29)).ToArray(), [rows, length]);

    private static (bool[,] Real, Tensor Mask) Padding(Case c)
    {
        var real = new bool[c.Rows, c.Length];
        var mask = new long[c.Rows * c.Length];
        for (int row = 0; row < c.Rows; row++)
        {
            int holes = c.Padding == 0 ? 0 : (c.Seed + (row * 17)) % c.Length;
            bool left = c.Padding == 1 || (c.Padding == 3 && row % 2 == 0);
            for (int i = 0; i < c.Length; i++)
            {
                real[row, i] = left ? i >= holes : i < c.Length - holes;
                mask[(row * c.Length) + i] = real[row, i] ? 1 : 0;
            }
        }

        return (real, torch.tensor(mask, [c.Rows, c.Length]));
    }

    private static void AssertEqual(Tensor expected, Tensor got, bool[,] real, int at, string what)
    {
        int n = (int)got.shape[1];
        for (int row = 0; row < got.shape[0]; row++)
        {
            for (int i = 0; i < n; i++)
            {
                if (real[row, at + i])
                {
                    double error = Reference.Error(got[row, i], expected[row, i]);
                    Assert.True(error < 1e-11, $"{what}, row {row}, token {at + i}: {error}");
                }
            }
        }
    }

    private sealed record Case(int Rows, int Length, int Window, bool Shifts, int Padding, int Capacity, int Seed);
}
