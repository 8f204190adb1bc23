using System;
using System.Collections.Generic;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>
/// A declared block with fast weights, as <c>Learn</c> trains it. Its two methods are written by the compiler from the declaration; what fast weights are
/// and how they change is <see cref="FastPass"/>'s to know.
/// </summary>
public interface ILearner
{
    /// <summary>The maps whose weights change within a sequence, in the order in which the block applies them.</summary>
    IReadOnlyList<GroupedProduct> FastMaps { get; }

    /// <summary>[batch, time, ...] to the same: the block with its fast weights as the pass has them.</summary>
    Tensor Read(Tensor x, FastPass fast);

    /// <summary>The block at the weights that the mini-batch started with, and the way back from its output to each fast map.</summary>
    /// <param name="x">[batch, time, ...].</param>
    /// <param name="slope">The derivative of the loss by the block's output, element by element.</param>
    /// <param name="fast">Is told what each fast map read and the gradient of what it gave.</param>
    void Learn(Tensor x, Func<Tensor, Tensor> slope, FastPass fast);
}
