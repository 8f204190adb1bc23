using System;
using System.Collections.Generic;
using System.Linq;

namespace Dsl.Training.Metrics;

/// <summary>One window over a text: its tokens, and the first of them that counts.</summary>
public readonly record struct ScoredWindow(int Begin, int End, int FirstScored);

/// <summary>How well a model predicts a text.</summary>
public static class Perplexity
{
    /// <summary>exp of the mean negative log-likelihood (nats) over all counted tokens.</summary>
    public static double Of(IEnumerable<double> losses) => Math.Exp(losses.Average());

    /// <summary>Negative log-likelihoods (nats) in bits for each byte of the text.</summary>
    public static double BitsPerByte(IEnumerable<double> losses, long bytes) => losses.Sum() / Math.Log(2) / bytes;

    /// <summary>Perplexity for each word, whatever the tokens are.</summary>
    public static double PerWord(IEnumerable<double> losses, long words) => Math.Exp(losses.Sum() / words);

    /// <summary>Windows that move on by a stride, each scoring only what none before it scored, with all of its tokens as context.</summary>
    public static IReadOnlyList<ScoredWindow> Windows(int tokens, int window, int stride)
    {
        if (tokens < 1 || window < 1 || stride < 1 || stride > window)
        {
            throw new ArgumentException(
                $"{tokens} tokens in windows of {window} with stride {stride}, expected positive numbers and a stride of at most the window");
        }

        var windows = new List<ScoredWindow>();
        for (int begin = 0, scored = 0; scored < tokens; begin += stride)
        {
            int end = Math.Min(begin + window, tokens);
            windows.Add(new ScoredWindow(begin, end, scored));
            scored = end;
        }

        return windows;
    }

    /// <summary>The entropy of single tokens by how often each occurs, in nats: what a model reaches that knows nothing but these counts.</summary>
    public static double UnigramEntropy(IReadOnlyCollection<long> counts)
    {
        double total = counts.Sum();
        return -counts.Sum(count => count / total * Math.Log(count / total));
    }
}
