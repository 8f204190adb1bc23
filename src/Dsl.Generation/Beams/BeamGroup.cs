using System;
using System.Collections.Generic;
using System.Linq;

namespace Dsl.Generation;

/// <summary>Beams that compete with one another: all of a prompt's, or one group's of a diverse search.</summary>
internal sealed class BeamGroup
{
    private const double OutOfTheRunning = -1e9;

    private readonly BeamOptions options;
    private readonly int size;
    private readonly int prompt;
    private readonly List<Hypothesis> finished = [];

    public BeamGroup(int[] prompt, BeamOptions options)
    {
        this.options = options;
        this.prompt = prompt.Length;
        size = options.Beams / options.Groups;
        Beams = [.. Enumerable.Range(0, size).Select(i => (prompt, i == 0 ? 0 : OutOfTheRunning, i))];
    }

    /// <summary>Running beams: tokens, the sum of log-probabilities, and the beam of this group that each goes on from.</summary>
    public (int[] Tokens, double Sum, int From)[] Beams { get; private set; }

    /// <summary>Whether nothing better can come.</summary>
    public bool Done { get; private set; }

    /// <summary>The token that each beam chose in the last step.</summary>
    public IEnumerable<int> Chosen { get; private set; } = [];

    private int Needed => Math.Max(2, 1 + options.End.Count) * size;

    /// <summary>One token on.</summary>
    /// <param name="logits">Of the token after each beam.</param>
    /// <param name="avoided">How many beams of earlier groups have chosen a token in this step.</param>
    public void Step(ReadOnlySpan<double[]> logits, IReadOnlyDictionary<int, int> avoided)
    {
        if (Done)
        {
            // Kept as they are, so that rows of one batch stay in step.
            Beams = [.. Beams.Select((beam, i) => (beam.Tokens, beam.Sum, i))];
            Chosen = Enumerable.Repeat(options.Pad, size);
            return;
        }

        List<(int Beam, int Token, double Sum)> best = Candidates(logits, avoided);
        var running = new List<(int[] Tokens, double Sum, int From)>();
        for (int rank = 0; rank < best.Count && (rank < Needed || running.Count < size); rank++)
        {
            (int beam, int token, double sum) = best[rank];
            int[] tokens = [.. Beams[beam].Tokens, token];
            if (!options.End.Contains(token) && options.Stopped?.Invoke(tokens) != true)
            {
                running.Add((tokens, sum, beam));
            }
            else if (rank < size)
            {
                Add(tokens, sum);
            }
        }

        Beams = [.. running.Take(size)];
        Chosen = Beams.Select(beam => beam.Tokens[^1]).ToArray();

        // The reference of grouped search measures hope by the best candidate, ended or not; that of plain search by the best running beam.
        double hope = options.Groups > 1 ? best[0].Sum : Beams[0].Sum;
        Done = finished.Count >= size && IsOver(hope, Beams[0].Tokens.Length - prompt);
    }

    /// <summary>All hypotheses, best first; beams that the end of the search cut off count as they stand.</summary>
    public IReadOnlyList<Hypothesis> Finish()
    {
        if (!Done)
        {
            foreach ((int[] tokens, double sum, _) in Beams)
            {
                Add(tokens, sum);
            }
        }

        return finished;
    }

    private List<(int Beam, int Token, double Sum)> Candidates(ReadOnlySpan<double[]> logits, IReadOnlyDictionary<int, int> avoided)
    {
        var candidates = new List<(int Beam, int Token, double Sum)>();
        for (int b = 0; b < Beams.Length; b++)
        {
            double[] scores = LogSoftmax(logits[b]);
            foreach ((int token, int times) in avoided)
            {
                scores[token] -= options.DiversityPenalty * times;
            }

            foreach (ILogitProcessor processor in options.Processors)
            {
                processor.Apply(scores, new RowHistory(Beams[b].Tokens, prompt));
            }

            for (int token = 0; token < scores.Length; token++)
            {
                candidates.Add((b, token, Beams[b].Sum + scores[token]));
            }
        }

        // So many go on even where each beam's every end is among the best; stop strings may end any number.
        IEnumerable<(int Beam, int Token, double Sum)> sorted = candidates.OrderByDescending(c => c.Sum);
        return [.. options.Stopped is null ? sorted.Take(Needed) : sorted];
    }

    private void Add(int[] tokens, double sum)
    {
        double score = sum / Math.Pow(tokens.Length - prompt, options.LengthPenalty);
        int at = finished.FindIndex(other => other.Score < score);
        finished.Insert(at < 0 ? finished.Count : at, new Hypothesis(tokens, score));
        if (finished.Count > size)
        {
            finished.RemoveAt(finished.Count - 1);
        }
    }

    private bool IsOver(double bestSum, int length)
    {
        double worst = finished[^1].Score;
        return options.EarlyStopping switch
        {
            EarlyStopping.WhenFull => true,
            EarlyStopping.Never when options.LengthPenalty > 0 => bestSum / Math.Pow(options.MaxNewTokens, options.LengthPenalty) <= worst,
            _ => bestSum / Math.Pow(length, options.LengthPenalty) <= worst,
        };
    }

    private static double[] LogSoftmax(double[] logits)
    {
        double most = logits.Max();
        double sum = most + Math.Log(logits.Sum(x => Math.Exp(x - most)));
        return [.. logits.Select(x => x - sum)];
    }
}
