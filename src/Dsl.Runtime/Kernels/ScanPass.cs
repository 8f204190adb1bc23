using System;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Dsl.Runtime;

/// <summary>Where an operand, a result or a gradient lies for the lanes at hand. Strides count elements.</summary>
internal struct ScanSlot
{
    public nint Pointer;
    public nint Time;
    public int Span;
    public int Count;
}

/// <summary>An operand as the lanes of one vector see it.</summary>
public readonly ref struct ScanValues<T>
    where T : unmanaged
{
    private readonly ref T origin;
    private readonly nint time;

    internal unsafe ScanValues(in ScanSlot slot)
    {
        origin = ref Unsafe.AsRef<T>((void*)slot.Pointer);
        time = slot.Time;
    }

    /// <summary>A value per lane.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector<T> Lanes(int t) => Vector.LoadUnsafe(ref Unsafe.Add(ref origin, t * time));

    /// <summary>One value for all lanes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector<T> Same(int t) => new(Unsafe.Add(ref origin, t * time));

    /// <summary>The span of a step.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ScanRow<T> Row(int t) => new(ref Unsafe.Add(ref origin, t * time));
}

/// <summary>The span of an operand at one step, dense: a vector after another, or a number after another where all lanes share them.</summary>
public readonly ref struct ScanRow<T>
    where T : unmanaged
{
    private readonly ref T origin;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal ScanRow(ref T origin) => this.origin = ref origin;

    /// <summary>An element, a value per lane.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector<T> Lanes(int n) => Vector.LoadUnsafe(ref Unsafe.Add(ref origin, n * Vector<T>.Count));

    /// <summary>An element, one value for all lanes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector<T> Same(int n) => new(Unsafe.Add(ref origin, n));
}

/// <summary>A gradient as the lanes of one vector add to it; nothing where nobody asks for it.</summary>
public readonly ref struct ScanGradient<T>
    where T : unmanaged
{
    private readonly ref T origin;
    private readonly nint time;

    internal unsafe ScanGradient(in ScanSlot slot)
    {
        origin = ref Unsafe.AsRef<T>((void*)slot.Pointer);
        time = slot.Time;
    }

    /// <summary>Adds a value per lane.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(int t, Vector<T> value)
    {
        if (!Unsafe.IsNullRef(ref origin))
        {
            ref T at = ref Unsafe.Add(ref origin, t * time);
            (Vector.LoadUnsafe(ref at) + value).StoreUnsafe(ref at);
        }
    }

    /// <summary>Adds the sum over the lanes: here lane by lane, and over them once a stretch.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void AddSum(int t, Vector<T> value) => Add(t, value);

    /// <summary>The span of a step.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ScanGradientRow<T> Row(int t) => Unsafe.IsNullRef(ref origin) ? default : new(ref Unsafe.Add(ref origin, t * time));
}

/// <summary>The span of a gradient at one step, a vector after another.</summary>
public readonly ref struct ScanGradientRow<T>
    where T : unmanaged
{
    private readonly ref T origin;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal ScanGradientRow(ref T origin) => this.origin = ref origin;

    /// <summary>Adds a value per lane to an element.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(int n, Vector<T> value)
    {
        if (!Unsafe.IsNullRef(ref origin))
        {
            ref T at = ref Unsafe.Add(ref origin, n * Vector<T>.Count);
            (Vector.LoadUnsafe(ref at) + value).StoreUnsafe(ref at);
        }
    }

    /// <summary>Adds the sum over the lanes to an element: here lane by lane, and over them once a stretch.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void AddSum(int n, Vector<T> value) => Add(n, value);
}

