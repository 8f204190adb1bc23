using System;
using System.Linq;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Dsl.Runtime.Tests.Modules;

/// <summary>First values that are computed element by element. Draws are compared by the one generator of the process, so that nothing may draw beside
/// them.</summary>
[CollectionDefinition("Draws", DisableParallelization = true)]
[Collection("Draws")]
public sealed class InitializerTests
{
    private const int Large = (1 << 16) * 3;

    /// <summary>A block, a block and less than torch draws at once, several blocks and a rest.</summary>
    [Theory]
    [InlineData(7)]
    [InlineData(1 << 16)]
    [InlineData((1 << 16) + 5)]
    [InlineData((1 << 17) + 40)]
    public void Draws_in_blocks_are_those_of_the_whole(int count)
    {
        using var scope = NewDisposeScope();
        foreach (Initializer draw in new[] { Initializer.Normal(2, 1), Initializer.Uniform(-1, 3) })
        {
            manual_seed(5);
            Tensor whole = empty(count, dtype: ScalarType.Float64);
            draw.Apply(whole);
            manual_seed(5);
            Tensor filled = empty(count, dtype: ScalarType.Float64);
            Initializer.Of("copied", draw, (_, drawn) => drawn).Apply(filled);
            Assert.Equal(whole.data<double>().ToArray(), filled.data<double>().ToArray());
        }
    }

    [Fact]
    public void Every_element_gets_its_own_index()
    {
        using var scope = NewDisposeScope();
        Tensor turned = empty(3, 2, Large / 6, dtype: ScalarType.Float64).transpose(0, 2);
        Initializer.Of("place", index => (index[0] * 1000.0) + (index[1] * 10) + index[2]).Apply(turned);
        for (int i = 0; i < Large / 6; i += 997)
        {
            Assert.Equal([(i * 1000.0) + 12], turned[i, 1, 2].data<double>().ToArray());
        }
    }

    /// <summary>Managed arrays as large as the weights stay with the process until it collects: a second copy of the model.</summary>
    [Fact]
    public void A_large_weight_leaves_no_managed_copy()
    {
        using var scope = NewDisposeScope();
        Tensor weight = empty(1 << 22, dtype: ScalarType.Float32);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Initializer.Of("small", Initializer.Uniform(0, 1), (_, drawn) => drawn - 0.5).Apply(weight);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
        Assert.InRange(weight.mean().item<float>(), -0.01, 0.01);
    }
}
