using System;
using Dsl.Runtime.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>What a norm divides by.</summary>
public enum NormKind
{
    /// <summary>The mean is taken away, then the rest is divided by its standard deviation.</summary>
    Layer,

    /// <summary>Divided by the root of the mean square.</summary>
    RootMeanSquare,
}

/// <summary>Normalises the last axis, the one place that does. float16 and bfloat16 are computed in float32 and cast back before the weight.</summary>
public sealed class Norm
{
    private readonly long[] axes;
    private readonly long[]? spans;

    internal Norm(NormKind kind, Weight? weight, Weight? bias, long width, double eps, long[]? spans = null)
    {
        Kind = kind;
        Weight = weight;
        Bias = bias;
        Width = width;
        Eps = eps;
        axes = [width];
        this.spans = spans ?? (weight is not null && weight.Shape.Count != 1 ? [.. weight.Shape] : null);
    }

    /// <summary>Which of the two.</summary>
    public NormKind Kind { get; }

    /// <summary>Multiplied in, or null.</summary>
    public Weight? Weight { get; }

    /// <summary>Added, or null.</summary>
    public Weight? Bias { get; }

    /// <summary>Size of the normalised axis.</summary>
    public long Width { get; }

    /// <summary>Added to the mean square or the variance.</summary>
    public double Eps { get; }

    /// <summary>[..., width] to the same.</summary>
    public Tensor Apply(Tensor x)
    {
        if (Kind == NormKind.Layer && spans is null)
        {
            return nn.functional.layer_norm(x, axes, Weight?.Value, Bias?.Value, Eps);
        }

        if (Kind == NormKind.RootMeanSquare && spans is null && Bias is null && ProductPolicy.UseFused && StableC.HasOperators
            && !Tensors.IsHalf(x.dtype) && (Weight is null || Weight.Value.dtype == x.dtype))
        {
            return StableC.RmsNorm(x, Weight?.Value, Eps);
        }

        Tensor y = Kind == NormKind.Layer ? nn.functional.layer_norm(x, axes, null, null, Eps) : RootMeanSquare(x);
        using Tensor? weight = Spread(Weight);
        using Tensor? bias = Spread(Bias);
        return Plus(Times(y, weight), bias);
    }

    /// <summary>The gradient of the input, given that of the output; itself differentiable.</summary>
    /// <param name="x">[..., width]: the input.</param>
    /// <param name="gradient">Of the output.</param>
    public Tensor Back(Tensor x, Tensor gradient)
    {
        using var scope = torch.NewDisposeScope();
        Tensor weighed = Spread(Weight) is { } weight ? gradient * weight : gradient;
        Tensor centred = Kind == NormKind.Layer ? x - x.mean([-1], keepdim: true) : x;
        Tensor scale = (centred.Square().mean([-1], keepdim: true).Plus(Eps)).rsqrt(), normed = centred * scale;
        Tensor along = normed * (weighed * normed).mean([-1], keepdim: true);
        Tensor across = Kind == NormKind.Layer ? weighed - weighed.mean([-1], keepdim: true) : weighed;
        return ((across - along) * scale).MoveToOuterDisposeScope();
    }

    /// <summary>The weight with one axis for each axis of the value that it spans.</summary>
    private Tensor? Spread(Weight? weight) => weight is null ? null : spans is null ? weight.Value.alias() : weight.Value.view(spans);

    private static Tensor Times(Tensor y, Tensor? weight)
    {
        if (weight is null)
        {
            return y;
        }

        if (!Grad.Records(y, weight) && y.dtype == weight.dtype)
        {
            return Tensors.InPlace(y, t => t.mul_(weight));
        }

        using (y)
        {
            return y * weight;
        }
    }

    private static Tensor Plus(Tensor y, Tensor? bias)
    {
        if (bias is null)
        {
            return y;
        }

        using (y)
        {
            return y.Plus(bias);
        }
    }

    private Tensor RootMeanSquare(Tensor x)
    {
        bool half = Tensors.IsHalf(x.dtype);
        Tensor wide = half ? x.to(ScalarType.Float32) : x;
        try
        {
            using Tensor square = wide.Square();
            using Tensor mean = square.mean([-1], keepdim: true);
            using Tensor shifted = mean.Plus(Eps);
            using Tensor scale = shifted.rsqrt();
            Tensor y = wide * scale;
            return half ? y.to(x.dtype, disposeAfter: true) : y;
        }
        finally
        {
            if (half)
            {
                wide.Dispose();
            }
        }
    }
}
