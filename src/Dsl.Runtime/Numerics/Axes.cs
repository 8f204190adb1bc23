using System;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>Splits and joins axes without copying where the strides allow it. The caller owns what goes in and what comes out.</summary>
public static class Axes
{
    /// <summary>[..., heads * width] to [..., heads, width]: a view.</summary>
    public static Tensor Heads(Tensor x, long heads, long width) => x.shape[^1] == heads * width
        ? x.view([.. x.shape[..^1], heads, width])
        : throw new ArgumentException($"{heads} heads of {width} need a width of {heads * width}, not {x.shape[^1]}.");

    /// <summary>[..., heads, width] to [..., heads * width].</summary>
    public static Tensor Merge(Tensor x) => x.flatten(-2, -1);
}
