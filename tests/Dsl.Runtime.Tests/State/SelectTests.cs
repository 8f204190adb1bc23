using System;
using System.Linq;
using Dsl.Runtime.Tests.Numerics;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Dsl.Runtime.Tests.State;

/// <summary>Beams change places without copies of what stays where it is.</summary>
public class SelectTests
{
    [Fact]
    public void WhatBeamsOfOneRowShareIsNotCopied()
    {
        using DisposeScope scope = NewDisposeScope();
        using var held = new HeldValue();
        held.Hold(Scalars.Range(6, ScalarType.Float32).reshape(2, 3));
        held.Select(tensor(new long[] { 0, 0, 1, 1 }));
        IntPtr kept = held.Value!.Handle;

        held.Select(tensor(new long[] { 1, 0, 3, 3 }));
        Assert.Equal(kept, held.Value!.Handle);
        Assert.Equal([0, 1, 2, 0, 1, 2, 3, 4, 5, 3, 4, 5], held.Value!.data<float>().ToArray());

        held.Select(tensor(new long[] { 2, 1, 3 }));
        Assert.Equal([3, 4, 5, 0, 1, 2, 3, 4, 5], held.Value!.data<float>().ToArray());
    }

    [Fact]
    public void KeysMoveInPlaceAndRowsMayBecomeMoreOrFewer()
    {
        using DisposeScope scope = NewDisposeScope();
        var timeline = new Timeline(3, 8);
        using var cache = new KeyValueCache();
        Tensor keys = rand(3, 2, 1, 4), values = rand(3, 2, 1, 4);
        using (Pass pass = Pass.Next(zeros(3, 2, dtype: ScalarType.Int64), null, timeline))
        {
            cache.Append(keys, values, pass);
        }

        long[] all = [0, 1, 2];
        foreach (long[] picks in new long[][] { [1, 0, 2], [2, 2, 2], [0, 1, 2], [1, 0, 0, 2, 1], [4, 3] })
        {
            cache.Select(tensor(picks));
            timeline.Select(picks);
            all = Array.ConvertAll(picks, row => all[row]);
        }

        using Pass next = Pass.Next(zeros(2, 1, dtype: ScalarType.Int64), null, timeline);
        Tensor more = rand(2, 1, 1, 4);
        (Tensor k, Tensor v) = cache.Append(more, more, next);
        Assert.Equal(Reference.Host(keys.index_select(0, tensor(all))), Reference.Host(k.narrow(1, 0, 2)));
        Assert.Equal(Reference.Host(values.index_select(0, tensor(all))), Reference.Host(v.narrow(1, 0, 2)));
        Assert.Equal(Reference.Host(more), Reference.Host(k.narrow(1, 2, 1)));
    }
}
