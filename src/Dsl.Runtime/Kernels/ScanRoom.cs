using System;
using System.Collections.Generic;
using System.Numerics;

namespace Dsl.Runtime;

/// <summary>
/// Where kernels of one thread keep states, adjoints and values of loops. It stays for the thread's next call: a call for one token would spend more on
/// new memory than on its work.
/// </summary>
internal sealed class ScanRoom<T>
    where T : unmanaged
{
    [ThreadStatic]
    private static ScanRoom<T>? ofThread;

    private readonly List<Vector<T>[]> scratch = [];
    private Vector<T>[] states = [];
    private Vector<T>[] bars = [];
    private Vector<T>[] before = [];
    private Vector<T>[] work = [];

    /// <summary>The room of the thread at hand.</summary>
    public static ScanRoom<T> OfThread => ofThread ??= new();

    /// <summary>Room for states.</summary>
    public Span<Vector<T>> States(int count) => AtLeast(ref states, count);

    /// <summary>Room for adjoints of states.</summary>
    public Span<Vector<T>> Bars(int count) => AtLeast(ref bars, count);

    /// <summary>Room for the states before each step of a stretch.</summary>
    public Span<Vector<T>> Before(int count) => AtLeast(ref before, count);

    /// <summary>Room for a copy of states that is written to.</summary>
    public Span<Vector<T>> Work(int count) => AtLeast(ref work, count);

    /// <summary>Room for a loop's values, all zero.</summary>
    public Span<Vector<T>> Scratch(int index, int count)
    {
        while (scratch.Count <= index)
        {
            scratch.Add([]);
        }

        Vector<T>[] room = scratch[index];
        Span<Vector<T>> span = AtLeast(ref room, Math.Max(count, 0));
        scratch[index] = room;
        span.Clear();
        return span;
    }

    private static Span<Vector<T>> AtLeast(scoped ref Vector<T>[] room, int count)
    {
        if (room.Length < count)
        {
            room = new Vector<T>[count];
        }

        return room.AsSpan(0, count);
    }
}
