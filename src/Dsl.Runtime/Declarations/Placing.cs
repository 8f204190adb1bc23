using System;

namespace Dsl;

/// <summary>Rotates pairs of channels by an angle that grows with the position (Su et al. 2021, arXiv 2104.09864). The value is [b, t, h, d].</summary>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public sealed class RotaryAttribute : Attribute
{
    /// <summary>How many channels of a head are rotated, the first ones; an odd number turns one more, by its own frequencies. Default: all.</summary>
    public object? Width { get; set; }

    /// <summary><see cref="Dsl.Pairs.Halves"/> (channel i with i + width/2) or <see cref="Dsl.Pairs.Neighbours"/> (2i with 2i + 1).</summary>
    public string? Pairs { get; set; }

    /// <summary>Base of the frequencies. Default: 10000.</summary>
    public object? Theta { get; set; }

    /// <summary>A config member of type <c>RopeScaling?</c>.</summary>
    public object? Frequency { get; set; }

    /// <summary>A function <c>static int Place(int position, C c)</c>. Default: the position itself.</summary>
    public string? Position { get; set; }

    /// <summary>Length of the sequences the model was trained on; the dynamic rule reads it.</summary>
    public object? Context { get; set; }
}

/// <summary>How rotary positions pair channels.</summary>
public static class Pairs
{
    public const string Halves = "halves";
    public const string Neighbours = "neighbours";
}

/// <summary>Adds a learned vector for each position: a row of a table of its own, or of a value (<c>Positions(Table = "rows")</c>).</summary>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public sealed class PositionsAttribute(string key = "", object? rows = null) : Attribute
{
    public string Key { get; } = key;

    /// <summary>Rows of the table, the offset included.</summary>
    public object? Rows { get; } = rows;

    /// <summary>The value that has the rows, [rows, d], where no key has.</summary>
    public string? Table { get; set; }

    /// <summary>The row of position 0.</summary>
    public object? Offset { get; set; }
}

/// <summary>Kinds of position that the <see cref="AttentionAttribute"/> sugar knows.</summary>
public static class Position
{
    public const string None = "none";
    public const string Rotary = "rotary";
}
