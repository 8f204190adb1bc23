using System;
using System.Linq;
using Dsl.Runtime;
using TorchSharp;
using Xunit;
using Zoo.TestTimeTraining;
using static TorchSharp.torch;

namespace Zoo.Tests.Models;

/// <summary>Learning within the sequence against its definition: weights that are built and changed one token at a time.</summary>
public sealed class LearnTests
{
    /// <summary>
    /// Rows at different places of a mini-batch, holes and empty rows included: each row equals itself alone, and the state is that of its real tokens.
    /// </summary>
    [Theory]
    [InlineData("linear")]
    [InlineData("mlp")]
    public void A_row_equals_itself_alone_however_its_batch_is_padded(string kind)
    {
        using var scope = NewDisposeScope();
        using IDisposable off = no_grad();
        using var model = new Ttt(new TttConfig(31, 16, 24, 2, 2, Kind: kind, MiniBatch: 4, PreConv: true, SharesQk: true, Gated: true), ScalarType.Float64);
        model.eval();
        foreach (Weight weight in model.Weights.All.Where(w => w.Key.EndsWith("W1", StringComparison.Ordinal)))
        {
            weight.Value.normal_(0, 0.5);
        }

        // Three calls; a row of 0 reads nothing.
        string[][] masks = [["0011", "1111", "0000"], ["101", "111", "001"], ["11111", "10000", "01111"]];
        using ModelState together = model.NewState(3);
        ModelState[] alone = [model.NewState(1), model.NewState(1), model.NewState(1)];
        for (int call = 0; call < masks.Length; call++)
        {
            long length = masks[call][0].Length;
            Tensor ids = randint(0, 31, [3, length]), mask = tensor(masks[call].SelectMany(m => m.Select(c => (long)(c - '0'))).ToArray(), [3, length]);
            Tensor all = model.Advance(ids, together, mask);
            for (int row = 0; row < 3; row++)
            {
                Tensor real = mask[row].nonzero().squeeze(-1);
                if (real.NumberOfElements > 0)
                {
                    Tensor one = model.Advance(ids[row].index_select(0, real).unsqueeze(0), alone[row]);
                    Assert.True((all[row].index_select(0, real) - one[0]).abs().max().item<double>() < 1e-12, $"{kind}, call {call}, row {row}");
                }
            }
        }

        for (int row = 0; row < 3; row++)
        {
            foreach (var (mine, other) in together.Parts.OfType<LearnState>().Zip(alone[row].Parts.OfType<LearnState>()))
            {
                foreach (string name in other.Starts.Keys)
                {
                    Assert.True((mine.Starts[name][row] - other.Starts[name][0]).abs().max().item<double>() < 1e-13);
                    Assert.True((mine.Sums[name][row] - other.Sums[name][0]).abs().max().item<double>() < 1e-13);
                }
            }

            alone[row].Dispose();
        }
    }

    /// <summary>Rows of a learner's state go where a search sends them, with their places.</summary>
    [Fact]
    public void Rows_of_different_places_are_selected_with_their_places()
    {
        using var scope = NewDisposeScope();
        using IDisposable off = no_grad();
        using var model = new Ttt(new TttConfig(31, 16, 24, 1, 2, MiniBatch: 4), ScalarType.Float64);
        model.eval();
        using ModelState state = model.NewState(2);
        Tensor ids = randint(0, 31, [2, 7]), next = randint(0, 31, [2, 5]);
        model.Advance(ids, state, tensor(new long[] { 1, 1, 1, 1, 1, 1, 1, 0, 0, 1, 1, 1, 1, 1 }, [2, 7]));
        using ModelState swapped = state.Clone();
        swapped.Select(tensor(new long[] { 1, 0 }));
        Tensor straight = model.Advance(next, state), crossed = model.Advance(next.flip(0), swapped);
        Assert.True((straight - crossed.flip(0)).abs().max().item<double>() < 1e-13);
    }

    [Fact]
    public void An_unknown_kind_of_learner_is_an_error_that_names_it()
    {
        string message = Assert.Throws<ConfigException>(() => new TttConfig(31, 16, 24, 1, 2, Kind: "conv").Learner).Message;
        Assert.Equal("config.json: ttt_layer_type is 'conv', expected 'linear' or 'mlp'", message);
    }
}
