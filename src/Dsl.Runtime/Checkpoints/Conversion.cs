using System;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Dsl.Runtime;

/// <summary>
/// Converts runs of elements between types, by vectors. Pointers need no alignment. Narrowing rounds to nearest, ties to even, as the tensor library does;
/// F64 goes to F16 and BF16 through F32, as there.
/// </summary>
internal static unsafe class Conversion
{
    private const int Part = 2048; // elements in the buffer between two types that are both not F32: 8 KB of stack

    /// <summary>Converts <paramref name="count"/> elements; the caller has asked <see cref="ElementTypes.CanFill"/>.</summary>
    public static void Convert(byte* from, ElementType fromType, byte* to, ElementType toType, long count)
    {
        if (fromType == toType)
        {
            Buffer.MemoryCopy(from, to, count * toType.Size(), count * toType.Size());
        }
        else if (!fromType.IsFloat())
        {
            Widen(from, fromType, to, toType, count);
        }
        else if (toType == ElementType.F32)
        {
            ToFloat(from, fromType, (float*)to, count);
        }
        else if (fromType == ElementType.F32)
        {
            FromFloat((float*)from, to, toType, count);
        }
        else
        {
            float* between = stackalloc float[Part];
            for (long i = 0; i < count; i += Part)
            {
                long n = Math.Min(Part, count - i);
                ToFloat(from + i * fromType.Size(), fromType, between, n);
                FromFloat(between, to + i * toType.Size(), toType, n);
            }
        }
    }

    /// <summary>Whether no value of a float type is infinite or not a number; true for integers.</summary>
    public static bool AllFinite(byte* values, ElementType type, long count) => type switch
    {
        // Not finite is an exponent of all ones.
        ElementType.F16 => AllFinite16((ushort*)values, 0x7C00, count),
        ElementType.BF16 => AllFinite16((ushort*)values, 0x7F80, count),
        ElementType.F32 => AllFinite32((uint*)values, count),
        ElementType.F64 => AllFinite64((ulong*)values, count),
        _ => true,
    };

    private static void ToFloat(byte* from, ElementType type, float* to, long count)
    {
        long i = 0;
        switch (type)
        {
            case ElementType.BF16:
                for (; i <= count - Vector256<ushort>.Count; i += Vector256<ushort>.Count)
                {
                    var (low, high) = Vector256.Widen(Vector256.Load((ushort*)from + i));
                    (low << 16).AsSingle().Store(to + i);
                    (high << 16).AsSingle().Store(to + i + Vector256<float>.Count);
                }
                for (; i < count; i++)
                    to[i] = BitConverter.UInt32BitsToSingle((uint)Unsafe.ReadUnaligned<ushort>(from + 2 * i) << 16);
                break;
            case ElementType.F16:
                for (; i <= count - Vector256<ushort>.Count; i += Vector256<ushort>.Count)
                {
                    var (low, high) = Vector256.Widen(Vector256.Load((ushort*)from + i));
                    HalfToFloat(low).Store(to + i);
                    HalfToFloat(high).Store(to + i + Vector256<float>.Count);
                }
                for (; i < count; i++)
                    to[i] = (float)Unsafe.ReadUnaligned<Half>(from + 2 * i);
                break;
            case ElementType.F64:
                for (; i <= count - Vector256<float>.Count; i += Vector256<float>.Count)
                {
                    var low = Vector256.Load((double*)from + i);
                    var high = Vector256.Load((double*)from + i + Vector256<double>.Count);
                    Vector256.Narrow(low, high).Store(to + i);
                }
                for (; i < count; i++)
                    to[i] = (float)Unsafe.ReadUnaligned<double>(from + 8 * i);
                break;
        }
    }

    private static void FromFloat(float* from, byte* to, ElementType type, long count)
    {
        long i = 0;
        switch (type)
        {
            case ElementType.BF16:
                for (; i <= count - Vector256<ushort>.Count; i += Vector256<ushort>.Count)
                {
                    var low = FloatToBrain(Vector256.Load((uint*)from + i));
                    var high = FloatToBrain(Vector256.Load((uint*)from + i + Vector256<uint>.Count));
                    Vector256.Narrow(low, high).Store((ushort*)to + i);
                }
                for (; i < count; i++)
                {
                    uint bits = Unsafe.ReadUnaligned<uint>(from + i);
                    Unsafe.WriteUnaligned(to + 2 * i, (ushort)FloatToBrain(Vector256.Create(bits)).ToScalar());
                }
                break;
            case ElementType.F16:
                for (; i <= count - Vector256<ushort>.Count; i += Vector256<ushort>.Count)
                {
                    var low = FloatToHalf(Vector256.Load((uint*)from + i));
                    var high = FloatToHalf(Vector256.Load((uint*)from + i + Vector256<uint>.Count));
                    Vector256.Narrow(low, high).Store((ushort*)to + i);
                }
                for (; i < count; i++)
                    Unsafe.WriteUnaligned(to + 2 * i, (ushort)FloatToHalf(Vector256.Create(Unsafe.ReadUnaligned<uint>(from + i))).ToScalar());
                break;
            case ElementType.F64:
                for (; i <= count - Vector256<float>.Count; i += Vector256<float>.Count)
                {
                    var (low, high) = Vector256.Widen(Vector256.Load(from + i));
                    low.Store((double*)to + i);
                    high.Store((double*)to + i + Vector256<double>.Count);
                }
                for (; i < count; i++)
                    Unsafe.WriteUnaligned(to + 8 * i, (double)Unsafe.ReadUnaligned<float>(from + i));
                break;
        }
    }

