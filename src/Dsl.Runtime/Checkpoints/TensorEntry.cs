using System.Collections.Generic;
using System.Globalization;

namespace Dsl.Runtime;

/// <summary>One tensor of a file, as its header describes it.</summary>
public sealed class TensorEntry
{
    private readonly long[] shape;

    internal TensorEntry(string name, ElementType type, long[] shape, long begin, long end)
    {
        Name = name;
        Type = type;
        this.shape = shape;
        Begin = begin;
        End = end;
    }

    public string Name { get; }

    public ElementType Type { get; }

    /// <summary>Sizes, outermost first; empty for a scalar. Elements are stored row by row.</summary>
    public IReadOnlyList<long> Shape => shape;

    internal long[] ShapeArray => shape;

    /// <summary>First byte, counted from the end of the header.</summary>
    public long Begin { get; }

    /// <summary>One past the last byte, counted from the end of the header.</summary>
    public long End { get; }

    /// <summary>Number of bytes.</summary>
    public long Bytes => End - Begin;

    /// <summary>Number of elements.</summary>
    public long Count => Bytes / Type.Size();

    public override string ToString() => $"{Name} {Type.Name()} {Text(shape)}";

    internal static string Text(IReadOnlyList<long> shape)
    {
        var parts = new string[shape.Count];
        for (int i = 0; i < parts.Length; i++)
            parts[i] = shape[i].ToString(CultureInfo.InvariantCulture);
        return "[" + string.Join(',', parts) + "]";
    }
}
