using System;

namespace Dsl;

/// <summary>
/// Attention: softmax over keys of (q . k) times a scale, then the score rule, then mask and padding; the weighted sum of the values
/// (Vaswani et al. 2017, arXiv 1706.03762, equation 1). Query head i reads key head i / (heads / key heads).
/// </summary>
/// <param name="query">A value [b, t, h, d].</param>
/// <param name="key">A value [b, s, g, d]; g divides h.</param>
/// <param name="value">A value [b, s, g, e].</param>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public sealed class AttendAttribute(string query, string key, string value) : Attribute
{
    public string Query { get; } = query;

    public string Key { get; } = key;

    public string Value { get; } = value;

    /// <summary><see cref="Dsl.Mask.Causal"/>, <see cref="Dsl.Mask.None"/> or a <see cref="MaskAttribute"/> function. Default: none.</summary>
    public string? Mask { get; set; }

    /// <summary>A <see cref="ScoreAttribute"/> function.</summary>
    public string? Score { get; set; }

    /// <summary>A constant or a config member (it may be a function of the layer). Default: 1 / sqrt(d).</summary>
    public object? Scale { get; set; }

    /// <summary>Probability of dropping an attention weight in training.</summary>
    public object? Dropout { get; set; }
}

/// <summary>Contracts two values: the sum, over the axes that both have and the result has not, of their products.</summary>
/// <param name="first">A value.</param>
/// <param name="second">Another one.</param>
/// <param name="pattern">The axes of both and of the result: <c>"b t h d, n h d -> b t h n"</c>.</param>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public sealed class ProductAttribute(string first, string second, string pattern) : Attribute
{
    public string First { get; } = first;

    public string Second { get; } = second;

    public string Pattern { get; } = pattern;
}

/// <summary>Masks that need no function.</summary>
public static class Mask
{
    /// <summary>A query sees itself and what stands before it.</summary>
    public const string Causal = "causal";

    /// <summary>A query sees every real token.</summary>
    public const string None = "none";
}

/// <summary>Scores over the vocabulary: a linear map that may share the embedding's storage.</summary>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public sealed class HeadAttribute(string key, object? size = null) : Attribute
{
    public string Key { get; } = key;

    public object? Size { get; } = size;

    /// <summary>Key of the embedding whose weight it is, where <see cref="Tied"/> holds.</summary>
    public string? TiedTo { get; set; }

    /// <summary>A constant or a config member. Default: true where <see cref="TiedTo"/> is given.</summary>
    public object? Tied { get; set; }

    public object? Bias { get; set; }

    /// <summary>The bias's own key, from where this declaration stands, where it is not <c>key.bias</c>.</summary>
    public string? BiasWeight { get; set; }
}
