using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>An ordinary class that <c>[Use&lt;MyLayer&gt;]</c> may name: it writes its own forward. Its class says <c>[Layer&lt;TConfig&gt;]</c>.</summary>
/// <typeparam name="TSelf">The class itself.</typeparam>
/// <typeparam name="TConfig">The configuration record.</typeparam>
public interface IOwnLayer<TSelf, TConfig>
    where TSelf : IOwnLayer<TSelf, TConfig>
{
    /// <summary>Builds the layer; its weights are declared through the cursor, which stands at its key.</summary>
    /// <param name="config">The model's configuration.</param>
    /// <param name="weights">The cursor.</param>
    /// <param name="width">Size of the last axis of what comes in.</param>
    static abstract TSelf Create(TConfig config, Weights weights, long width);

    /// <summary>The parallel form: [batch, time, width] in, [batch, time, its width] out.</summary>
    Tensor Forward(Tensor x, Pass pass);
}

/// <summary>A layer of one's own that has a stateful form too.</summary>
public interface ISteppingLayer
{
    /// <summary>An empty state.</summary>
    IStatePart NewState();

    /// <summary>The stateful form: [batch, n, width] after what the state has read.</summary>
    Tensor Advance(Tensor x, Pass pass, IStatePart state);
}
