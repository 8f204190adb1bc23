using System;
using Dsl.Runtime.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>Which experts a token has, and what they give together.</summary>
public static class Routing
{
    /// <summary>1 at the largest elements along the last axis, 0 elsewhere, in the values' type; of equal ones the first is chosen. No gradient.</summary>
    /// <param name="scores">[..., n].</param>
    /// <param name="count">How many are chosen, at most n.</param>
    public static Tensor Choose(Tensor scores, long count)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using IDisposable off = torch.no_grad();
        (Tensor _, Tensor order) = torch.sort(scores, dim: -1, descending: true, stable: true);
        Tensor one = torch.ones([1], dtype: scores.dtype, device: scores.device);
        Tensor picks = order.narrow(-1, 0, count);
        return torch.zeros_like(scores).scatter_(-1, picks, one.expand(picks.shape)).MoveToOuterDisposeScope();
    }

    /// <summary>Softmax along the last axis of the elements at which <paramref name="over"/> is not 0; the others are 0, all where none takes part.</summary>
    public static Tensor Softmax(Tensor x, Tensor over)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        Tensor others = over.eq(Scalars.Of(0L));
        Tensor those = x.masked_fill(others, Scalars.Of(Tensors.Lowest(x.dtype)));
        return those.softmax(-1).masked_fill(others, Scalars.Of(0.0)).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// The sum over a token's chosen experts of weight times what the expert gives. Only these are computed: a token is a row for each of its experts, and
    /// rows stand grouped by expert.
    /// </summary>
    /// <param name="x">[b, t, d].</param>
    /// <param name="chosen">[b, t, e], not 0 where a token has an expert.</param>
    /// <param name="weights">[b, t, e].</param>
    /// <param name="pass">Of the tokens.</param>
    /// <param name="experts">All experts: rows [1, r, 1, d], of which the pass knows the expert, to [1, r, 1, f].</param>
    /// <returns>[b, t, f].</returns>
    public static Tensor Mix(Tensor x, Tensor chosen, Tensor weights, Pass pass, Func<Tensor, Pass, Tensor> experts)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        var rows = new ExpertRows(chosen);
        using Pass grouped = pass.Of(rows);
        long batch = x.shape[0], time = x.shape[1], width = x.shape[2];
        Tensor given = FusedFunction.Apply(new TokensToRows(rows), x.reshape(batch * time, width))[0];
        Tensor results = experts(given.view(1, rows.Count, 1, width), grouped);
        Tensor shares = weights.reshape(-1).index_select(0, rows.Choices).unsqueeze(-1);
        Tensor weighted = results.view(rows.Count, results.shape[^1]) * shares;
        return FusedFunction.Apply(new RowsToTokens(rows), weighted)[0].view(batch, time, weighted.shape[1]).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// The number of experts times the sum over them of how often an expert is among a row's largest and its mean probability; 0 where there is no row.
    /// </summary>
    /// <param name="probabilities">[b, t, ..., e].</param>
    /// <param name="count">How many are chosen.</param>
    /// <param name="pass">Of the tokens: padding does not count.</param>
    /// <returns>A scalar.</returns>
    public static Tensor Balance(Tensor probabilities, long count, Pass pass)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        long experts = probabilities.shape[^1], all = probabilities.numel() / experts;
        long layers = all / Math.Max(1, probabilities.shape[0] * probabilities.shape[1]);
        Tensor rows = probabilities.reshape(pass.Batch * pass.Length, layers, experts), chosen = Choose(rows, count);
        double real = all;
        if (pass.Queries.Real is { } tokens)
        {
            Tensor others = tokens.logical_not().reshape(-1, 1, 1);
            (rows, chosen) = (rows.masked_fill(others, Scalars.Of(0.0)), chosen.masked_fill(others, Scalars.Of(0.0)));
            real = tokens.sum().item<long>() * layers;
        }

        Tensor shares = chosen.sum([0L, 1L]), means = rows.sum([0L, 1L]);
        double scale = real == 0 ? 0 : experts / (real * real);
        return ((shares * means).sum() * Scalars.Of(scale)).MoveToOuterDisposeScope();
    }

    /// <summary>A token's row for each of its experts. The way back is the sum.</summary>
    private sealed class TokensToRows(ExpertRows rows) : FusedFunction
    {
        protected override Tensor[] Forward(Tensor?[] inputs)
        {
            Save(rows.Tokens, rows.OfTokens);
            return [inputs[0]!.index_select(0, rows.Tokens)];
        }

        protected override Tensor?[] Backward(Tensor?[] gradients, Tensor?[] saved) =>
            [gradients[0] is { } gradient ? rows.Sum(gradient, saved[0]!, saved[1]) : null];
    }

    /// <summary>The sum of each token's rows. The way back is the token's gradient for each.</summary>
    private sealed class RowsToTokens(ExpertRows rows) : FusedFunction
    {
        protected override Tensor[] Forward(Tensor?[] inputs)
        {
            Save(rows.Tokens);
            return [rows.Sum(inputs[0]!, rows.Tokens, rows.OfTokens)];
        }

        protected override Tensor?[] Backward(Tensor?[] gradients, Tensor?[] saved) =>
            [gradients[0] is { } gradient ? gradient.index_select(0, saved[0]!) : null];
    }
}
