using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;

namespace Dsl.Generation.Evaluation;

/// <summary>What a document gives to a metric: a value, and what it counts for where that is not one.</summary>
/// <param name="Value">0 or 1 of accuracies; a log-likelihood of perplexities.</param>
/// <param name="Weight">Words or bytes; 1 otherwise.</param>
public readonly record struct DocumentMetric(double Value, double Weight = 1);

/// <summary>A figure of a task.</summary>
/// <param name="Metric">The metric.</param>
/// <param name="Filter">The pipeline of answers it was measured on; <c>none</c> without one.</param>
/// <param name="Value">Over all documents.</param>
/// <param name="Error">Its standard error; null where there is none.</param>
public sealed record Figure(string Metric, string Filter, double Value, double? Error);

/// <summary>The metrics, each document's part and their figures.</summary>
internal static class TaskMetrics
{
    internal const string ExactMatch = "exact_match", Perplexity = "perplexity", Accuracy = "acc";

    private const string Mean = "mean", Weighted = "weighted_perplexity", BitsPerByte = "bits_per_byte";

    private const string Punctuation = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";

    private const int Draws = 1000;

    internal static IReadOnlyList<string> Of(TaskKind kind) => kind switch
    {
        TaskKind.MultipleChoice => [Accuracy, "acc_norm", "acc_bytes", "acc_mutual_info"],
        TaskKind.Likelihood => [Perplexity, Accuracy],
        TaskKind.RollingLikelihood => ["word_perplexity", "byte_perplexity", BitsPerByte],
        _ => [ExactMatch],
    };

    internal static string Aggregation(string metric) => metric switch
    {
        Perplexity => Perplexity,
        "word_perplexity" or "byte_perplexity" => Weighted,
        BitsPerByte => BitsPerByte,
        _ => Mean,
    };

    /// <summary>Whether a choice's score after the prefix alone is asked for.</summary>
    internal static bool WantsUnconditional(EvaluationTask task) => task.Metrics.Any(metric => metric.Name == "acc_mutual_info");

    /// <summary>1 where the metric picks the right choice; of equals the first is picked.</summary>
    internal static DocumentMetric Choice(string metric, IReadOnlyList<string> choices, int gold, double[] scores, double[] unconditional)
    {
        double[] by = metric switch
        {
            "acc_norm" => [.. scores.Select((score, i) => score / PythonText.Length(choices[i]))],
            "acc_bytes" => [.. scores.Select((score, i) => score / Encoding.UTF8.GetByteCount(choices[i]))],
            "acc_mutual_info" => [.. scores.Select((score, i) => score - unconditional[i])],
            _ => scores,
        };
        return new DocumentMetric(Array.IndexOf(by, by.Max()) == gold ? 1 : 0);
    }

    /// <summary>A text's log-likelihood with its words or bytes.</summary>
    internal static DocumentMetric Rolling(string metric, string text, double score) =>
        new(score, metric == "word_perplexity" ? PythonText.SplitCount(text) : Encoding.UTF8.GetByteCount(text));

    /// <summary>1 where an answer equals one of the right ones, each reduced as the metric says.</summary>
    internal static DocumentMetric Exact(TaskMetric metric, string answer, IReadOnlyList<string> right)
    {
        string said = Reduce(metric, answer);
        return new DocumentMetric(right.Any(text => Reduce(metric, text) == said) ? 1 : 0);
    }

    /// <summary>The figure of all documents.</summary>
    /// <param name="metric">Its name.</param>
    /// <param name="filter">For the figure.</param>
    /// <param name="documents">At least one.</param>
    /// <param name="resamplings">Of the bootstrap that gives perplexity its error; below a thousand, none.</param>
    internal static Figure Total(string metric, string filter, IReadOnlyList<DocumentMetric> documents, int resamplings)
    {
        double sum = documents.Sum(document => document.Value), weight = documents.Sum(document => document.Weight);
        return Aggregation(metric) switch
        {
            Perplexity => new Figure(metric, filter, Math.Exp(-sum / documents.Count),
                BootstrapError([.. documents.Select(document => document.Value)], resamplings)),
            Weighted => new Figure(metric, filter, Math.Exp(-sum / weight), null),
            BitsPerByte => new Figure(metric, filter, -sum / weight / Math.Log(2), null),
            _ => new Figure(metric, filter, sum / documents.Count, Deviation([.. documents.Select(document => document.Value)]) / Math.Sqrt(documents.Count)),
        };
    }

    private static double? Deviation(double[] values)
    {
        if (values.Length < 2)
        {
            return null;
        }

        double mean = values.Average();
        return Math.Sqrt(values.Sum(value => (value - mean) * (value - mean)) / (values.Length - 1));
    }

    /// <summary>The deviation of perplexities of documents drawn with replacement, a thousand for each seed from 0 on.</summary>
    private static double? BootstrapError(double[] scores, int resamplings)
    {
        var perplexities = new List<double>();
        for (uint seed = 0; seed < resamplings / Draws; seed++)
        {
            var random = new PythonRandom(seed);
            for (int draw = 0; draw < Draws; draw++)
            {
                double sum = 0;
                for (int i = 0; i < scores.Length; i++)
                {
                    sum += scores[(int)(random.NextDouble() * scores.Length)];
                }

                perplexities.Add(Math.Exp(-sum / scores.Length));
            }
        }

        return Deviation([.. perplexities]);
    }

    private static string Reduce(TaskMetric metric, string text)
    {
        text = metric.IgnoredPatterns.Aggregate(text, (now, pattern) => new PythonPattern(pattern).Delete(now));
        text = metric.IgnoreCase ? PythonText.Lower(text) : text;
        text = metric.IgnorePunctuation ? string.Concat(text.Where(unit => !Punctuation.Contains(unit))) : text;
        return metric.IgnoreNumbers ? string.Concat(text.Where(unit => !char.IsAsciiDigit(unit))) : text;
    }
}
