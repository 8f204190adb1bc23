using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using Dsl.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Generation;

/// <summary>When a row's search stops before its tokens run out.</summary>
public enum EarlyStopping
{
    /// <summary>When the best running sum over the current length's penalty cannot beat the worst finished hypothesis.</summary>
    WhenUnlikely,

    /// <summary>As soon as there are as many finished hypotheses as beams.</summary>
    WhenFull,

    /// <summary>When no continuation of any length can beat the worst finished hypothesis.</summary>
    Never,
}

/// <summary>A finished sequence: the prompt, what followed, and its score: the sum of log-probabilities over (generated tokens)^penalty.</summary>
public sealed record Hypothesis(IReadOnlyList<int> Tokens, double Score);

/// <summary>Options of a beam search, with the meaning that transformers gives them.</summary>
public sealed record BeamOptions(int Beams, int MaxNewTokens)
{
    /// <summary>Ids that end a sequence; they count as generated.</summary>
    public IReadOnlyList<int> End { get; init; } = [];

    /// <summary>
    /// Whether a sequence (the prompt's tokens and those after) ends with its last token for another reason, a stop string for instance; null: none does.
    /// </summary>
    public Func<IReadOnlyList<int>, bool>? Stopped { get; init; }

    /// <summary>Exponent on the number of generated tokens.</summary>
    public double LengthPenalty { get; init; } = 1;

    /// <summary>When to stop early.</summary>
    public EarlyStopping EarlyStopping { get; init; } = EarlyStopping.WhenUnlikely;

    /// <summary>Hypotheses to return for each row, best first; at most as many as beams.</summary>
    public int Return { get; init; } = 1;

    /// <summary>Act on log-probabilities, in order; what they leave is not renormalised.</summary>
    public IReadOnlyList<ILogitProcessor> Processors { get; init; } = [];

    /// <summary>
    /// Diverse beam search (Vijayakumar et al. 2016, arXiv 1610.02424): the beams search in so many groups, one after the other. Divides the beams.
    /// </summary>
    public int Groups { get; init; } = 1;

    /// <summary>What a token loses for each beam of an earlier group that has chosen it at this step; scores include it.</summary>
    public double DiversityPenalty { get; init; }

    /// <summary>The token that a group which has ended goes on choosing; later groups avoid it like any other.</summary>
    public int Pad { get; init; }

    /// <summary>Throws where a value makes no sense.</summary>
    /// <exception cref="ArgumentException">One sentence that names the values and what was expected.</exception>
    public void Validate()
    {
        if (Beams < 1 || MaxNewTokens < 1 || Return < 1 || Return > Beams)
        {
            throw new ArgumentException(
                $"{Beams} beams, {Return} to return, {MaxNewTokens} new tokens: expected 1 or more of each, and no more to return than beams.");
        }

        if (!double.IsFinite(LengthPenalty))
        {
            throw new ArgumentException(FormattableString.Invariant($"length penalty {LengthPenalty}, expected a finite number"));
        }

        if (!(DiversityPenalty >= 0) || double.IsInfinity(DiversityPenalty))
        {
            throw new ArgumentException(FormattableString.Invariant($"diversity penalty {DiversityPenalty}, expected 0 or more"));
        }

        if (Groups < 1 || Beams % Groups != 0)
        {
            throw new ArgumentException($"{Groups} groups of {Beams} beams, expected a number of groups that divides the beams.");
        }

        // Written so that NaN fails each of them.
        Require(double.IsFinite(LengthPenalty), "length-penalty", LengthPenalty, "a finite number");
        Require(DiversityPenalty >= 0 && double.IsFinite(DiversityPenalty), "diversity", DiversityPenalty, "0 or more");
        Require(Enum.IsDefined(EarlyStopping), "early-stopping", (double)EarlyStopping, string.Join(", ", Enum.GetNames<EarlyStopping>()));
    }

    private static void Require(bool holds, string name, double value, string expected)
    {
        if (!holds)
        {
            throw new ArgumentException(FormattableString.Invariant($"--{name} {value}, expected {expected}"));
        }
    }
}

