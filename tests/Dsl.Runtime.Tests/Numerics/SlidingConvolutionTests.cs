using System;
using System.Linq;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Dsl.Runtime.Tests;

public sealed class SlidingConvolutionTests
{
    /// <summary>Channels around multiples of 16, where libtorch's own convolution of float32 is wrong on some processors.</summary>
    [Theory]
    [InlineData(1, 1, 1, 0)]
    [InlineData(3, 2, 2, 0)]
    [InlineData(16, 3, 1, 1)]
    [InlineData(20, 3, 1, 1)]
    [InlineData(24, 2, 1, 1)]
    [InlineData(33, 3, 2, 2)]
    public void Equals_the_sum_over_windows(int channels, int kernel, int stride, int padding)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var random = new Random(1);
        double[] Numbers(int count) => [.. Enumerable.Range(0, count).Select(_ => (random.NextDouble() * 2) - 1)];
        const int Out = 5, Long = 7;
        double[] x = Numbers(2 * Long * channels), w = Numbers(Out * channels * kernel), b = Numbers(Out);

        // x is [batch, t, channels]; y[n, i, o] = b[o] + sum over c, j of w[o, c, j] x[n, stride i + j - padding, c].
        int length = ((Long + (2 * padding) - kernel) / stride) + 1;
        var expected = new double[2 * length * Out];
        for (int n = 0; n < 2; n++)
        {
            for (int i = 0; i < length; i++)
            {
                for (int o = 0; o < Out; o++)
                {
                    double sum = b[o];
                    for (int c = 0; c < channels; c++)
                    {
                        for (int j = 0; j < kernel; j++)
                        {
                            int at = (stride * i) + j - padding;
                            sum += at is >= 0 and < Long ? w[(((o * channels) + c) * kernel) + j] * x[(((n * Long) + at) * channels) + c] : 0;
                        }
                    }

                    expected[(((n * length) + i) * Out) + o] = sum;
                }
            }
        }

        foreach (var (dtype, tolerance) in new[] { (ScalarType.Float32, 1e-4), (ScalarType.Float64, 1e-12) })
        {
            var weights = new Weights(dtype, CPU);
            SlidingConvolution convolution = weights.SlidingConvolution("conv", channels, Out, kernel, channels: 2, over: [1], stride, padding, bias: true);
            convolution.Weight.Value.copy_(tensor(w, [Out, channels, kernel]));
            convolution.Bias!.Value.copy_(tensor(b));
            using Tensor y = convolution.Apply(tensor(x, [2, Long, channels], dtype));
            Assert.Equal([2, length, Out], y.shape);
            Assert.InRange((y.to(ScalarType.Float64) - tensor(expected, [2, length, Out])).abs().max().item<double>(), 0, tolerance);
        }
    }

    [Theory]
    [InlineData(3, 4, 4, 0)]
    [InlineData(20, 3, 2, 1)]
    public void Over_two_axes_equals_a_convolution_of_float64(int channels, int kernel, int stride, int padding)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var weights = new Weights(ScalarType.Float32, CPU);
        SlidingConvolution convolution = weights.SlidingConvolution("conv", channels, 6, kernel, channels: 1, over: [3, 2], stride, padding, bias: true);
        convolution.Weight.Value.copy_(randn(6, channels, kernel, kernel));
        convolution.Bias!.Value.copy_(randn(6));
        Tensor x = randn(2, channels, 9, 12), turned = x.transpose(2, 3).to(ScalarType.Float64);
        Tensor y = convolution.Apply(x), reference = nn.functional.conv2d(turned, convolution.Weight.Value.to(ScalarType.Float64),
            convolution.Bias.Value.to(ScalarType.Float64), strides: [stride, stride], padding: [padding, padding]).transpose(2, 3);
        Assert.Equal(reference.shape, y.shape);
        Assert.InRange((y.to(ScalarType.Float64) - reference).abs().max().item<double>(), 0, 1e-4);
    }
}
