using System;
using System.Linq;
using Dsl.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Testing;

/// <summary>How close is close: errors relative to the largest reference value, and what each kind of comparison allows.</summary>
public static class GoldenTolerance
{
    /// <summary>Gradients, in any dtype.</summary>
    public const double Gradient = 1e-4;

    /// <summary>A gradient smaller than this part of the model's largest is rounding noise: errors are measured against this part then.</summary>
    public const double GradientFloor = 1e-4;

    /// <summary>
    /// A gradient that is zero on paper (of a shift that a softmax ignores: key biases, the bias before a softmax over positions) is, in float32, noise of a
    /// few units in the last place of the gradients that cancel in it: four of them are no error there.
    /// </summary>
    public static double Noise(ScalarType dtype) => dtype == ScalarType.Float64 ? GradientFloor : Math.Max(GradientFloor, Math.Pow(2, -22) / Gradient);

    /// <summary>Outputs, and what must hold between the forms of a model.</summary>
    /// <param name="dtype">The dtype the model runs in.</param>
    /// <param name="float32Inside">Whether the reference's answers in float64 carry float32 rounding.</param>
    public static double Output(ScalarType dtype, bool float32Inside) => dtype != ScalarType.Float64 ? 1e-5 : float32Inside ? 1e-6 : 1e-9;

    /// <summary>Losses: the published library casts logits to float32 before any cross entropy.</summary>
    public static double Loss(ScalarType dtype) => dtype == ScalarType.Float64 ? 1e-6 : 1e-5;

    /// <summary>
    /// The largest absolute difference over the larger of the largest absolute reference value and <paramref name="floor"/>. A float64 value stored in
    /// float32 is known to half a unit in its last place only, which is not counted against a result in float64.
    /// </summary>
    /// <param name="ours">What is compared.</param>
    /// <param name="reference">What is right, of the same shape.</param>
    /// <param name="where">Elements to compare (bool, the reference's shape); null: all.</param>
    /// <param name="floor">The least that the error is measured against.</param>
    /// <exception cref="FormatException">The shapes differ.</exception>
    public static double Error(Tensor ours, Tensor reference, Tensor? where = null, double floor = 0)
    {
        if (!ours.shape.SequenceEqual(reference.shape))
        {
            throw new FormatException($"the shape is [{string.Join(", ", ours.shape)}], and [{string.Join(", ", reference.shape)}] was expected.");
        }

        using var none = no_grad();
        using var scope = NewDisposeScope();
        var expected = reference.to_type(ScalarType.Float64);
        var difference = (ours.to_type(ScalarType.Float64) - expected).abs();
        if (ours.dtype == ScalarType.Float64 && reference.dtype == ScalarType.Float32)
        {
            difference = (difference - expected.abs() * Scalars.Of(Math.Pow(2, -24))).clamp_min(Scalars.Of(0));
        }

        if (where is not null)
        {
            (difference, expected) = (difference.masked_select(where), expected.masked_select(where));
        }

        if (difference.numel() == 0)
        {
            return 0;
        }

        double scale = Math.Max(expected.abs().max().item<double>(), floor);
        return difference.max().item<double>() / (scale == 0 ? 1 : scale);
    }
}
