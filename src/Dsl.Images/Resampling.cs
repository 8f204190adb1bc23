using System;

namespace Dsl.Images;

/// <summary>The part of a resized picture that is wanted.</summary>
internal readonly record struct Window(int Left, int Top, int Width, int Height);

/// <summary>
/// Pillow's bicubic resize (Imaging/Resample.c, every version before 13): Keys' cubic with a = -0.5 (Keys, 1981), widened by the scale where it shrinks,
/// weights in fixed point with 22 fractional bits, first along rows, then along columns, rounded to bytes in between.
/// </summary>
internal static class Resampling
{
    private const int Precision = 22;

    /// <summary>The window of the picture at width x height. Only what the window reads is computed; its bytes do not depend on that.</summary>
    internal static Picture Resize(Picture picture, int width, int height, Window window)
    {
        var columns = Weights.Of(picture.Width, width, window.Left, window.Width);
        var rows = Weights.Of(picture.Height, height, window.Top, window.Height);

        // Horizontally, the rows that the vertical pass reads.
        (int first, int last) = rows.Span;
        byte[] between = new byte[(long)(last - first) * window.Width * 3];
        ReadOnlySpan<byte> source = picture.Rgb;
        for (int y = first; y < last; y++)
        {
            ReadOnlySpan<byte> from = source.Slice(y * picture.Width * 3, picture.Width * 3);
            Span<byte> to = between.AsSpan((y - first) * window.Width * 3, window.Width * 3);
            for (int x = 0; x < window.Width; x++)
            {
                columns.Apply(x, from, stride: 3, at: 0, to.Slice(x * 3, 3));
            }
        }

        byte[] result = new byte[(long)window.Width * window.Height * 3];
        int row = window.Width * 3;
        for (int y = 0; y < window.Height; y++)
        {
            for (int x = 0; x < window.Width; x++)
            {
                rows.Apply(y, between.AsSpan(x * 3), row, first, result.AsSpan((y * row) + (x * 3), 3));
            }
        }

        return new Picture(window.Width, window.Height, result);
    }

    /// <summary>For each wanted output, which inputs it reads and by what weights.</summary>
    private sealed class Weights
    {
        private readonly int[] starts;
        private readonly int[][] weights;

        private Weights(int count) => (starts, weights) = (new int[count], new int[count][]);

        /// <summary>The inputs that any output reads: the first, and the one after the last.</summary>
        internal (int First, int Last) Span
        {
            get
            {
                (int first, int last) = (int.MaxValue, 0);
                for (int i = 0; i < starts.Length; i++)
                {
                    (first, last) = (Math.Min(first, starts[i]), Math.Max(last, starts[i] + weights[i].Length));
                }

                return (first, last);
            }
        }

        /// <summary>The weights of outputs from <paramref name="offset"/> on, of a pass from one size to another.</summary>
        internal static Weights Of(int size, int resized, int offset, int count)
        {
            var all = new Weights(count);
            double scale = (double)size / resized, stretch = Math.Max(scale, 1), support = 2 * stretch;
            for (int i = 0; i < count; i++)
            {
                if (size == resized)
                {
                    // A pass whose size does not change is none.
                    (all.starts[i], all.weights[i]) = (offset + i, [1 << Precision]);
                    continue;
                }

                double centre = (offset + i + 0.5) * scale;
                int low = Math.Max((int)(centre - support + 0.5), 0), high = Math.Min((int)(centre + support + 0.5), size);
                double[] exact = new double[high - low];
                double sum = 0;
                for (int j = low; j < high; j++)
                {
                    sum += exact[j - low] = Cubic((j - centre + 0.5) / stretch);
                }

                all.starts[i] = low;
                all.weights[i] = Array.ConvertAll(exact, weight => (int)((weight / sum * (1 << Precision)) + (weight / sum < 0 ? -0.5 : 0.5)));
            }

            return all;
        }

        /// <summary>One pixel: three sums of weighted bytes, rounded and cut to a byte.</summary>
        /// <param name="output">Which output.</param>
        /// <param name="source">Bytes from the first input on.</param>
        /// <param name="stride">Bytes from one input to the next.</param>
        /// <param name="at">The input that the bytes begin with.</param>
        /// <param name="result">Three bytes.</param>
        internal void Apply(int output, ReadOnlySpan<byte> source, int stride, int at, Span<byte> result)
        {
            int red = 1 << (Precision - 1), green = red, blue = red;
            int place = (starts[output] - at) * stride;
            foreach (int weight in weights[output])
            {
                red += weight * source[place];
                green += weight * source[place + 1];
                blue += weight * source[place + 2];
                place += stride;
            }

            result[0] = (byte)Math.Clamp(red >> Precision, 0, 255);
            result[1] = (byte)Math.Clamp(green >> Precision, 0, 255);
            result[2] = (byte)Math.Clamp(blue >> Precision, 0, 255);
        }

        private static double Cubic(double x)
        {
            const double A = -0.5;
            x = Math.Abs(x);
            return x < 1 ? ((((A + 2) * x) - (A + 3)) * x * x) + 1
                : x < 2 ? ((((x - 5) * x) + 8) * x - 4) * A
                : 0;
        }
    }
}