/// <summary>Beam search for any model with a stateful form; beams are rows of one state, reordered by <see cref="ModelState.Select"/>.</summary>
public static class BeamSearch
{
    /// <summary>Searches from prompts of one length.</summary>
    /// <param name="model">The model.</param>
    /// <param name="state">A state of as many rows as prompts, which has read none of them; its rows are multiplied.</param>
    /// <param name="prompts">int64 [batch, n], n at least 1.</param>
    /// <param name="options">How to search.</param>
    /// <param name="cancellation">Ends the search between two tokens.</param>
    /// <returns>For each prompt its best hypotheses, best first.</returns>
    /// <exception cref="OperationCanceledException">It was ended.</exception>
    public static IReadOnlyList<IReadOnlyList<Hypothesis>> Run(
        IModel model, ModelState state, Tensor prompts, BeamOptions options, CancellationToken cancellation = default)
    {
        using IDisposable off = no_grad();
        int rows = checked((int)prompts.shape[0]);
        int[][] tokens = Enumerable.Range(0, rows).Select(r => Row(prompts, r)).ToArray();
        using Tensor first = model.Advance(prompts, state, last: true);
        double[][] logits = Rows(first);

        // One row becomes a row for each beam; all but the first beam are out of the running at first.
        Select(state, Enumerable.Range(0, rows * options.Beams).Select(i => i / options.Beams));
        double[][] repeated = [.. Enumerable.Range(0, rows * options.Beams).Select(i => logits[i / options.Beams])];
        return Run(tokens, repeated, options, (order, next) =>
        {
            cancellation.ThrowIfCancellationRequested();
            Select(state, order);
            using Tensor ids = tensor(next.Select(t => (long)t).ToArray(), [next.Length, 1], device: prompts.device);
            using Tensor more = model.Advance(ids, state, last: true);
            return Rows(more);
        });
    }

    /// <summary>The search itself.</summary>
    /// <param name="prompts">Tokens of each prompt.</param>
    /// <param name="logits">Logits of the next token for each beam of each prompt.</param>
    /// <param name="options">How to search.</param>
    /// <param name="advance">Given which beam each new beam goes on from and the token it reads: logits of the tokens after.</param>
    public static IReadOnlyList<IReadOnlyList<Hypothesis>> Run(
        IReadOnlyList<int[]> prompts, double[][] logits, BeamOptions options, Func<int[], int[], double[][]> advance)
    {
        options.Validate();
        var searches = prompts.Select(prompt => new BeamRow(prompt, options)).ToList();
        for (int step = 1; ; step++)
        {
            for (int r = 0; r < searches.Count; r++)
            {
                searches[r].Step(logits.AsSpan(r * options.Beams, options.Beams));
            }

            if (step == options.MaxNewTokens || searches.All(search => search.Done))
            {
                return searches.Select(search => search.Finish()).ToList();
            }

            int[] order = [.. searches.SelectMany((search, r) => search.Beams.Select(beam => (r * options.Beams) + beam.From))];
            logits = advance(order, [.. searches.SelectMany(search => search.Beams.Select(beam => beam.Tokens[^1]))]);
        }
    }

    private static int[] Row(Tensor prompts, int row)
    {
        using Tensor one = prompts.select(0, row), host = one.cpu();
        return [.. host.data<long>().Select(t => (int)t)];
    }

    private static void Select(ModelState state, IEnumerable<int> order)
    {
        using Tensor rows = tensor(order.Select(i => (long)i).ToArray());
        state.Select(rows);
    }

    private static double[][] Rows(Tensor logits)
    {
        using Tensor rows = logits.reshape(logits.shape[0], -1), flat = rows.to(ScalarType.Float64, CPU);
        long width = flat.shape[1];
        double[] all = flat.data<double>().ToArray();
        return [.. Enumerable.Range(0, (int)flat.shape[0]).Select(r => all[(int)(r * width)..(int)((r + 1) * width)])];
    }
}
