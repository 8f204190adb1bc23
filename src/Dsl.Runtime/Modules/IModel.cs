using System;
using System.Collections.Generic;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>What every generated model offers, so that tools (training, generation, verification) need not know which model they hold.</summary>
public interface IModel : IDisposable
{
    /// <summary>Names of the inputs as published: <c>input_ids</c>, <c>attention_mask</c>, <c>decoder_input_ids</c>, ...</summary>
    IReadOnlyList<string> Inputs { get; }

    /// <summary>Names of the outputs in the order of the declaration: <c>hidden</c>, <c>logits</c>, ...</summary>
    IReadOnlyList<string> Outputs { get; }

    /// <summary>The configuration record the model was built from.</summary>
    object Config { get; }

    /// <summary>The module itself, for optimisers, <c>to</c>, <c>state_dict</c>, <c>train</c> and <c>eval</c>.</summary>
    nn.Module Module { get; }

    /// <summary>All weights, in the order of the declaration.</summary>
    Weights Weights { get; }

    /// <summary>The parallel form. Runs only what the named outputs need (all of them when none is named); the caller disposes the results.</summary>
    IReadOnlyDictionary<string, Tensor> Run(IReadOnlyDictionary<string, Tensor> inputs, params string[] outputs);

    /// <summary>
    /// The head that ends the computation of an output, with what it reads; null where there is none, or something follows it. A loss can do without the
    /// output then (<see cref="TokenLoss"/>), and whoever needs a few of its rows can apply the head to those.
    /// </summary>
    OutputHead? HeadOf(string output) => null;

    /// <summary>Outputs that are losses of the model's own, with what each counts in training beside the loss that it is trained by.</summary>
    IReadOnlyList<(string Output, double Weight)> Losses => [];

    /// <summary>Rows of a product are picked by what they hold (tokens by their experts): a row depends on those beside it to rounding.</summary>
    bool GroupsRows => false;

    /// <summary>
    /// An empty state for <paramref name="batch"/> rows, with room for <paramref name="capacity"/> tokens before it first grows (0: a default).
    /// </summary>
    /// <exception cref="NotSupportedException">The model has no stateful form (its mask is not provably causal); the message says why.</exception>
    ModelState NewState(int batch, int capacity = 0);

    /// <summary>
    /// A state that has read every input but the one it steps along (an encoder's memory is computed here, once); the empty state where that is all.
    /// </summary>
    ModelState Begin(IReadOnlyDictionary<string, Tensor> inputs, int capacity = 0) => NewState(checked((int)inputs[Inputs[0]].shape[0]), capacity);

    /// <summary>The stateful form: reads <paramref name="tokens"/> after what the state has read.</summary>
    /// <param name="tokens">int64 [batch, n], n at least 1.</param>
    /// <param name="state">Read and advanced by n tokens (by each row's real tokens where a mask is given).</param>
    /// <param name="mask">[batch, n], 1 for a real token; null when all are. Padding may stand left or right.</param>
    /// <param name="last">Only the logits of each row's last real token are computed.</param>
    /// <returns>Logits [batch, n, vocabulary], or [batch, 1, vocabulary] with <paramref name="last"/>.</returns>
    Tensor Advance(Tensor tokens, ModelState state, Tensor? mask = null, bool last = false);

    /// <summary>The masks in use, each with the place of its attention.</summary>
    IEnumerable<(string Place, MaskRule Mask)> Masks() => [];

    /// <summary>What was fused, what was not and why, weight by weight.</summary>
    string Explain();
}
