using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Runtime.Tests.Numerics;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Dsl.Runtime.Tests.Modules;

/// <summary>Every intermediate is disposed after its last use. These run alone: the count of live tensors is the process's.</summary>
[Collection("Live tensors")]
public class LiveTensorTests
{
    [Fact]
    public void AttentionLeavesNothingBehind()
    {
        Tensor q = Reference.Random(1, 2, 6, 4, 4), k = Reference.Random(2, 2, 6, 2, 4);
        using Tensor padding = torch.tensor(new long[] { 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 }, [2, 6]);
        long before = 0;
        for (int i = 0; i < 210; i++)
        {
            using (Pass pass = Pass.Over(q, i % 2 == 0 ? padding : null))
            {
                foreach (MaskRule mask in new[] { MaskRule.Full, MaskRule.Causal, MaskRule.Band(2) })
                {
                    Attention.Attend(q, k, k, mask, 0.5, pass).Dispose();
                    Attention.Attend(q, k, k, mask, 0.5, pass, score: (x, place) => x * Scalars.Of(2)).Dispose();
                    Attention.Attend(
                        q, k, k, mask, 0.5, pass, bias: new ScoreBias("places", (like, place) => (place.Query - place.Key).to(like.dtype))).Dispose();
                }
            }

            if (i == 9)
            {
                before = Live();
            }
        }

        Assert.True(Tensor.TotalCount <= before, $"{Tensor.TotalCount - before} tensors are left.");
    }

    [Fact]
    public void ForwardsAndTrainingStepsLeaveNothingBehind()
    {
        using var model = new TinyModel(new TinyConfig(Dropout: 0.1));
        using Tensor ids = Scalars.Range(14, ScalarType.Int64).view(2, 7);
        using optim.Optimizer optimizer = torch.optim.AdamW(model.parameters(), 1e-3);
        long idle = 0, left = 0;
        using (torch.no_grad())
        {
            for (int i = 0; i < 200; i++)
            {
                model.Forward(ids).Dispose();
                idle = i == 2 ? Live() : idle;
            }

            Assert.True(Tensor.TotalCount <= idle, $"{Tensor.TotalCount - idle} tensors are left by forwards.");
        }

        for (int i = 0; i < 50; i++)
        {
            // TorchSharp's optimisers leave the wrappers of gradients to the finalizer: those are collected first and not counted.
            optimizer.zero_grad();
            long before = Live();
            using (Tensor logits = model.Forward(ids))
            using (Tensor loss = Losses.CrossEntropy(logits, ids))
            {
                loss.backward();
            }

            // The first steps drop what inference had derived from the weights.
            left += i < 2 ? 0 : Tensor.TotalCount - before;
            optimizer.step();
        }

        Assert.True(left == 0, $"{left} tensors are left by training steps.");
    }

    [Fact]
    public void TheLargestModelsAreCountedWithoutAllocating()
    {
        long tensors = Live();
        using var model = new TinyModel(new TinyConfig(50257, 12288, 96, 96, 128, 49152, 96, Bias: true), device: torch.META);
        long perLayer = (4L * 12288 * 12288) + (4 * 12288) + (3L * 12288 * 49152) + (3 * 12288);
        Assert.Equal((50257L * 12288) + (96 * perLayer) + 12288, model.Weights.Count);
        Assert.Equal(tensors, Live());
        Assert.True(model.get_parameter("model.layers.95.mlp.down.weight").is_meta);
    }

    [Fact]
    public void RoomDoublesAndNothingIsLeftBehind()
    {
        using IDisposable off = torch.no_grad();
        using var model = new TinyModel(new TinyConfig());
        var state = (TinyModel.TinyState)model.NewState(1);
        using (state)
        {
            using Tensor ids = torch.zeros(1, 1, dtype: ScalarType.Int64);
            var rooms = new HashSet<long>();
            long before = 0;
            for (int i = 0; i < 300; i++)
            {
                model.Advance(ids, state).Dispose();
                rooms.Add(state.Layers[0].Cache.Room);
                before = i == 2 ? Live() : before;
            }

            Assert.Equal([32, 64, 128, 256, 512], rooms.Order());
            Assert.True(Tensor.TotalCount <= before, $"{Tensor.TotalCount - before} tensors are left.");
        }
    }

    /// <summary>The live tensors, those that only await their finalizer left out.</summary>
    private static long Live()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return Tensor.TotalCount;
    }
}

[CollectionDefinition("Live tensors", DisableParallelization = true)]
public class LiveTensors;
