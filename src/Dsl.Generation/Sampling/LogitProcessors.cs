using System;
using System.Collections.Generic;

namespace Dsl.Generation;

/// <summary>What a processor may ask about the row whose logits it sees.</summary>
/// <param name="Tokens">Every id of the row so far: the prompt, then what was generated.</param>
/// <param name="PromptLength">How many of them are the prompt.</param>
public readonly record struct RowHistory(IReadOnlyList<int> Tokens, int PromptLength)
{
    /// <summary>How many tokens have been generated.</summary>
    public int Generated => Tokens.Count - PromptLength;
}

/// <summary>
/// One rule that changes the logits of the next token of one row, in place; a forbidden token gets negative infinity. Processors run one after another, each on
/// what the one before it left. They hold no state of their own, so one chain serves any number of rows.
/// </summary>
public interface ILogitProcessor
{
    /// <summary>Changes the logits [vocabulary] of one row in place.</summary>
    void Apply(Span<double> logits, RowHistory row);
}

/// <summary>Divides by the temperature: below 1 sharpens, above 1 flattens.</summary>
public sealed record Temperature(double Value) : ILogitProcessor
{
    /// <inheritdoc/>
    public void Apply(Span<double> logits, RowHistory row)
    {
        foreach (ref double logit in logits)
        {
            logit /= Value;
        }
    }
}

/// <summary>Keeps the k likeliest tokens and all that tie with the k-th.</summary>
public sealed record TopK(int K, int Keep = 1) : ILogitProcessor
{
    /// <inheritdoc/>
    public void Apply(Span<double> logits, RowHistory row) => Below(logits, Ranking.Largest(logits, Math.Max(K, Keep)));

    private static void Below(Span<double> logits, double threshold)
    {
        foreach (ref double logit in logits)
        {
            if (logit < threshold)
            {
                logit = double.NegativeInfinity;
            }
        }
    }
}

/// <summary>
/// Nucleus sampling (Holtzman and others, 2020): removes the least likely tokens while their mass is at most 1 - p, so that the token that crosses p stays.
/// </summary>
public sealed record TopP(double P, int Keep = 1) : ILogitProcessor
{
    /// <inheritdoc/>
    public void Apply(Span<double> logits, RowHistory row)
    {
        int[] ascending = Ranking.Ascending(logits);
        double[] probabilities = Ranking.Softmax(logits);
        double mass = 0;
        for (int i = 0; i < ascending.Length - Keep; i++)
        {
            mass += probabilities[ascending[i]];
            if (mass > 1 - P)
            {
                break;
            }

            logits[ascending[i]] = double.NegativeInfinity;
        }
    }
}

/// <summary>Removes what is less likely than p times the likeliest token (Nguyen and others, 2024); a token exactly there stays.</summary>
public sealed record MinP(double P, int Keep = 1) : ILogitProcessor
{
    /// <inheritdoc/>
    public void Apply(Span<double> logits, RowHistory row)
    {
        double top = Ranking.Max(logits);
        double keep = Ranking.Largest(logits, Keep);
        foreach (ref double logit in logits)
        {
            // Relative to the top both sides stay unnormalised, so that a token exactly at the threshold is not lost to rounding.
            if (Math.Exp(logit - top) < P && logit < keep)
            {
                logit = double.NegativeInfinity;
            }
        }
    }
}

/// <summary>
/// Locally typical sampling (Meister and others, 2023): tokens in the order of how far their information -log p is from the entropy H, until their mass reaches
/// the bound; the token that reaches it stays.
/// </summary>
public sealed record Typical(double Mass, int Keep = 1) : ILogitProcessor
{
    /// <inheritdoc/>
    public void Apply(Span<double> logits, RowHistory row)
    {
        double[] probabilities = Ranking.Softmax(logits);
        double normalizer = Ranking.LogSumExp(logits);
        double entropy = Ranking.Entropy(logits);
        var distance = new double[logits.Length];
        for (int i = 0; i < distance.Length; i++)
        {
            distance[i] = Math.Abs(normalizer - logits[i] - entropy);
        }

        int[] order = Ranking.Ascending(distance);
        double mass = 0;
        int last = 0;
        while (last < order.Length - 1 && (mass += probabilities[order[last]]) < Mass)
        {
            last++;
        }

        double bound = distance[order[last]];
        for (int i = Keep; i < order.Length; i++)
        {
            if (distance[order[i]] > bound)
            {
                logits[order[i]] = double.NegativeInfinity;
            }
        }
    }
}

/// <summary>Removes what is less likely than epsilon (Hewitt and others, 2022).</summary>
public sealed record EpsilonCutoff(double Epsilon, int Keep = 1) : ILogitProcessor
{
    /// <inheritdoc/>
    public void Apply(Span<double> logits, RowHistory row) => Ranking.Cut(logits, Epsilon, Keep);
}

