using System;

namespace Dsl;

/// <summary>A bracket's first word: <c>x + (the rest of the bracket)</c>.</summary>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public sealed class ResidualAttribute : Attribute;

/// <summary>A bracket's first word: it starts from named values instead of the result of the bracket before.</summary>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public sealed class FromAttribute(params string[] names) : Attribute
{
    public string[] Names { get; } = names;
}

/// <summary>Names the value at this place. A name is given once; <c>x</c> is what enters the block and is never rebound.</summary>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public sealed class AsAttribute(string name) : Attribute
{
    public string Name { get; } = name;
}

/// <summary>The sum of named values of one shape.</summary>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public sealed class SumAttribute(params string[] names) : Attribute
{
    public string[] Names { get; } = names;
}

/// <summary>Named values side by side along the last axis.</summary>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public sealed class ConcatAttribute(params string[] names) : Attribute
{
    public string[] Names { get; } = names;
}

/// <summary>A run of the last axis.</summary>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public sealed class SliceAttribute(object start, object size) : Attribute
{
    public object Start { get; } = start;

    public object Size { get; } = size;
}

/// <summary>
/// Cuts the last axis into named parts: equal ones (<c>Split("q", "k", "v")</c>), or with sizes (<c>Split("dt", nameof(C.Rank), "B", nameof(C.State))</c>).
/// </summary>
/// <remarks>A string that names a config member is the size of the name before it.</remarks>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public sealed class SplitAttribute(params object[] parts) : Attribute
{
    public object[] Parts { get; } = parts;
}

/// <summary>The product with a named value, which may first go through an activation.</summary>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public sealed class GateAttribute(string name, object? activation = null) : Attribute
{
    public string Name { get; } = name;

    public object? Activation { get; } = activation;
}

/// <summary>A declared block (or an ordinary module) at a key.</summary>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public sealed class UseAttribute<T>(string key = "") : Attribute
{
    public string Key { get; } = key;

    /// <summary>What the block's named inputs are: <c>"bias=encoderBias"</c>, separated by commas. Equal names need no word.</summary>
    public string? With { get; set; }

    /// <summary>The weights at this key were named before.</summary>
    public bool Shared { get; set; }
}

/// <summary>One of two declared blocks, by a config member of type <see cref="Type"/>.</summary>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public sealed class UseAttribute<T1, T2>(string key = "") : Attribute
{
    public string Key { get; } = key;

    /// <summary>The config member (it may be a function of the layer) that returns the type.</summary>
    public string? By { get; set; }

    public string? With { get; set; }

    public bool Shared { get; set; }
}

/// <summary>A declared block, repeated: keys <c>key.0</c>, <c>key.1</c>, ... (or where <c>{layer}</c> stands in the key).</summary>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public sealed class RepeatAttribute<T>(string key, object count) : Attribute
{
    public string Key { get; } = key;

    public object Count { get; } = count;

    public string? With { get; set; }

    /// <summary>Layers whose keys are equal share their weights.</summary>
    public bool Shared { get; set; }
}

/// <summary>Two declared blocks, repeated; which one stands at a layer says a config function of the layer that returns its <see cref="Type"/>.</summary>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public sealed class RepeatAttribute<T1, T2>(string key, object count) : Attribute
{
    public string Key { get; } = key;

    public object Count { get; } = count;

    public string? By { get; set; }

    public string? With { get; set; }

    public bool Shared { get; set; }
}

/// <summary>A bracket's first word: the bracket stands only where the config member is true; else it is the identity.</summary>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public sealed class WhenAttribute(string condition) : Attribute
{
    public string Condition { get; } = condition;
}

/// <summary>A bracket's first word: the bracket stands only where the config member is false; else it is the identity.</summary>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public sealed class UnlessAttribute(string condition) : Attribute
{
    public string Condition { get; } = condition;
}

/// <summary>The value at this place is an output of the model under this name.</summary>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public sealed class OutputAttribute(string name) : Attribute
{
    public string Name { get; } = name;
}
