using System;

namespace Dsl;

/// <summary>Reshapes and transposes by axis names: <c>Rearrange("b t (h d) -> b t h d", "h", nameof(C.Heads))</c>.</summary>
/// <param name="pattern">Axes before and after; a group in brackets is one axis made of several, the slowest first.</param>
/// <param name="sizes">Pairs of an axis name and its size, for axes that the pattern alone does not fix.</param>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public sealed class RearrangeAttribute(string pattern, params object[] sizes) : Attribute
{
    public string Pattern { get; } = pattern;

    public object[] Sizes { get; } = sizes;
}

/// <summary>Sugar: the last axis becomes <c>count</c> heads of <c>width</c>.</summary>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public sealed class HeadsAttribute(object count, object? width = null) : Attribute
{
    public object Count { get; } = count;

    public object? Width { get; } = width;
}

/// <summary>Sugar: the last two axes become one.</summary>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public sealed class MergeAttribute : Attribute;

/// <summary>The value of the token before (zero at a row's first token).</summary>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public sealed class ShiftAttribute : Attribute;

/// <summary>One row for a sequence: its first token, the mean of its real tokens, or its last real token.</summary>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public sealed class PoolAttribute(string kind) : Attribute
{
    public const string First = "first";
    public const string Mean = "mean";
    public const string Last = "last";

    public string Kind { get; } = kind;
}
