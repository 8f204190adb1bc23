using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Dsl.Runtime.Tests.Native;

internal static class Near
{
    /// <summary>Asserts equal shapes, and elements that differ by at most <paramref name="tolerance"/> times the largest of them.</summary>
    public static void Assert(Tensor expected, Tensor? actual, double tolerance = 1e-5)
    {
        Xunit.Assert.NotNull(actual);
        Xunit.Assert.Equal(expected.shape, actual.shape);
        using var scope = NewDisposeScope();
        double scale = expected.detach().abs().max().to(ScalarType.Float64).item<double>();
        double error = (expected - actual).detach().abs().max().to(ScalarType.Float64).item<double>();
        Xunit.Assert.True(error <= tolerance * scale, $"The largest difference is {error:g3}, at a largest element of {scale:g3}.");
    }
}
