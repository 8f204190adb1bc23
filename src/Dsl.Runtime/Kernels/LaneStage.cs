using System;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace Dsl.Runtime;

/// <summary>
/// A stretch of an operand, a result or a gradient, [time, span, width], dense and in memory of one thread: kernels read and write whole vectors only, and
/// spans a vector after another. Lanes that do not fill a vector are laid out as if they did, and what is summed over the lanes is summed here, once a
/// stretch.
/// </summary>
internal sealed class LaneStage<T>
    where T : unmanaged
{
    private T[] room = [];
    private ScanSlot outside;
    private int from;
    private int steps;

    private static int Width => Vector<T>.Count;

    /// <summary>The slot's values; unused lanes repeat the first one, so that they meet no number that the others do not.</summary>
    public ScanSlot Filled(in ScanSlot slot, int begin, int end, int lanes)
    {
        ScanSlot inside = Aim(slot, begin, end);
        for (int row = 0; row < steps * slot.Count; row++)
        {
            ScanPass<T>.Partial(ref Outside(row), lanes).CopyTo(room, row * Width);
        }

        return inside;
    }

    /// <summary>Zeros, to be added to.</summary>
    public ScanSlot Cleared(in ScanSlot slot, int begin, int end)
    {
        ScanSlot inside = Aim(slot, begin, end);
        room.AsSpan(0, steps * slot.Count * Width).Clear();
        return inside;
    }

    /// <summary>Puts the first lanes where the slot lies.</summary>
    public void Store(int lanes)
    {
        for (int row = 0; row < steps * outside.Count; row++)
        {
            ScanPass<T>.Partial(ref Outside(row), lanes, new Vector<T>(room, row * Width));
        }
    }

    /// <summary>Adds the first lanes to what lies in the slot.</summary>
    public void Add(int lanes)
    {
        for (int row = 0; row < steps * outside.Count; row++)
        {
            ref T at = ref Outside(row);
            ScanPass<T>.Partial(ref at, lanes, ScanPass<T>.Partial(ref at, lanes) + new Vector<T>(room, row * Width));
        }
    }

    /// <summary>Adds the sum over the first lanes to what lies in the slot, and begins again at zero.</summary>
    public void Sum(int lanes)
    {
        for (int row = 0; row < steps * outside.Count; row++)
        {
            ref T at = ref Outside(row);
            at = Plus(at, SumOf(new Vector<T>(room, row * Width), lanes));
        }

        room.AsSpan(0, steps * outside.Count * Width).Clear();
    }

    private static T SumOf(Vector<T> values, int lanes)
    {
        if (lanes == Width)
        {
            return Vector.Sum(values);
        }

        T sum = values[0];
        for (int i = 1; i < lanes; i++)
        {
            sum = Plus(sum, values[i]);
        }

        return sum;
    }

    private static T Plus(T left, T right) => (new Vector<T>(left) + new Vector<T>(right))[0];

    private unsafe ScanSlot Aim(in ScanSlot slot, int begin, int end)
    {
        (outside, from, steps) = (slot, begin, slot.Time == 0 ? 1 : end - begin);
        int length = steps * slot.Count * Width;
        if (room.Length < length)
        {
            room = GC.AllocateUninitializedArray<T>(length, pinned: true);
        }

        nint time = slot.Time == 0 ? 0 : slot.Count * Width;
        nint start = length == 0 ? 0 : (nint)Unsafe.AsPointer(ref room[0]);
        return new ScanSlot { Pointer = start - (begin * time * Unsafe.SizeOf<T>()), Time = time, Span = Width, Count = slot.Count };
    }

    private unsafe ref T Outside(int row) =>
        ref Unsafe.AsRef<T>((T*)outside.Pointer + ((from + (row / outside.Count)) * outside.Time) + ((nint)(row % outside.Count) * outside.Span));
}
