using System;
using System.Linq;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Dsl.Runtime.Tests.Numerics;

/// <summary>A rule that only adds gives what the same rule gives over written-out scores.</summary>
public class ScoreBiasTests
{
    [Theory]
    [InlineData(4, 4, 7, false, false)]
    [InlineData(4, 2, 7, false, false)]
    [InlineData(4, 2, 1, false, false)]
    [InlineData(4, 4, 7, true, false)]
    [InlineData(4, 2, 7, true, true)]
    public void AddsWhatTheRuleAdds(int heads, int keyHeads, int length, bool padded, bool learns)
    {
        using DisposeScope scope = NewDisposeScope();
        random.manual_seed(3);
        Tensor q = randn(
            2,
            length,
            heads,
            8,
            dtype: ScalarType.Float64), k = randn(
                2, length, keyHeads, 8, dtype: ScalarType.Float64), v = randn(2, length, keyHeads, 8, dtype: ScalarType.Float64);
        Tensor table = randn(32, heads, dtype: ScalarType.Float64);
        table.requires_grad = learns;
        using Tensor? mask = padded ? tensor(Enumerable.Range(0, 2 * length).Select(i => i < 2 ? 0L : 1L).ToArray(), [2, length]) : null;
        using Pass pass = Pass.Over(zeros(2, length, dtype: ScalarType.Int64), mask);
        Tensor Added(ScorePlace place) => table.index(TensorIndex.Tensor((place.Query - place.Key).abs()), TensorIndex.Tensor(place.Head));
        Tensor expected = Attention.Attend(q, k, v, MaskRule.Causal, 0.7, pass, score: (scores, place) => scores.Plus(Added(place)));
        int built = 0;
        ScoreBias Bias() => new("distance", (_, place) =>
        {
            built++;
            return Added(place);
        }, table);
        Tensor first = Attention.Attend(
            q, k, v, MaskRule.Causal, 0.7, pass, bias: Bias()), second = Attention.Attend(q, k, v, MaskRule.Causal, 0.7, pass, bias: Bias());

        // Both layers share what was built.
        Assert.Equal(1, built);
        Assert.True(Reference.Error(expected, first) < 1e-12);
        Assert.True(Reference.Error(expected, second) < 1e-12);
        if (learns)
        {
            expected.sum().backward();
            Tensor reference = table.grad!.clone();
            table.grad!.zero_();
            first.Plus(second).sum().backward();
            Assert.True(Reference.Error(reference * Scalars.Of(2), table.grad!) < 1e-12);
        }
    }

    [Fact]
    public void OtherTablesAndOtherRulesAreOtherBiases()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor table = ones(3), alias = table.alias();
        static Tensor Nothing(Tensor like, ScorePlace place) => like;
        Assert.Equal(new ScoreBias("a", Nothing, table), new ScoreBias("a", Nothing, table));
        Assert.Equal(new ScoreBias("a", Nothing, table).GetHashCode(), new ScoreBias("a", Nothing, table).GetHashCode());
        Assert.NotEqual(new ScoreBias("a", Nothing, table), new ScoreBias("b", Nothing, table));
        Assert.NotEqual(new ScoreBias("a", Nothing, table), new ScoreBias("a", Nothing, alias));
    }

    [Fact]
    public void AnIntegerFunctionIsAskedOnceForEachValue()
    {
        using DisposeScope scope = NewDisposeScope();
        int asked = 0;
        Func<int, int> square = i =>
        {
            asked++;
            return i * i;
        };
        Assert.Equal([0L, 1, 4, 9], TensorScalar.Tabulate(Scalars.Range(4, ScalarType.Int64), square).data<long>().ToArray());
        Assert.Equal([1L, 0, 1, 4, 9, 16], TensorScalar.Tabulate(Scalars.Range(6, ScalarType.Int64).Plus(-1), square).data<long>().ToArray());
        Assert.Equal([4L, 9], TensorScalar.Tabulate(Scalars.Range(2, ScalarType.Int64).Plus(2), square).data<long>().ToArray());
        Assert.Equal(6, asked);
    }

    [Fact]
    public void AnIndexOutsideOfATableIsAnErrorOnlyWhereItIsSeen()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor table = Scalars.Range(4, ScalarType.Float64).view(4, 1), rows = tensor([-1L, 0, 3, 4]), column = zeros(1, ScalarType.Int64);
        Tensor seen = tensor([false, true, true, false]), third = tensor([true, true, true, false]);
        Assert.Equal([0.0, 0, 3, 0], TensorScalar.Entries(table, rows, column, seen, null).data<double>().ToArray());
        Assert.Contains("row -1", Assert.Throws<IndexOutOfRangeException>(() => TensorScalar.Entries(table, rows, column, third)).Message, StringComparison.Ordinal);
        Assert.Contains("column 1", Assert.Throws<IndexOutOfRangeException>(() => TensorScalar.Entries(table, 0, column.Plus(1L))).Message, StringComparison.Ordinal);
        Assert.Contains("row 4", Assert.Throws<IndexOutOfRangeException>(() => TensorScalar.Entries(table, 4, column)).Message, StringComparison.Ordinal);
        Assert.Contains("element 4", Assert.Throws<IndexOutOfRangeException>(() => TensorScalar.Element(table.view(4), 4)).Message, StringComparison.Ordinal);
        Assert.Throws<IndexOutOfRangeException>(() => TensorScalar.Element(table.view(4), rows));
        Assert.Equal([1L, 1, 3, 4], TensorScalar.Divisor(rows.clamp_min(Scalars.Of(0)), tensor([false, false, true, true])).data<long>().ToArray());
        Assert.Throws<DivideByZeroException>(() => TensorScalar.Divisor(rows, seen));
    }

    [Fact]
    public void AFunctionIsNotAskedForWhatIsHidden()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor seen = tensor([false, true, true]);
        static int Half(int i) => i > 0 ? i / 2 : throw new ArgumentOutOfRangeException(nameof(i));
        Assert.Equal([1L, 1, 2], TensorScalar.Tabulate(tensor([-3L, 2, 4]), Half, seen).data<long>().ToArray());
    }
}
