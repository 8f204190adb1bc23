using System;
using System.Runtime.CompilerServices;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Dsl.Runtime.Tests.Numerics;

public sealed class ScalarsTests
{
    [Fact]
    public void A_number_that_nobody_holds_outlives_a_collection()
    {
        WeakReference floating = Made(() => Scalars.Of(1.5)), integer = Made(() => Scalars.Of(2));
        GC.Collect();
        GC.WaitForPendingFinalizers();
        Assert.True(floating.IsAlive && integer.IsAlive);
    }

    [Fact]
    public void Only_the_last_numbers_are_held()
    {
        WeakReference first = Made(() => Scalars.Of(1.5));
        for (int i = 0; i < 1000; i++)
        {
            Scalars.Of(i);
        }

        GC.Collect();
        Assert.False(first.IsAlive);
    }

    [Fact]
    public void Sums_are_those_of_the_operators()
    {
        using Tensor whole = torch.tensor(new long[] { 1, 2 }), real = torch.tensor(new[] { 0.5f, 0.25f });
        using Tensor mixed = whole.Plus(real), moved = whole.Plus(3), lifted = whole.Plus(0.5), same = real.Plus(3);
        Assert.Equal([1.5f, 2.25f], mixed.data<float>().ToArray());
        Assert.Equal([4L, 5L], moved.data<long>().ToArray());
        Assert.Equal([1.5f, 2.5f], lifted.data<float>().ToArray());
        Assert.Equal([3.5f, 3.25f], same.data<float>().ToArray());
        real.Increase(whole);
        Assert.Equal([1.5f, 2.25f], real.data<float>().ToArray());
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference Made(Func<Scalar> make) => new(make());
}
