using System;

namespace Dsl.Generation;

/// <summary>Sums and orders over the logits of one row, in double; negative infinity is a removed token everywhere.</summary>
internal static class Ranking
{
    public static double Max(ReadOnlySpan<double> logits)
    {
        double max = double.NegativeInfinity;
        foreach (double logit in logits)
        {
            max = Math.Max(max, logit);
        }

        return max;
    }

    /// <summary>The id of the largest logit; of equal ones the first.</summary>
    public static int ArgMax(ReadOnlySpan<double> logits)
    {
        int best = 0;
        for (int i = 1; i < logits.Length; i++)
        {
            if (logits[i] > logits[best])
            {
                best = i;
            }
        }

        return best;
    }

    public static double LogSumExp(ReadOnlySpan<double> logits)
    {
        double max = Max(logits);
        double sum = 0;
        foreach (double logit in logits)
        {
            sum += Math.Exp(logit - max);
        }

        return max + Math.Log(sum);
    }

    public static double[] Softmax(ReadOnlySpan<double> logits)
    {
        double max = Max(logits);
        double sum = 0;
        var probabilities = new double[logits.Length];
        for (int i = 0; i < logits.Length; i++)
        {
            sum += probabilities[i] = Math.Exp(logits[i] - max);
        }

        for (int i = 0; i < probabilities.Length; i++)
        {
            probabilities[i] /= sum;
        }

        return probabilities;
    }

    /// <summary>-sum p log p in nats; a removed token adds nothing.</summary>
    public static double Entropy(ReadOnlySpan<double> logits)
    {
        double normalizer = LogSumExp(logits);
        double entropy = 0;
        foreach (double logit in logits)
        {
            if (!double.IsNegativeInfinity(logit))
            {
                entropy -= Math.Exp(logit - normalizer) * (logit - normalizer);
            }
        }

        return entropy;
    }

    /// <summary>The ids of all finite values by growing value; equal values keep the order of their ids.</summary>
    public static int[] Ascending(ReadOnlySpan<double> values)
    {
        var keys = new double[values.Length];
        var ids = new int[values.Length];
        int count = 0;
        for (int i = 0; i < values.Length; i++)
        {
            if (double.IsFinite(values[i]))
            {
                keys[count] = values[i];
                ids[count++] = i;
            }
        }

        // Sorting keys with ids beside them is several times faster than a comparison by delegate, but not stable: equal runs are put right after.
        Array.Sort(keys, ids, 0, count);
        for (int start = 0, end; start < count; start = end)
        {
            for (end = start + 1; end < count && keys[end] == keys[start]; end++)
            {
            }

            Array.Sort(ids, start, end - start);
        }

        return ids[..count];
    }

    /// <summary>The k-th largest value, or the smallest where there are fewer.</summary>
    public static double Largest(ReadOnlySpan<double> values, int k)
    {
        k = Math.Min(k, values.Length);
        if (k == 1)
        {
            return Max(values);
        }

        // A heap of the k largest, its smallest on top: one pass, and no sort of a whole vocabulary.
        var heap = new System.Collections.Generic.PriorityQueue<double, double>(k);
        foreach (double value in values)
        {
            if (heap.Count < k)
            {
                heap.Enqueue(value, value);
            }
            else if (value > heap.Peek())
            {
                heap.EnqueueDequeue(value, value);
            }
        }

        return heap.Peek();
    }

    /// <summary>Removes tokens whose probability is below a bound, but none of the likeliest ones.</summary>
    public static void Cut(Span<double> logits, double bound, int keep)
    {
        double normalizer = LogSumExp(logits);
        double kept = Largest(logits, keep);
        foreach (ref double logit in logits)
        {
            if (Math.Exp(logit - normalizer) < bound && logit < kept)
            {
                logit = double.NegativeInfinity;
            }
        }
    }
}
