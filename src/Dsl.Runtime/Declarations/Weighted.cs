using System;

namespace Dsl;

/// <summary>A table looked up by ids: [b, t] becomes [b, t, width].</summary>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public sealed class EmbeddingAttribute(string key, object? rows = null, object? width = null) : Attribute
{
    public string Key { get; } = key;

    public object? Rows { get; } = rows;

    public object? Width { get; } = width;

    /// <summary>The table was named before.</summary>
    public bool Shared { get; set; }

    /// <summary>The id (a constant or a config member, which may be absent) whose row learns nothing.</summary>
    public object? Padding { get; set; }
}

/// <summary>A linear map of the last axis. Without a size it takes what its consumer demands.</summary>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public sealed class LinearAttribute(string key = "", object? size = null) : Attribute
{
    public string Key { get; } = key;

    public object? Size { get; } = size;

    /// <summary>Whether a bias is added: a constant or a config member. Default: what <see cref="DefaultsAttribute"/> says, else no.</summary>
    public object? Bias { get; set; }

    /// <summary>The weight's name where it is not <c>key.weight</c>.</summary>
    public string? Weight { get; set; }

    /// <summary>The bias's name where it is not <c>key.bias</c>.</summary>
    public string? BiasWeight { get; set; }

    /// <summary>
    /// How the file stores the weight: <c>"out in"</c>, <c>"in out"</c>, <c>"out in 1"</c>. Other names are axes of the value right before its channels, each
    /// of whose elements has a map of its own: <c>"h in out"</c>.
    /// </summary>
    public string? Stored { get; set; }

    /// <summary>How the file stores the bias: <c>"out"</c>, <c>"h 1 out"</c>, ...</summary>
    public string? BiasStored { get; set; }

    /// <summary>A weight that <see cref="LearnAttribute{T}"/> trains within the sequence.</summary>
    public bool Fast { get; set; }

    /// <summary>The weight (and the bias) were named before: one storage, one gradient. A size may be left out then.</summary>
    public bool Shared { get; set; }
}

/// <summary>A convolution over time: each channel alone, looking back only. With <see cref="Over"/>: over one or two axes, all channels together.</summary>
/// <param name="key">Its key.</param>
/// <param name="kernel">Its width, along each axis.</param>
/// <param name="width">Channels of the result, where <see cref="Over"/> is given.</param>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public sealed class ConvAttribute(string key, object kernel, object? width = null) : Attribute
{
    public string Key { get; } = key;

    public object Kernel { get; } = kernel;

    public object? Width { get; } = width;

    public object? Bias { get; set; }

    /// <summary>The axes that it slides over and their new names: <c>"h w -> y x"</c>, <c>"t -> u"</c>.</summary>
    public string? Over { get; set; }

    /// <summary>How far it moves from one result to the next; default 1.</summary>
    public object? Stride { get; set; }

    /// <summary>Zeros before the first and behind the last element of each axis; default 0.</summary>
    public object? Padding { get; set; }
}

/// <summary>Layer normalisation of the last axis (Ba et al. 2016, arXiv 1607.06450). Without a key it has no weight.</summary>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public sealed class LayerNormAttribute(string? key = null) : Attribute
{
    public string? Key { get; } = key;

    public object? Eps { get; set; }

    /// <summary>Whether it adds a bias. Default: yes.</summary>
    public object? Bias { get; set; }

    public string? Weight { get; set; }

    public string? BiasWeight { get; set; }

    /// <summary>
    /// The axes of weight and bias where they are more than the one normalised: <c>"h f"</c>, or <c>"(g r)"</c> where the file has one axis for both.
    /// </summary>
    public string? Stored { get; set; }

    /// <summary>Weight and bias were named before: one storage, one gradient.</summary>
    public bool Shared { get; set; }
}

/// <summary>Root-mean-square normalisation of the last axis (Zhang and Sennrich 2019, arXiv 1910.07467). Without a key it has no weight.</summary>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public sealed class RmsNormAttribute(string? key = null) : Attribute
{
    public string? Key { get; } = key;

    public object? Eps { get; set; }

    public string? Weight { get; set; }

    /// <summary>The weight's axes where they are more than the one normalised: <c>"h f"</c>, or <c>"(g r)"</c> where the file has one axis for both.</summary>
    public string? Stored { get; set; }

    /// <summary>The weight was named before: one storage, one gradient.</summary>
    public bool Shared { get; set; }
}

/// <summary>A bare weight: as a value of a bracket, or as a parameter of a scalar function.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Parameter, AllowMultiple = true)]
public sealed class ParameterAttribute(string key, string axes) : Attribute
{
    public string Key { get; } = key;

    /// <summary>The weight's axes, by name: sizes come from <see cref="AxisAttribute"/> and from the values the function reads.</summary>
    public string Axes { get; } = axes;
}
