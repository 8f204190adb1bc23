using System;

namespace Dsl;

/// <summary>
/// Sugar: attention from one value, with four linear maps. It stands for
/// <code>
/// [From("x"), Linear("q"), Heads(Heads, HeadDim), Rotary, As("q")]
/// [From("x"), Linear("k"), Heads(KvHeads, HeadDim), Rotary, As("k")]
/// [From("x"), Linear("v"), Heads(KvHeads, HeadDim), As("v")]
/// [Attend("q", "k", "v"), Merge, Linear("o")]
/// </code>
/// The config's <c>Heads</c>, <c>KvHeads</c> (default: <c>Heads</c>) and <c>HeadDim</c> give the sizes, unless <see cref="DefaultsAttribute"/> names others.
/// </summary>
/// <param name="keys">Keys of the four maps, in the order q, k, v, o: <c>"self_attn.{q,k,v,o}_proj"</c>.</param>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public sealed class AttentionAttribute(string keys) : Attribute
{
    public string Keys { get; } = keys;

    public string? Mask { get; set; }

    public string? Score { get; set; }

    public object? Scale { get; set; }

    /// <summary><see cref="Dsl.Position.Rotary"/> rotates queries and keys.</summary>
    public string? Position { get; set; }

    public object? Bias { get; set; }

    /// <summary>Whether the output map has a bias where that is not <see cref="Bias"/>.</summary>
    public object? OutputBias { get; set; }
}

/// <summary>
/// Sugar: attention from one value, with queries, keys and values out of one linear map. It stands for
/// <code>
/// [From("x"), Linear("in"), Split("query", "key", "value")]
/// [From("query"), Heads(Heads, HeadDim), As("q")] [From("key"), Heads(Heads, HeadDim), As("k")] [From("value"), Heads(Heads, HeadDim), As("v")]
/// [Attend("q", "k", "v"), Merge, Linear("out")]
/// </code>
/// </summary>
/// <param name="keys">Keys of the two maps: <c>"attn.{c_attn,c_proj}"</c>.</param>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public sealed class PackedAttentionAttribute(string keys) : Attribute
{
    public string Keys { get; } = keys;

    public string? Mask { get; set; }

    public object? Scale { get; set; }

    public object? Bias { get; set; }

    public string? Stored { get; set; }
}

/// <summary>Sugar: <c>[Linear("up", FeedForward), Activate(activation), Linear("down")]</c>. The config's <c>FeedForward</c> gives the inner size.</summary>
/// <param name="keys">Keys of the two maps: <c>"mlp.{c_fc,c_proj}"</c>.</param>
/// <param name="activation">A constant of <see cref="Activation"/> or a config member of that type.</param>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public sealed class FeedForwardAttribute(string keys, object activation) : Attribute
{
    public string Keys { get; } = keys;

    public object Activation { get; } = activation;

    public object? Bias { get; set; }

    public string? Stored { get; set; }
}

/// <summary>
/// Sugar (Shazeer 2020, arXiv 2002.05202):
/// <code>
/// [From("x"), Linear("up", FeedForward), As("up")]
/// [From("x"), Linear("gate", FeedForward), Activate(activation), Gate("up"), Linear("down")]
/// </code>
/// </summary>
/// <param name="keys">Keys of the three maps, in the order gate, up, down: <c>"mlp.{gate,up,down}_proj"</c>.</param>
/// <param name="activation">A constant of <see cref="Activation"/> or a config member of that type.</param>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public sealed class GatedFeedForwardAttribute(string keys, object activation) : Attribute
{
    public string Keys { get; } = keys;

    public object Activation { get; } = activation;

    public object? Bias { get; set; }
}
