using System;
using System.Linq;
using Dsl.Tests;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Dsl.Training.Tests.Alignment;

/// <summary>Tensors of a golden in double precision, and how close others must be to them.</summary>
internal static class AlignmentTensors
{
    internal static Tensor Doubles64(this Golden golden, string name, bool gradient = false) =>
        tensor(golden.Doubles(name), golden.Shape(name), dtype: ScalarType.Float64, requires_grad: gradient);

    internal static Tensor Ids(this Golden golden, string name) => tensor(golden.Longs(name), golden.Shape(name), dtype: ScalarType.Int64);

    /// <summary>Computed in double over inputs that are exact: what is left is the rounding of what is stored.</summary>
    internal static void Equal(this Golden golden, string name, Tensor? actual)
    {
        Assert.NotNull(actual);
        double[] values = actual.detach().to(ScalarType.Float64).contiguous().data<double>().ToArray();
        double error = Close.Error(golden.Doubles(name), values);
        Assert.True(error <= 3e-7, $"{name}: {error}");
    }

    internal static void Equal(this Golden golden, string name, double actual)
    {
        using Tensor one = tensor(actual, dtype: ScalarType.Float64);
        golden.Equal(name, one);
    }
}