/// <summary>Removes what is less likely than min(epsilon, sqrt(epsilon) exp(-H)) (Hewitt and others, 2022).</summary>
public sealed record EtaCutoff(double Epsilon, int Keep = 1) : ILogitProcessor
{
    /// <inheritdoc/>
    public void Apply(Span<double> logits, RowHistory row) =>
        Ranking.Cut(logits, Math.Min(Epsilon, Math.Sqrt(Epsilon) * Math.Exp(-Ranking.Entropy(logits))), Keep);
}

/// <summary>
/// Every id in the row, prompt included, counts once however often it occurs: positive logits are divided, negative ones multiplied (Keskar and others, 2019).
/// </summary>
public sealed record RepetitionPenalty(double Penalty) : ILogitProcessor
{
    /// <inheritdoc/>
    public void Apply(Span<double> logits, RowHistory row)
    {
        var seen = new HashSet<int>(row.Tokens);
        foreach (int id in seen)
        {
            if ((uint)id < (uint)logits.Length)
            {
                logits[id] = logits[id] < 0 ? logits[id] * Penalty : logits[id] / Penalty;
            }
        }
    }
}

/// <summary>logit - count x frequency - (count > 0) x presence, over the tokens generated so far.</summary>
public sealed record OccurrencePenalty(double Presence, double Frequency) : ILogitProcessor
{
    /// <inheritdoc/>
    public void Apply(Span<double> logits, RowHistory row)
    {
        var counts = new Dictionary<int, int>();
        for (int i = row.PromptLength; i < row.Tokens.Count; i++)
        {
            counts[row.Tokens[i]] = counts.GetValueOrDefault(row.Tokens[i]) + 1;
        }

        foreach ((int id, int count) in counts)
        {
            Apply(logits, id, count);
        }
    }

    internal void Apply(Span<double> logits, int id, int count) => logits[id] -= count * Frequency + Presence;
}

/// <summary>Forbids each token that would complete a run of n tokens already in the row, prompt included.</summary>
public sealed record NoRepeatNgram(int N) : ILogitProcessor
{
    /// <inheritdoc/>
    public void Apply(Span<double> logits, RowHistory row)
    {
        IReadOnlyList<int> tokens = row.Tokens;
        int tail = tokens.Count - (N - 1);
        for (int start = 0; start + N <= tokens.Count; start++)
        {
            bool same = true;
            for (int i = 0; same && i < N - 1; i++)
            {
                same = tokens[start + i] == tokens[tail + i];
            }

            int next = tokens[start + N - 1];
            if (same && (uint)next < (uint)logits.Length)
            {
                logits[next] = double.NegativeInfinity;
            }
        }
    }
}

/// <summary>Forbids ids outright.</summary>
public sealed record Forbid(params IReadOnlyList<int> Ids) : ILogitProcessor
{
    /// <inheritdoc/>
    public void Apply(Span<double> logits, RowHistory row)
    {
        foreach (int id in Ids)
        {
            if ((uint)id < (uint)logits.Length)
            {
                logits[id] = double.NegativeInfinity;
            }
        }
    }
}

/// <summary>
/// Forbids runs of tokens: the last of a run where those before it stand at the row's end, a run of one always. A run longer than the row so far is no
/// concern yet, as published.
/// </summary>
public sealed record BadWords(params IReadOnlyList<IReadOnlyList<int>> Runs) : ILogitProcessor
{
    /// <inheritdoc/>
    public void Apply(Span<double> logits, RowHistory row)
    {
        foreach (IReadOnlyList<int> run in Runs)
        {
            int begin = row.Tokens.Count - (run.Count - 1);
            bool open = run.Count > 0 && (run.Count == 1 || run.Count <= row.Tokens.Count) && (uint)run[^1] < (uint)logits.Length;
            for (int i = 0; open && i < run.Count - 1; i++)
            {
                open = row.Tokens[begin + i] == run[i];
            }

            if (open)
            {
                logits[run[^1]] = double.NegativeInfinity;
            }
        }
    }
}

/// <summary>Forbids the end tokens until the row, prompt included, has so many tokens.</summary>
public sealed record MinLength(int Count, IReadOnlyList<int> EndTokens) : ILogitProcessor
{
    private readonly Forbid forbid = new(EndTokens);

    /// <inheritdoc/>
    public void Apply(Span<double> logits, RowHistory row)
    {
        if (row.Tokens.Count < Count)
        {
            forbid.Apply(logits, row);
        }
    }
}

/// <summary>Forbids the end tokens until so many tokens have been generated.</summary>
public sealed record MinNewTokens(int Count, IReadOnlyList<int> EndTokens) : ILogitProcessor
{
    private readonly Forbid forbid = new(EndTokens);

    /// <inheritdoc/>
    public void Apply(Span<double> logits, RowHistory row)
    {
        if (row.Generated < Count)
        {
            forbid.Apply(logits, row);
        }
    }
}
