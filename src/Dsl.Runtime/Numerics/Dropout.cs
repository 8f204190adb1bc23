using System;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>Zeroes numbers at random while training, and scales the rest by 1 / (1 - p).</summary>
public static class Dropout
{
    /// <summary>A tensor of its own in either case: where nothing is dropped, it shares the storage.</summary>
    public static Tensor Apply(Tensor x, double probability, Pass pass) =>
        pass.Training && probability > 0 ? nn.functional.dropout(x, probability, true) : x.alias();
}
