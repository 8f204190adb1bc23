using System;
using System.Linq;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Runtime.Tests.Numerics;

/// <summary>Plain loops in double, and how far a tensor is from them.</summary>
internal static class Reference
{
    internal static double[] Host(Tensor x)
    {
        // A temporary may be finalised while native code reads it: each has a name.
        using Tensor bare = x.detach(), wide = bare.to(ScalarType.Float64);
        using Tensor host = wide.contiguous();
        return host.data<double>().ToArray();
    }

    /// <summary>Largest absolute difference over the largest absolute reference value.</summary>
    internal static double Error(Tensor got, Tensor expected) => Error(Host(got), Host(expected));

    internal static double Error(double[] got, double[] expected, double size = 1e-30)
    {
        if (got.Length != expected.Length)
        {
            return double.PositiveInfinity;
        }

        double difference = 0;
        for (int i = 0; i < got.Length; i++)
        {
            if (!double.IsFinite(got[i]))
            {
                return double.PositiveInfinity;
            }

            difference = Math.Max(difference, Math.Abs(got[i] - expected[i]));
            size = Math.Max(size, Math.Abs(expected[i]));
        }

        return difference / size;
    }

    /// <summary>Attention by loops: [b, t, h, e] from q [b, t, h, d], k [b, s, g, d], v [b, s, g, e].</summary>
    internal static double[] Attend(Tensor q, Tensor k, Tensor v, double scale, Func<int, int, int, bool> allows, Func<double, int, int, int, int,
        double>? score = null)
    {
        (int b, int t, int h, int d) = ((int)q.shape[0], (int)q.shape[1], (int)q.shape[2], (int)q.shape[3]);
        (int s, int g, int e) = ((int)k.shape[1], (int)k.shape[2], (int)v.shape[3]);
        double[] qs = Host(q), ks = Host(k), vs = Host(v);
        var result = new double[b * t * h * e];
        for (int row = 0; row < b; row++)
        {
            for (int i = 0; i < t; i++)
            {
                for (int head = 0; head < h; head++)
                {
                    int group = head / (h / g);
                    var scores = new double[s];
                    double top = double.NegativeInfinity;
                    for (int j = 0; j < s; j++)
                    {
                        double dot = 0;
                        for (int c = 0; c < d; c++)
                        {
                            dot += qs[(((((row * t) + i) * h) + head) * d) + c] * ks[(((((row * s) + j) * g) + group) * d) + c];
                        }

                        scores[j] = score is null ? dot * scale : score(dot * scale, row, head, i, j);
                        scores[j] = allows(row, i, j) ? scores[j] : double.NegativeInfinity;
                        top = Math.Max(top, scores[j]);
                    }

                    double sum = 0;
                    for (int j = 0; j < s; j++)
                    {
                        scores[j] = double.IsNegativeInfinity(scores[j]) ? 0 : Math.Exp(scores[j] - top);
                        sum += scores[j];
                    }

                    for (int c = 0; c < e; c++)
                    {
                        double y = 0;
                        for (int j = 0; j < s; j++)
                        {
                            y += sum == 0 ? 0 : scores[j] / sum * vs[(((((row * s) + j) * g) + group) * e) + c];
                        }

                        result[(((((row * t) + i) * h) + head) * e) + c] = y;
                    }
                }
            }
        }

        return result;
    }

    /// <summary>The worst difference between the gradient of a scalar function and central differences, relative to the gradient's size or a thousandth of
    /// the largest
    /// gradient (some are zero on paper); float64.</summary>
    internal static double GradientError(Func<Tensor> scalar, params Tensor[] leaves)
    {
        foreach (Tensor leaf in leaves)
        {
            leaf.grad = null;
        }

        using (Tensor y = scalar())
        {
            y.backward();
        }

        double worst = 0, largest = 0;
        foreach (Tensor leaf in leaves)
        {
            using Tensor? grad = leaf.grad;
            largest = grad is null ? largest : Math.Max(largest, Math.Abs(Host(grad).MaxBy(Math.Abs)));
        }

        foreach (Tensor leaf in leaves)
        {
            using Tensor grad = leaf.grad ?? torch.zeros_like(leaf);
            double[] gradient = Host(grad);
            var numeric = new double[gradient.Length];
            using IDisposable off = torch.no_grad();
            using Tensor bare = leaf.detach(), flat = bare.view(-1);
            for (int i = 0; i < numeric.Length; i++)
            {
                const double step = 1e-5;
                using Tensor place = flat[i];
                double at = place.item<double>();
                Put(place, at + step);
                using Tensor up = scalar();
                Put(place, at - step);
                using Tensor down = scalar();
                Put(place, at);
                numeric[i] = (up.item<double>() - down.item<double>()) / (2 * step);
            }

            worst = Math.Max(worst, Error(gradient, numeric, 1e-3 * largest));
        }

        return worst;
    }

    /// <summary>Writes one number. What is written is held until the call has returned: nothing else keeps a temporary from its finaliser.</summary>
    private static void Put(Tensor place, double value)
    {
        using Tensor written = torch.tensor(value, dtype: ScalarType.Float64);
        place.copy_(written);
    }

    internal static Tensor Random(int seed, params long[] shape)
    {
        var random = new Random(seed);
        long count = 1;
        foreach (long size in shape)
        {
            count *= size;
        }

        var values = new double[count];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = (random.NextDouble() * 2) - 1;
        }

        return torch.tensor(values, shape);
    }
}
