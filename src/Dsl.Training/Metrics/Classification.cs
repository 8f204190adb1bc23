using System;
using System.Collections.Generic;
using System.Linq;

namespace Dsl.Training.Metrics;

/// <summary>Metrics of predicted classes.</summary>
public static class Classification
{
    /// <summary>The share of predictions that equal their label.</summary>
    public static double Accuracy(IReadOnlyList<int> labels, IReadOnlyList<int> predictions)
    {
        Require(labels.Count, predictions.Count);
        return labels.Where((label, i) => label == predictions[i]).Count() / (double)labels.Count;
    }

    /// <summary>How often each class (row) was taken for each class (column); classes count from 0.</summary>
    public static int[,] Confusion(IReadOnlyList<int> labels, IReadOnlyList<int> predictions)
    {
        Require(labels.Count, predictions.Count);
        int classes = Math.Max(2, Math.Max(labels.Max(), predictions.Max()) + 1);
        var table = new int[classes, classes];
        for (int i = 0; i < labels.Count; i++)
        {
            table[labels[i], predictions[i]]++;
        }

        return table;
    }

    /// <summary>The share of what was predicted as a class that is of it; 0 where nothing was.</summary>
    public static double Precision(IReadOnlyList<int> labels, IReadOnlyList<int> predictions, int positive = 1) =>
        Ratio(Hits(labels, predictions, positive), predictions.Count(p => p == positive));

    /// <summary>The share of a class that was predicted as it; 0 where there is none.</summary>
    public static double Recall(IReadOnlyList<int> labels, IReadOnlyList<int> predictions, int positive = 1) =>
        Ratio(Hits(labels, predictions, positive), labels.Count(l => l == positive));

    /// <summary>The harmonic mean of precision and recall of one class; 0 where both are.</summary>
    public static double F1(IReadOnlyList<int> labels, IReadOnlyList<int> predictions, int positive = 1) =>
        Ratio(2 * Hits(labels, predictions, positive), labels.Count(l => l == positive) + predictions.Count(p => p == positive));

    /// <summary>The mean of F1 over all classes that occur.</summary>
    public static double MacroF1(IReadOnlyList<int> labels, IReadOnlyList<int> predictions) =>
        labels.Concat(predictions).Distinct().Average(one => F1(labels, predictions, one));

    /// <summary>Matthews' correlation for any number of classes (Gorodkin 2004); 0 where all labels or all predictions are one class.</summary>
    public static double Matthews(IReadOnlyList<int> labels, IReadOnlyList<int> predictions)
    {
        Require(labels.Count, predictions.Count);
        double n = labels.Count, correct = labels.Where((label, i) => label == predictions[i]).Count();
        double both = 0, ofLabels = 0, ofPredictions = 0;
        foreach (int one in labels.Concat(predictions).Distinct())
        {
            double l = labels.Count(label => label == one), p = predictions.Count(prediction => prediction == one);
            both += l * p;
            ofLabels += l * l;
            ofPredictions += p * p;
        }

        double below = (n * n - ofLabels) * (n * n - ofPredictions);
        return below == 0 ? 0 : (correct * n - both) / Math.Sqrt(below);
    }

    private static int Hits(IReadOnlyList<int> labels, IReadOnlyList<int> predictions, int positive)
    {
        Require(labels.Count, predictions.Count);
        return labels.Where((label, i) => label == positive && predictions[i] == positive).Count();
    }

    private static double Ratio(double part, double whole) => whole == 0 ? 0 : part / whole;

    internal static void Require(int labels, int predictions)
    {
        if (labels != predictions || labels == 0)
        {
            throw new ArgumentException($"{labels} labels and {predictions} predictions, expected as many of one as of the other and at least one");
        }
    }
}

/// <summary>Metrics of predicted numbers.</summary>
public static class Correlation
{
    /// <summary>Pearson's correlation; NaN where one side is constant.</summary>
    public static double Pearson(IReadOnlyList<double> x, IReadOnlyList<double> y)
    {
        Classification.Require(x.Count, y.Count);
        double meanX = x.Average(), meanY = y.Average(), xy = 0, xx = 0, yy = 0;
        for (int i = 0; i < x.Count; i++)
        {
            double a = x[i] - meanX, b = y[i] - meanY;
            xy += a * b;
            xx += a * a;
            yy += b * b;
        }

        return xy / Math.Sqrt(xx * yy);
    }

    /// <summary>Spearman's: Pearson's of the ranks, where equal values share their average rank.</summary>
    public static double Spearman(IReadOnlyList<double> x, IReadOnlyList<double> y) => Pearson(Ranks(x), Ranks(y));

    private static double[] Ranks(IReadOnlyList<double> values)
    {
        int[] order = Enumerable.Range(0, values.Count).OrderBy(i => values[i]).ToArray();
        var ranks = new double[values.Count];
        for (int from = 0, to; from < order.Length; from = to)
        {
            for (to = from; to < order.Length && values[order[to]] == values[order[from]]; to++)
            {
            }

            for (int k = from; k < to; k++)
            {
                ranks[order[k]] = (from + 1 + to) / 2.0;
            }
        }

        return ranks;
    }
}
