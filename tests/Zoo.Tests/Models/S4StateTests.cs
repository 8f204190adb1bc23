using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Runtime;
using TorchSharp;
using Xunit;
using Zoo.StateSpaces;
using static TorchSharp.torch;

namespace Zoo.Tests.Models;

/// <summary>The layer of S4 by itself: the classifier it belongs to has no stateful form, in which its state would be checked.</summary>
public sealed class S4StateTests
{
    private static readonly S4Config Config = new(1, Layer: "S4Block") { Hidden = 6, Layers = 1, State = 8 };

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(5, 1, 2, 7)]
    [InlineData(1, 20)]
    public void Pieces_equal_the_whole(params int[] split)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable off = no_grad();
        S4Layer layer = Layer();
        Tensor x = randn([2, 21, 6], dtype: ScalarType.Float64);
        Tensor whole = layer.Forward(x, Pass.Over(x));
        using var once = new LayerState(2, layer);
        using var often = new LayerState(2, layer);
        Near(whole, once.Read(x));
        var read = new List<Tensor>();
        for (int at = 0, call = 0; at < 21; call++)
        {
            int n = Math.Min(split[call % split.Length], 21 - at);
            read.Add(often.Read(x.narrow(1, at, n)));
            at += n;
        }

        Near(whole, cat(read, 1));
        Assert.NotEmpty(once.Kept);
        Assert.All(once.Kept.Zip(often.Kept), pair => Near(pair.First, pair.Second));
    }

    /// <summary>Before, between and after the tokens of a call, in calls of its own, and with anything in it.</summary>
    [Fact]
    public void Padding_leaves_the_state_as_it_was()
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable off = no_grad();
        S4Layer layer = Layer();
        string[][] calls = [["0011", "1111", "0000"], ["101", "110", "001"], ["000", "000", "000"], ["11000", "10101", "11111"]];
        using var together = new LayerState(3, layer);
        using var disturbed = new LayerState(3, layer);
        LayerState[] alone = [new(1, layer), new(1, layer), new(1, layer)];
        foreach (string[] rows in calls)
        {
            int width = rows[0].Length;
            Tensor[] before = [.. together.Kept.Select(kept => kept.clone())];
            Tensor x = randn([3, width, 6], dtype: ScalarType.Float64);
            Tensor mask = tensor([.. rows.SelectMany(row => row.Select(c => (long)(c - '0')))], [3, width]);
            together.Read(x, mask);
            disturbed.Read(where(mask.to_type(ScalarType.Bool).unsqueeze(-1), x, randn_like(x)), mask);
            Assert.All(together.Kept.Zip(disturbed.Kept), pair => Same(pair.First, pair.Second));
            for (int row = 0; row < 3; row++)
            {
                if (before.Length > 0 && !rows[row].Contains('1', StringComparison.Ordinal))
                {
                    Assert.All(before.Zip(together.Kept), pair => Same(pair.First[row], pair.Second[row]));
                }

                foreach (int at in Enumerable.Range(0, width).Where(at => rows[row][at] == '1'))
                {
                    alone[row].Read(x.narrow(0, row, 1).narrow(1, at, 1));
                }

                Assert.All(alone[row].Kept.Zip(together.Kept), pair => Near(pair.First[0], pair.Second[row]));
            }
        }

        Assert.All(alone, row => row.Dispose());
    }

    private static S4Layer Layer()
    {
        manual_seed(8);
        var layer = new S4Layer(Config, new Weights(ScalarType.Float64), 6);
        layer.eval();
        return layer;
    }

    private static void Same(Tensor expected, Tensor actual) => Assert.Equal(0, (expected - actual).abs().max().item<double>());

    private static void Near(Tensor expected, Tensor actual) => Assert.InRange((expected - actual).abs().max().item<double>(), 0, 1e-10);

    private sealed class LayerState : ModelState
    {
        private readonly S4Layer layer;
        private readonly S4Layer.State kept;

        internal LayerState(int rows, S4Layer layer)
            : base(rows, 0)
        {
            this.layer = layer;
            kept = new S4Layer.State(this, layer);
        }

        internal IReadOnlyList<Tensor> Kept => [.. Parts.OfType<RecurrentState>().SelectMany(part => part.Values ?? [])];

        internal Tensor Read(Tensor x, Tensor? mask = null)
        {
            using Pass pass = Pass.Next(x, mask, Timeline);
            return layer.Advance(x, pass, kept);
        }

        protected override ModelState Fresh() => new LayerState(Batch, layer);
    }
}
