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

/// <summary>Named values side by side along the last axis, or one after the other along time.</summary>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public sealed class ConcatAttribute(params string[] names) : Attribute
{
    public string[] Names { get; } = names;

    /// <summary>The time axis of the result, a new name: each row's real tokens of the first value, then those of the second, ...</summary>
    public string? Along { get; set; }
}

/// <summary>A run of the last axis, or of time.</summary>
/// <param name="start">Where it starts, from 0.</param>
/// <param name="size">How long it is. Along time it may be left out: to the end.</param>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public sealed class SliceAttribute(object start, object? size = null) : Attribute
{
    public object Start { get; } = start;

    public object? Size { get; } = size;

    /// <summary>The time axis of the result, a new name: the run is one of each row's real tokens.</summary>
    public string? Along { get; set; }
}

/// <summary>A named value without a batch (a weight, [n, d] or [d]), once for each row of what flows: [b, n, d], n a time axis.</summary>
/// <param name="name">The value.</param>
/// <param name="axis">The time axis of the result, a new name.</param>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public sealed class ExpandAttribute(string name, string axis) : Attribute
{
    public string Name { get; } = name;

    public string Axis { get; } = axis;
}

/// <summary>Behind a <c>Repeat</c>: what stands after that many of its layers. 0 is what the first one reads, -1 what the last one gives, -2 what it
/// reads.</summary>
/// <param name="layers">A constant or the name of an integer member of the config.</param>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public sealed class TakeAttribute(object layers) : Attribute
{
    public object Layers { get; } = layers;
}

/// <summary>
/// Rows of a value in the place of tokens: a row's first token whose id the predicate holds for becomes the first row of the value, and so on. The numbers
/// of such tokens and of rows must be equal.
/// </summary>
/// <param name="rows">The value, [b, p, d], along a time axis of its own.</param>
/// <param name="ids">The ids, [b, t], of the tokens that flow.</param>
/// <param name="where">A static method <c>bool (int id)</c> or <c>bool (int id, C c)</c>.</param>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public sealed class SpliceAttribute(string rows, string ids, string where) : Attribute
{
    public string Rows { get; } = rows;

    public string Ids { get; } = ids;

    public string Where { get; } = where;
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

/// <summary>What every place of use says of a declared block.</summary>
/// <param name="key">The key that the block's own stand below.</param>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public abstract class BlockUseAttribute(string key) : Attribute
{
    public string Key { get; } = key;

    /// <summary>What the block's named inputs are: <c>"bias=encoderBias"</c>, separated by commas. Equal names need no word.</summary>
    public string? With { get; set; }

    /// <summary>The weights at this key were named before; of layers, those whose keys are equal share their weights.</summary>
    public bool Shared { get; set; }

    /// <summary>The config member, a config itself, that the block is built with. Default: this declaration's config.</summary>
    public string? Config { get; set; }
}

/// <summary>One of several declared blocks, all alike in shapes.</summary>
/// <inheritdoc/>
public abstract class BlockChoiceAttribute(string key) : BlockUseAttribute(key)
{
    /// <summary>The config member of type <see cref="Type"/> (it may be a function of the layer) that says which.</summary>
    public string? By { get; set; }
}

/// <summary>A declared block (or an ordinary module) at a key.</summary>
public sealed class UseAttribute<T>(string key = "") : BlockUseAttribute(key);

/// <summary>One of two declared blocks at a key.</summary>
public sealed class UseAttribute<T1, T2>(string key = "") : BlockChoiceAttribute(key);

/// <summary>One of three declared blocks at a key.</summary>
public sealed class UseAttribute<T1, T2, T3>(string key = "") : BlockChoiceAttribute(key);

/// <summary>One of four declared blocks at a key.</summary>
public sealed class UseAttribute<T1, T2, T3, T4>(string key = "") : BlockChoiceAttribute(key);

/// <summary>One of five declared blocks at a key.</summary>
public sealed class UseAttribute<TA, TB, TC, TD, TE>(string key = "") : BlockChoiceAttribute(key);

/// <summary>One of six declared blocks at a key. Of more: one of them is a block that chooses itself.</summary>
public sealed class UseAttribute<TA, TB, TC, TD, TE, TF>(string key = "") : BlockChoiceAttribute(key);

/// <summary>A declared block, repeated: keys <c>key.0</c>, <c>key.1</c>, ... (or where <c>{layer}</c> stands in the key).</summary>
public sealed class RepeatAttribute<T>(string key, object count) : BlockUseAttribute(key)
{
    public object Count { get; } = count;
}

/// <summary>Several declared blocks, repeated; which one stands at a layer says a config function of the layer.</summary>
/// <inheritdoc/>
public abstract class RepeatChoiceAttribute(string key, object count) : BlockChoiceAttribute(key)
{
    public object Count { get; } = count;
}

/// <summary>Two declared blocks, repeated.</summary>
public sealed class RepeatAttribute<T1, T2>(string key, object count) : RepeatChoiceAttribute(key, count);

/// <summary>Three declared blocks, repeated.</summary>
public sealed class RepeatAttribute<T1, T2, T3>(string key, object count) : RepeatChoiceAttribute(key, count);

/// <summary>Four declared blocks, repeated.</summary>
public sealed class RepeatAttribute<T1, T2, T3, T4>(string key, object count) : RepeatChoiceAttribute(key, count);

/// <summary>Five declared blocks, repeated.</summary>
public sealed class RepeatAttribute<TA, TB, TC, TD, TE>(string key, object count) : RepeatChoiceAttribute(key, count);

/// <summary>Six declared blocks, repeated. Of more kinds: one of them is a block that chooses itself.</summary>
public sealed class RepeatAttribute<TA, TB, TC, TD, TE, TF>(string key, object count) : RepeatChoiceAttribute(key, count);

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

    /// <summary>
    /// Of a number for the whole batch: training adds it to its loss, times this constant or config member. What the model gives is what flowed before the
    /// bracket that ends in it.
    /// </summary>
    public object? Loss { get; set; }
}
