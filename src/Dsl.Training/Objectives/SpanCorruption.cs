using System;
using System.Collections.Generic;
using System.Linq;

namespace Dsl.Training.Objectives;

/// <summary>What an encoder reads and a decoder has to write, both ended by the end token.</summary>
public readonly record struct Corrupted(int[] Inputs, int[] Targets);

/// <summary>
/// T5's span corruption (google-research/text-to-text-transfer-transformer, t5/data/preprocessors.py): runs of noise are replaced by sentinels, which count
/// down from the last id of the vocabulary; the targets are the runs, each after its sentinel.
/// </summary>
public static class SpanCorruption
{
    /// <summary>How many tokens of text fill inputs of a given length, and how long their targets are; both count the end token.</summary>
    /// <exception cref="ArgumentException">The density is not between 0 and 1, the mean span is below 1, or the length below 2.</exception>
    public static (int Tokens, int Targets) Lengths(int inputs, double density = 0.15, double meanSpan = 3)
    {
        if (!(density is > 0 and < 1) || !(meanSpan >= 1) || inputs < 2)
        {
            throw new ArgumentException(
                FormattableString.Invariant($"span corruption of {inputs} inputs with density {density} and mean span {meanSpan}")
                + ", expected 2 inputs or more, a density between 0 and 1 and a mean span of 1 or more");
        }

        (int Inputs, int Targets) Of(int tokens)
        {
            int noise = (int)Math.Round(tokens * density);
            int spans = (int)Math.Round(noise / meanSpan);
            return (tokens - noise + spans + 1, noise + spans + 1);
        }

        int length = inputs - 1;
        while (Of(length + 1).Inputs <= inputs)
        {
            length++;
        }

        int targets = Of(length).Targets;

        // With half of the tokens noise, targets would be a token longer than inputs; the published helper evens them out.
        return density == 0.5 && targets > inputs ? (length - 1, targets - 1) : (length, targets);
    }

    /// <summary>How many tokens are noise, in how many runs; rounded in float32, half to even, as published. A text of one token is counted as two.</summary>
    public static (int Noise, int Spans) Counts(int length, double density = 0.15, double meanSpan = 3)
    {
        length = Math.Max(length, 2);
        int noise = Math.Clamp((int)MathF.Round(length * (float)density), 1, length - 1);
        return (noise, Math.Max(1, (int)MathF.Round(noise / (float)meanSpan)));
    }

    /// <summary>Which tokens are noise: text and noise alternate, text first, no run empty, each division into runs as likely as any other.</summary>
    public static bool[] Mask(int length, double density, double meanSpan, IDraws draws)
    {
        (int noise, int spans) = Counts(length, density, meanSpan);
        int text = Math.Max(length, 2) - noise;

        // More runs than tokens of either kind cannot be; published densities never ask for it.
        spans = Math.Min(spans, Math.Min(noise, text));
        int[] noiseRuns = Divide(noise, spans, draws);
        int[] textRuns = Divide(text, spans, draws);
        var mask = new bool[text + noise];
        int at = 0;
        for (int k = 0; k < spans; k++)
        {
            at += textRuns[k];
            mask.AsSpan(at, noiseRuns[k]).Fill(true);
            at += noiseRuns[k];
        }

        return mask[..length];
    }

    /// <summary>Inputs and targets of a text and its noise. Sentinel k, from 0, is <paramref name="vocabulary"/> - 1 - k.</summary>
    public static Corrupted Apply(IReadOnlyList<int> tokens, IReadOnlyList<bool> noise, int vocabulary, int end) =>
        new([.. Replace(tokens, noise, vocabulary), end], [.. Replace(tokens, noise.Select(bit => !bit).ToArray(), vocabulary), end]);

    /// <summary>What a decoder reads: the targets one place to the right, after the start token.</summary>
    public static int[] ShiftRight(IReadOnlyList<int> targets, int start) => [start, .. targets.Take(targets.Count - 1)];

    private static List<int> Replace(IReadOnlyList<int> tokens, IReadOnlyList<bool> noise, int vocabulary)
    {
        var result = new List<int>(tokens.Count);
        int sentinel = vocabulary;
        for (int i = 0; i < tokens.Count; i++)
        {
            if (!noise[i])
            {
                result.Add(tokens[i]);
            }
            else if (i == 0 || !noise[i - 1])
            {
                result.Add(--sentinel);
            }
        }

        return result;
    }

    /// <summary>A number as a sum of so many positive ones.</summary>
    private static int[] Divide(int items, int parts, IDraws draws)
    {
        // The places after which a new part begins are a uniform subset of the items - 1 gaps.
        int[] ends = [.. draws.Permutation(items - 1).Take(parts - 1).Order(), items - 1];
        return ends.Select((end, k) => end - (k == 0 ? -1 : ends[k - 1])).ToArray();
    }
}
