using System;
using System.Collections.Generic;
using static TorchSharp.torch;

namespace Dsl.Runtime;

/// <summary>Element types of a safetensors file that are loaded, in the published format's order (the writer sorts by it).</summary>
public enum ElementType : byte
{
    Bool,
    U8,
    I8,
    I16,
    F16,
    BF16,
    I32,
    F32,
    F64,
    I64,
}

/// <summary>Names, sizes and kinds of <see cref="ElementType"/>.</summary>
public static class ElementTypes
{
    // Types that the format defines and nothing here computes with.
    private static readonly HashSet<string> KnownOnly =
        ["F4", "F6_E2M3", "F6_E3M2", "F8_E5M2", "F8_E4M3", "F8_E8M0", "F8_E5M2FNUZ", "F8_E4M3FNUZ", "U16", "U32", "U64", "C64"];

    internal const string Supported = "one of F64, F32, F16, BF16, I64, I32, I16, I8, U8, BOOL";

    /// <summary>The type's name in a header, <c>F32</c> for instance.</summary>
    public static string Name(this ElementType type) => type == ElementType.Bool ? "BOOL" : type.ToString();

    /// <summary>Bytes of one element.</summary>
    public static int Size(this ElementType type) => type switch
    {
        ElementType.Bool or ElementType.U8 or ElementType.I8 => 1,
        ElementType.I16 or ElementType.F16 or ElementType.BF16 => 2,
        ElementType.I32 or ElementType.F32 => 4,
        _ => 8,
    };

    /// <summary>Whether the type is F64, F32, F16 or BF16.</summary>
    public static bool IsFloat(this ElementType type) => type is ElementType.F16 or ElementType.BF16 or ElementType.F32 or ElementType.F64;

    /// <summary>
    /// Whether values of <paramref name="from"/> may be loaded into <paramref name="to"/>: equal types, any two floats, or an integer into a wider one.
    /// </summary>
    public static bool CanFill(this ElementType from, ElementType to)
    {
        if (from == to)
            return true;
        if (from.IsFloat() || to.IsFloat())
            return from.IsFloat() && to.IsFloat();
        return from != ElementType.Bool && to != ElementType.Bool && to.Size() > from.Size();
    }

    /// <summary>The tensor library's name of the type.</summary>
    public static ScalarType ToScalarType(this ElementType type) => type switch
    {
        ElementType.Bool => ScalarType.Bool,
        ElementType.U8 => ScalarType.Byte,
        ElementType.I8 => ScalarType.Int8,
        ElementType.I16 => ScalarType.Int16,
        ElementType.I32 => ScalarType.Int32,
        ElementType.I64 => ScalarType.Int64,
        ElementType.F16 => ScalarType.Float16,
        ElementType.BF16 => ScalarType.BFloat16,
        ElementType.F32 => ScalarType.Float32,
        _ => ScalarType.Float64,
    };

    /// <summary>The file's name of a tensor's type.</summary>
    /// <exception cref="NotSupportedException">Complex and quantised types have no place in these files.</exception>
    public static ElementType ToElementType(this ScalarType type) => type switch
    {
        ScalarType.Bool => ElementType.Bool,
        ScalarType.Byte => ElementType.U8,
        ScalarType.Int8 => ElementType.I8,
        ScalarType.Int16 => ElementType.I16,
        ScalarType.Int32 => ElementType.I32,
        ScalarType.Int64 => ElementType.I64,
        ScalarType.Float16 => ElementType.F16,
        ScalarType.BFloat16 => ElementType.BF16,
        ScalarType.Float32 => ElementType.F32,
        ScalarType.Float64 => ElementType.F64,
        _ => throw new NotSupportedException($"tensors of type {type} cannot be stored, expected {Supported}"),
    };

    internal static bool TryParse(string name, out ElementType type)
    {
        for (type = ElementType.Bool; type <= ElementType.I64; type++)
            if (type.Name() == name)
                return true;
        return false;
    }

    internal static bool IsKnown(string name) => KnownOnly.Contains(name);
}
