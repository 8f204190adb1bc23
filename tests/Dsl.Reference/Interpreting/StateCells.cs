using System;
using System.Collections.Generic;
using System.Linq;
using System.Numerics;
using System.Reflection;

namespace Dsl.Reference.Interpreting;

/// <summary>A state of a recurrence at one place: a number, or as many as its bracketed axes have.</summary>
internal sealed class StateCells
{
    private readonly ParameterInfo parameter;
    private readonly int slot;
    private readonly int count;
    private readonly double start;

    private StateCells(ParameterInfo parameter, int slot, int count)
    {
        this.parameter = parameter;
        this.slot = slot;
        this.count = count;
        start = parameter.GetCustomAttribute<StartAttribute>()?.Value ?? 0;
    }

    /// <exception cref="NotSupportedException">The state lacks an axis along which the values differ: whose it would be is not said.</exception>
    internal static List<StateCells> Of(UserFunction function, string axes, IReadOnlyDictionary<string, int> sizes, Place place)
    {
        (string[] parallel, string[] seen) = AxisText.State(axes);
        var states = new List<StateCells>();
        for (int i = 0; i < function.Parameters.Length; i++)
        {
            if (UserFunction.IsState(function.Parameters[i]))
            {
                states.Add(new StateCells(function.Parameters[i], i, seen.Aggregate(1, (product, name) =>
                    product * (int.TryParse(name, out int fixedSize) ? fixedSize : sizes[name]))));
            }
        }

        return states.Count == 0 || parallel.Length == place.Index.Length - 1
            ? states
            : throw new NotSupportedException($"the state [{axes}] of {function.Method.Name} does not have the axes of its values");
    }

    /// <summary>The state before the first token.</summary>
    internal void Begin(CallSlots slots)
    {
        if (UserFunction.IsSpan(parameter))
        {
            slots.Spans[slot] = [.. Enumerable.Repeat(start, count)];
            slots.ComplexSpans[slot] = [.. Enumerable.Repeat(new Complex(start, 0), count)];
        }

        slots.Numbers[slot] = start;
        slots.Complexes[slot] = start;
    }
}
