using System.Linq;
using Dsl.Runtime;
using Xunit;

namespace Dsl.Generation.Tests;

public sealed class SamplerTests
{
    [Fact]
    public void TheGeneratorGoesOnFromItsState()
    {
        var first = new SeededRandom(7);
        first.NextBits();
        var second = new SeededRandom(first.State);
        Assert.Equal(first.NextDouble(), second.NextDouble());
        long[] draws = Enumerable.Range(0, 3000).Select(_ => first.NextLong(3)).ToArray();
        Assert.All(Enumerable.Range(0, 3), value => Assert.InRange(draws.Count(draw => draw == value), 900, 1100));
    }

    [Fact]
    public void DrawsFollowTheProbabilities()
    {
        double[] logits = [0, System.Math.Log(3), double.NegativeInfinity, System.Math.Log(4)];
        var random = new SeededRandom(1);
        int[] draws = Enumerable.Range(0, 8000).Select(_ => Sampler.Draw(logits, random)).ToArray();
        Assert.DoesNotContain(2, draws);
        Assert.InRange(draws.Count(draw => draw == 0), 850, 1150);
        Assert.InRange(draws.Count(draw => draw == 1), 2800, 3200);
        Assert.Throws<System.InvalidOperationException>(() => Sampler.Draw([double.NegativeInfinity], random));
        Assert.Throws<System.InvalidOperationException>(() => Sampler.Likeliest([double.NaN, 0]));
    }
}
