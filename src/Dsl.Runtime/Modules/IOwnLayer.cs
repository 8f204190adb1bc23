using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>
/// An ordinary class that <c>[Use&lt;MyLayer&gt;]</c> may name: it writes its own forward. Its class says <c>[Layer&lt;TConfig&gt;]</c>, and <c>[Input]</c>
/// for each value that it reads beside the one that flows.
/// </summary>
/// <remarks>
/// A public method <c>Tensor Forward(Tensor x, ...)</c> has, after <c>x</c>, a tensor of each input's name in their order, then a <see cref="Pass"/> along
/// the time axis of <c>x</c>, and one along each other time axis. The compiler tells at the use where it has not. <see cref="IOwnLayer{TSelf,TConfig}"/>
/// has it for a layer that reads one value.
/// </remarks>
/// <typeparam name="TSelf">The class itself.</typeparam>
/// <typeparam name="TConfig">The configuration record.</typeparam>
public interface IBuiltLayer<TSelf, TConfig>
    where TSelf : IBuiltLayer<TSelf, TConfig>
{
    /// <summary>Builds the layer; its weights are declared through the cursor, which stands at its key.</summary>
    /// <param name="config">The model's configuration.</param>
    /// <param name="weights">The cursor.</param>
    /// <param name="width">Size of the last axis of what comes in.</param>
    static abstract TSelf Create(TConfig config, Weights weights, long width);
}

/// <summary>A layer of one's own that reads one value.</summary>
/// <typeparam name="TSelf">The class itself.</typeparam>
/// <typeparam name="TConfig">The configuration record.</typeparam>
public interface IOwnLayer<TSelf, TConfig> : IBuiltLayer<TSelf, TConfig>
    where TSelf : IOwnLayer<TSelf, TConfig>
{
    /// <summary>The parallel form: [batch, time, width] in, [batch, time, its width] out.</summary>
    Tensor Forward(Tensor x, Pass pass);
}

/// <summary>
/// A layer of one's own that has a stateful form too: a public method <c>Tensor Advance(Tensor x, ..., IStatePart state)</c> with the arguments of its
/// <c>Forward</c> and the state. What is along the time axis of <c>x</c> is new at each call; the rest is given whole each time.
/// </summary>
public interface IKeepsState
{
    /// <summary>An empty state.</summary>
    IStatePart NewState();
}

/// <summary>A layer of one's own that reads one value and has a stateful form.</summary>
public interface ISteppingLayer : IKeepsState
{
    /// <summary>The stateful form: [batch, n, width] after what the state has read.</summary>
    Tensor Advance(Tensor x, Pass pass, IStatePart state);
}