    private static Vector256<float> HalfToFloat(Vector256<uint> half)
    {
        var sign = (half & Vector256.Create(0x8000u)) << 16;
        var rest = (half & Vector256.Create(0x7FFFu)) << 13;
        // The multiplication moves the exponent's bias from 15 to 127 and makes subnormals normal, all of it exact.
        var value = (rest.AsSingle() * Vector256.Create(5.192296858534828e33f)).AsUInt32(); // 2^112
        var notFinite = Vector256.GreaterThanOrEqual(rest, Vector256.Create(0x7C00u << 13));
        value = Vector256.ConditionalSelect(notFinite, rest | Vector256.Create(0x7F800000u), value);
        return (value | sign).AsSingle();
    }

    private static Vector256<uint> FloatToBrain(Vector256<uint> bits)
    {
        var rounded = (bits + Vector256.Create(0x7FFFu) + ((bits >> 16) & Vector256<uint>.One)) >> 16;
        var isNumber = Vector256.LessThanOrEqual(bits & Vector256.Create(0x7FFFFFFFu), Vector256.Create(0x7F800000u));
        return Vector256.ConditionalSelect(isNumber, rounded, Vector256.Create(0x7FC0u));
    }

    private static Vector256<uint> FloatToHalf(Vector256<uint> bits)
    {
        var sign = (bits & Vector256.Create(0x80000000u)) >> 16;
        var rest = bits & Vector256.Create(0x7FFFFFFFu);
        // Normal results: rebias, then round the 13 bits that go, ties to even.
        var normal = (rest + Vector256.Create(0xC8000FFFu) + ((rest >> 13) & Vector256<uint>.One)) >> 13;
        // Subnormal results: adding 0.5 lets the addition itself round at the right bit.
        var half = Vector256.Create(0.5f);
        var subnormal = (rest.AsSingle() + half).AsUInt32() - half.AsUInt32();
        var result = Vector256.ConditionalSelect(Vector256.LessThan(rest, Vector256.Create(0x38800000u)), subnormal, normal);
        // From 65520 on everything rounds to infinity; a NaN stays one.
        result = Vector256.ConditionalSelect(Vector256.GreaterThanOrEqual(rest, Vector256.Create(0x477FF000u)), Vector256.Create(0x7C00u), result);
        result = Vector256.ConditionalSelect(Vector256.GreaterThan(rest, Vector256.Create(0x7F800000u)), Vector256.Create(0x7E00u), result);
        return result | sign;
    }

    private static void Widen(byte* from, ElementType fromType, byte* to, ElementType toType, long count)
    {
        for (long i = 0; i < count; i++)
        {
            long value = fromType switch
            {
                ElementType.U8 => from[i],
                ElementType.I8 => (sbyte)from[i],
                ElementType.I16 => Unsafe.ReadUnaligned<short>(from + 2 * i),
                _ => Unsafe.ReadUnaligned<int>(from + 4 * i),
            };
            if (toType == ElementType.I16)
                Unsafe.WriteUnaligned(to + 2 * i, (short)value);
            else if (toType == ElementType.I32)
                Unsafe.WriteUnaligned(to + 4 * i, (int)value);
            else
                Unsafe.WriteUnaligned(to + 8 * i, value);
        }
    }

    private static bool AllFinite16(ushort* values, ushort exponent, long count)
    {
        long i = 0;
        var ones = Vector256.Create(exponent);
        for (; i <= count - Vector256<ushort>.Count; i += Vector256<ushort>.Count)
            if (Vector256.EqualsAny(Vector256.Load(values + i) & ones, ones))
                return false;
        for (; i < count; i++)
            if ((Unsafe.ReadUnaligned<ushort>(values + i) & exponent) == exponent)
                return false;
        return true;
    }

    private static bool AllFinite32(uint* values, long count)
    {
        long i = 0;
        var ones = Vector256.Create(0x7F800000u);
        for (; i <= count - Vector256<uint>.Count; i += Vector256<uint>.Count)
            if (Vector256.EqualsAny(Vector256.Load(values + i) & ones, ones))
                return false;
        for (; i < count; i++)
            if ((Unsafe.ReadUnaligned<uint>(values + i) & 0x7F800000u) == 0x7F800000u)
                return false;
        return true;
    }

    private static bool AllFinite64(ulong* values, long count)
    {
        long i = 0;
        var ones = Vector256.Create(0x7FF0000000000000ul);
        for (; i <= count - Vector256<ulong>.Count; i += Vector256<ulong>.Count)
            if (Vector256.EqualsAny(Vector256.Load(values + i) & ones, ones))
                return false;
        for (; i < count; i++)
            if ((Unsafe.ReadUnaligned<ulong>(values + i) & 0x7FF0000000000000ul) == 0x7FF0000000000000ul)
                return false;
        return true;
    }
}
