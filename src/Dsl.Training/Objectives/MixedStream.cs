using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using Dsl.Runtime;

namespace Dsl.Training.Objectives;

/// <summary>
/// One stream of several texts, of several languages as a rule. Each example comes from text i with a chance p_i ~ n_i^alpha, where n_i is the text's size in
/// bytes: at alpha 1 each text as often as it is long, below 1 small ones more often (Liu et al. 2020, arXiv 2001.08210, section 2.1). Every text is read in
/// its own order and begins anew when it ends. Memory is bounded: a shard of each text, and one window of examples, in which like lengths are put together.
/// </summary>
public sealed class MixedStream : IExampleStream
{
    private readonly IExampleStream[] streams;
    private readonly int rows;
    private readonly ulong seed;

    private Example[][]? batches;
    private string[] starts;
    private int window;
    private int batch;

    /// <param name="texts">Each with what makes its examples.</param>
    /// <param name="alpha">The exponent of a text's size, 0 or more.</param>
    /// <param name="rows">Examples in a batch.</param>
    /// <param name="seed">Of everything random.</param>
    /// <param name="fresh">Each pass over a text draws its noise anew.</param>
    public MixedStream(IReadOnlyList<(TextShards Shards, IExampleMaker Maker)> texts, double alpha, int rows, ulong seed, bool fresh = true)
    {
        (this.rows, this.seed) = (rows, seed);
        streams = [.. texts.Select((text, i) => new ExampleStream(text.Shards, text.Maker, rows: 1, seed + (ulong)i, fresh))];
        starts = [.. streams.Select(stream => stream.Position)];
        Chances = ChancesOf([.. texts.Select(text => text.Shards.Length)], alpha);
    }

    /// <summary>How often an example comes from each text; they sum to 1.</summary>
    public IReadOnlyList<double> Chances { get; }

    /// <inheritdoc/>
    public string Position
    {
        get => string.Join('|', [FormattableString.Invariant($"{window}:{batch}"), .. starts]);
        set
        {
            string[] parts = value.Split('|');
            string[] own = parts[0].Split(':');
            if (parts.Length != streams.Length + 1 || own.Length != 2
                || !int.TryParse(own[0], NumberStyles.None, CultureInfo.InvariantCulture, out int atWindow)
                || !int.TryParse(own[1], NumberStyles.None, CultureInfo.InvariantCulture, out int atBatch))
            {
                throw new FormatException($"position '{value}', expected window:batch and one position for each of {streams.Length} texts");
            }

            for (int i = 0; i < streams.Length; i++)
            {
                streams[i].Position = parts[i + 1];
            }

            (window, batch, starts, batches) = (atWindow, atBatch, parts[1..], null);
        }
    }

    /// <summary>n_i^alpha over their sum; a text of no bytes has no chance.</summary>
    public static double[] ChancesOf(IReadOnlyList<long> sizes, double alpha)
    {
        double[] weights = [.. sizes.Select(size => size > 0 ? Math.Pow(size, alpha) : 0)];
        double sum = weights.Sum();
        return [.. weights.Select(weight => weight / sum)];
    }

    /// <inheritdoc/>
    public IReadOnlyList<Example> Next()
    {
        batches ??= Load();
        if (batch == batches.Length)
        {
            (window, batch, starts) = (window + 1, 0, [.. streams.Select(stream => stream.Position)]);
            batches = Load();
        }

        return batches[batch++];
    }

    private Example[][] Load()
    {
        var draws = new SeededDraws(SeededRandom.For(seed, [3, window]));
        Example[] drawn = [.. Enumerable.Range(0, rows * ExampleStream.SortedBatches).Select(_ => streams[draws.Choice(Chances)].Next()[0])];
        Example[][] made = [.. drawn.OrderBy(example => example.Length).Chunk(rows)];
        return [.. draws.Permutation(made.Length).Select(i => made[i])];
    }
}
