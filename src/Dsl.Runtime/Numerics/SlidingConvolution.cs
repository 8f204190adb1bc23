using System;
using System.Collections.Generic;
using System.Linq;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>
/// A convolution over one or two axes, all channels together (LeCun et al. 1989): y[o, i] = b[o] + sum over c, j of w[o, c, j] x[c, stride i + j - padding],
/// zeros outside of x.
/// </summary>
public sealed class SlidingConvolution
{
    private readonly int channels;
    private readonly int[] over;
    private readonly long stride;
    private readonly long padding;

    internal SlidingConvolution(Weight weight, Weight? bias, int channels, int[] over, long stride, long padding)
    {
        if (stride < 1 || padding < 0)
        {
            throw new ConfigException("config.json", $"the convolution '{weight.Key}' has stride {stride} and padding {padding}, expected at least 1 and 0");
        }

        Weight = weight;
        Bias = bias;
        (this.channels, this.over, this.stride, this.padding) = (channels, over, stride, padding);
    }

    /// <summary>[out, in, kernel] or [out, in, kernel, kernel].</summary>
    public Weight Weight { get; }

    /// <summary>[out]; null where there is none.</summary>
    public Weight? Bias { get; }

    private long Kernel => Weight.Shape[2];

    /// <summary>The axes in their places, [batch, ...]; those it slides over (n + 2 padding - kernel) / stride + 1 long, rounded down.</summary>
    /// <param name="x">The value.</param>
    /// <param name="pass">Of the second axis, where it slides over this one: padded tokens are zeros behind each row's real ones.</param>
    /// <exception cref="ArgumentException">An axis is shorter than the kernel.</exception>
    public Tensor Apply(Tensor x, Pass? pass = null)
    {
        if (over.FirstOrDefault(axis => x.shape[axis] + (2 * padding) < Kernel, -1) is var small and >= 0)
        {
            throw new ArgumentException($"The value is {x.shape[small]} long, the convolution '{Weight.Key}' reads {Kernel} elements at once.");
        }

        long[] order = [0, channels, .. over.Select(axis => (long)axis)];
        using Tensor real = pass is { Padded: true } ? pass.CompactOrZero(x) : x.alias();
        using Tensor ordered = real.permute(order);
        using Tensor y = Slide(ordered);

        // [batch, slid axes, out] to where x has them.
        return y.permute([.. Enumerable.Range(0, order.Length).Select(
            axis => axis == 0 ? 0L : axis == channels ? order.Length - 1 : Array.IndexOf(over, axis) + 1L)]);
    }

    /// <summary>
    /// Windows laid side by side, and one product with them (Chellapilla et al. 2006). libtorch's own convolution of float32 (2.10, through oneDNN on
    /// processors with AVX-512) gives wrong numbers for more than 16 channels that are no multiple of 16.
    /// </summary>
    /// <param name="x">[batch, in, slid axes].</param>
    /// <returns>[batch, slid axes, out].</returns>
    private Tensor Slide(Tensor x)
    {
        int axes = over.Length;
        using var scope = NewDisposeScope();
        Tensor windows = padding == 0 ? x : nn.functional.pad(x, [.. Enumerable.Repeat(padding, 2 * axes)]);
        for (int axis = 0; axis < axes; axis++)
        {
            windows = windows.unfold(2 + axis, Kernel, stride);
        }

        // [batch, in, slid axes, kernel axes] to [batch, slid axes, in x kernel axes]
        IEnumerable<long> Axes(int first) => Enumerable.Range(first, axes).Select(axis => (long)axis);
        windows = windows.permute([0, .. Axes(2), 1, .. Axes(2 + axes)]).flatten(axes + 1);
        return nn.functional.linear(windows, Weight.Value.flatten(1), Bias?.Value).MoveToOuterDisposeScope();
    }

    /// <summary>The pass of the second axis after it slid over this one.</summary>
    public Pass After(Pass pass) => pass.Map(tokens => (int)Math.Max(0, ((tokens + (2 * padding) - Kernel) / stride) + 1), "convolve");
}
