using System;
using System.Collections.Generic;
using System.Linq;
using System.Numerics;
using System.Reflection;

namespace Dsl.Reference.Interpreting;

/// <summary>Indices on named axes: where a loop stands.</summary>
internal sealed class Place(IReadOnlyList<string> names)
{
    private readonly Dictionary<string, int> at = names.Select((name, i) => (name, i)).ToDictionary(p => p.name, p => p.i);

    internal int[] Index { get; } = new int[names.Count];

    internal int AxisOf(string name) => at.TryGetValue(name, out int axis) ? axis : -1;
}

/// <summary>
/// One argument of a user's function that lies in an array: its axes are bound by name to where the loop stands, a span walks the last one, a Complex is
/// two numbers along an axis after that. Axes of size one are written <c>1</c>.
/// </summary>
internal sealed class ArgumentReader
{
    private readonly int slot;
    private readonly NumberArray numbers;
    private readonly bool isSpan;
    private readonly bool isComplex;
    private readonly (int Axis, int Stride)[] bound;
    private readonly int length;
    private readonly int stride;

    /// <param name="function">Whose argument it is.</param>
    /// <param name="slot">Which of its parameters.</param>
    /// <param name="numbers">What it reads.</param>
    /// <param name="axes">The names of the array's axes.</param>
    /// <param name="place">The loop's axes.</param>
    /// <param name="walks">Whether a span walks the last axis; else it is the one element at the place.</param>
    internal ArgumentReader(UserFunction function, int slot, NumberArray numbers, IReadOnlyList<string> axes, Place place, bool walks = true)
    {
        ParameterInfo parameter = function.Parameters[slot];
        isSpan = UserFunction.IsSpan(parameter);
        isComplex = UserFunction.IsComplex(parameter);
        this.slot = slot;
        this.numbers = numbers;
        if (axes.Count != numbers.Shape.Length)
        {
            throw new InvalidOperationException($"'{parameter.Name}' of {function.Method.Name} has the axes {string.Join(" ", axes)}, but is {numbers}");
        }

        int[] strides = numbers.Strides();
        List<int> own = [.. Enumerable.Range(0, axes.Count).Where(a => axes[a] != "1")];
        if (isComplex)
        {
            own.RemoveAt(own.Count - 1);
        }

        (length, stride) = (1, 0);
        if (isSpan && walks)
        {
            (length, stride) = (numbers.Shape[own[^1]], strides[own[^1]]);
            own.RemoveAt(own.Count - 1);
        }

        bound = [.. own.Select(a => (place.AxisOf(axes[a]), strides[a]))];
        if (bound.Any(b => b.Item1 < 0))
        {
            throw new NotSupportedException($"an axis of '{parameter.Name}' of {function.Method.Name} ({string.Join(" ", axes)}) is none that the loop walks");
        }
    }

    /// <summary>Puts the argument at a place into its slot.</summary>
    internal void Read(CallSlots slots, Place place)
    {
        int at = 0;
        foreach ((int axis, int step) in bound)
        {
            at += place.Index[axis] * step;
        }

        double[] from = numbers.Values;
        switch (isSpan, isComplex)
        {
            case (false, false):
                slots.Numbers[slot] = from[at];
                break;
            case (false, true):
                slots.Complexes[slot] = new Complex(from[at], from[at + 1]);
                break;
            case (true, false):
                double[] span = slots.Spans[slot] ??= new double[length];
                for (int i = 0; i < length; i++)
                {
                    span[i] = from[at + (i * stride)];
                }

                break;
            default:
                slots.ComplexSpans[slot] = [.. Enumerable.Range(0, length).Select(i => new Complex(from[at + (i * stride)], from[at + (i * stride) + 1]))];
                break;
        }
    }
}