/// <summary>A stretch of time for the lanes of one vector: what a kernel's step reads and writes.</summary>
public ref struct ScanPass<T>
    where T : unmanaged
{
    internal ReadOnlySpan<ScanSlot> Operands;
    internal ReadOnlySpan<ScanSlot> Gradients;
    internal ScanSlot ResultSlot;
    internal ScanSlot ResultGradient;
    internal ReadOnlySpan<byte> Real;
    internal ReadOnlySpan<int> Positions;
    internal ReadOnlySpan<double> Settings;
    internal ReadOnlySpan<int> Offsets;
    internal Span<Vector<T>> States;
    internal Span<Vector<T>> Bars;
    internal Span<Vector<T>> Kept;
    internal Span<Vector<T>> Work;
    internal ScanRoom<T> Room;

    /// <summary>The first step.</summary>
    public int From { get; internal set; }

    /// <summary>The step after the last one.</summary>
    public int To { get; internal set; }

    /// <summary>The state before each step is wanted.</summary>
    public bool Keeping { get; internal set; }

    /// <summary>An operand.</summary>
    public readonly ScanValues<T> Operand(int index) => new(Operands[index]);

    /// <summary>The gradient of an operand.</summary>
    public readonly ScanGradient<T> Gradient(int index) => new(Gradients[index]);

    /// <summary>The length of an operand's span.</summary>
    public readonly int Count(int index) => Operands[index].Count;

    /// <summary>A number of the config.</summary>
    public readonly double Setting(int index) => Settings[index];

    /// <summary>A state of one value.</summary>
    public readonly ref Vector<T> State(int index) => ref States[Offsets[index]];

    /// <summary>A state that is a span.</summary>
    public readonly Span<Vector<T>> StateSpan(int index) => States[Offsets[index]..Offsets[index + 1]];

    /// <summary>The adjoint of a state of one value.</summary>
    public readonly ref Vector<T> StateBar(int index) => ref Bars[Offsets[index]];

    /// <summary>The adjoint of a state that is a span.</summary>
    public readonly Span<Vector<T>> StateBarSpan(int index) => Bars[Offsets[index]..Offsets[index + 1]];

    /// <summary>Keeps the state before a step.</summary>
    public readonly void Keep(int t) => States.CopyTo(Kept[((t - From) * States.Length)..]);

    /// <summary>A state of one value as it was before a step.</summary>
    public readonly Vector<T> Before(int t, int index) => Kept[((t - From) * States.Length) + Offsets[index]];

    /// <summary>A state that is a span as it was before a step.</summary>
    public readonly ReadOnlySpan<Vector<T>> BeforeSpan(int t, int index) =>
        Kept.Slice(((t - From) * States.Length) + Offsets[index], Offsets[index + 1] - Offsets[index]);

    /// <summary>A copy of a state before a step, to be written to.</summary>
    public readonly Span<Vector<T>> Restored(int t, int index)
    {
        Span<Vector<T>> work = Work[Offsets[index]..Offsets[index + 1]];
        BeforeSpan(t, index).CopyTo(work);
        return work;
    }

    /// <summary>Room for a loop's values, all zero.</summary>
    public readonly Span<Vector<T>> Scratch(int index, int count) => Room.Scratch(index, count);

    /// <summary>Whether a step is padding, which leaves the state as it was.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly bool IsPadding(int t) => Real.Length > 0 && Real[t] == 0;

    /// <summary>The position of a step, counted from the row's first real token.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly int Position(int t) => Positions[t];

    /// <summary>The result of a step.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly unsafe void SetResult(int t, Vector<T> value)
    {
        if (ResultSlot.Pointer != 0)
        {
            value.StoreUnsafe(ref Unsafe.AsRef<T>((T*)ResultSlot.Pointer + (t * ResultSlot.Time)));
        }
    }

    /// <summary>The gradient of a step's result.</summary>
    public readonly Vector<T> ResultBar(int t) => ResultGradient.Pointer == 0 ? Vector<T>.Zero : new ScanValues<T>(ResultGradient).Lanes(t);

    /// <summary>An index into an operand's span, or an error.</summary>
    /// <exception cref="IndexOutOfRangeException">It is outside of the span.</exception>
    public readonly int Checked(int index, int operand) =>
        (uint)index < (uint)Operands[operand].Count
            ? index
            : throw new IndexOutOfRangeException($"Element {index} of a span of {Operands[operand].Count} does not exist.");

    // Unused lanes repeat the first one.
    internal static Vector<T> Partial(ref T at, int lanes)
    {
        if (lanes == Vector<T>.Count)
        {
            return Vector.LoadUnsafe(ref at);
        }

        Vector<T> value = new(at);
        for (int i = 1; i < lanes; i++)
        {
            value = value.WithElement(i, Unsafe.Add(ref at, i));
        }

        return value;
    }

    internal static void Partial(ref T at, int lanes, Vector<T> value)
    {
        if (lanes == Vector<T>.Count)
        {
            value.StoreUnsafe(ref at);
            return;
        }

        for (int i = 0; i < lanes; i++)
        {
            Unsafe.Add(ref at, i) = value[i];
        }
    }
}
