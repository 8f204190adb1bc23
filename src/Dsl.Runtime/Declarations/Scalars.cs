using System;

namespace Dsl;

/// <summary><c>static bool Rule(int query, int key, C c)</c>: whether a query sees a key. Positions count from a row's first real token.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class MaskAttribute : Attribute;

/// <summary><c>static double Rule(double score, ...)</c>: what becomes of an attention score after scaling and before the mask.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ScoreAttribute : Attribute;

/// <summary>Scalars in, a scalar out, for every element; with axes, a function over a token's own axes.</summary>
/// <param name="axes">
/// Axes of the result, and of the values that do not say their own (<see cref="AxesAttribute"/>): <c>"b t e"</c>. The function sees the spans among its
/// values and weights along their last axis; axes that it does not see are parallel. Empty: all values have one shape, which is the result's.
/// </param>
[AttributeUsage(AttributeTargets.Method)]
public sealed class PointwiseAttribute(string axes = "") : Attribute
{
    public string Axes { get; } = axes;
}

/// <summary>One step over time. Axes the function does not see are parallel; a state axis in brackets is a span.</summary>
/// <param name="axes">Axes of the values: <c>"b t d"</c>; <c>t</c> is time.</param>
[AttributeUsage(AttributeTargets.Method)]
public sealed class RecurrenceAttribute(string axes) : Attribute
{
    public string Axes { get; } = axes;

    /// <summary>Axes of the state: <c>"b d [n]"</c>.</summary>
    public string State { get; set; } = "";
}

/// <summary>The kernel of a time-invariant recurrence in the frequency domain: a function of omega on the unit circle.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class TransferAttribute(string axes) : Attribute
{
    public string Axes { get; } = axes;

    /// <summary>The key of the buffer that holds the kernel's length: how many nodes its read-out was made for, 0 for none.</summary>
    public string? Nodes { get; set; }
}

/// <summary>Where a state begins. Default: 0.</summary>
[AttributeUsage(AttributeTargets.Parameter)]
public sealed class StartAttribute(double value) : Attribute
{
    public double Value { get; } = value;
}

/// <summary>The axes of an argument where they are not those of the function: <c>[Axes("b t n")]</c>; the last one is the span.</summary>
[AttributeUsage(AttributeTargets.Parameter)]
public sealed class AxesAttribute(string axes) : Attribute
{
    public string Axes { get; } = axes;
}

/// <summary>An argument computed once from weights by a host function (<see cref="ApplyAttribute.Lengthen"/>), never on a gradient path.</summary>
[AttributeUsage(AttributeTargets.Parameter)]
public sealed class DerivedAttribute : Attribute;

/// <summary>
/// An argument of a score that is indexed by integers. Without axes it is a whole table of two, a <see cref="Matrix"/>. With axes it is a computed value, seen
/// as a span along the last of them: <c>[Table("b query head n")] ReadOnlySpan&lt;double&gt;</c>.
/// </summary>
/// <param name="axes">
/// What the value's axes are, in its own order: <c>b</c> (the row of the batch), <c>head</c> (of the queries), <c>query</c> or <c>key</c> (a token), and last
/// the one that the function indexes, by any other name.
/// </param>
[AttributeUsage(AttributeTargets.Parameter)]
public sealed class TableAttribute(string axes = "") : Attribute
{
    public string Axes { get; } = axes;
}

/// <summary>A table of numbers that a score or a host function reads.</summary>
public readonly struct Matrix(double[,] values)
{
    public double this[int row, int column] => values[row, column];

    public int Rows => values.GetLength(0);

    public int Columns => values.GetLength(1);
}
