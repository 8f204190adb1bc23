using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Model;
using Dsl.Reference.Interpreting;

namespace Dsl.Reference.Parts;

/// <summary>A value with its batch and time axes first, wherever the declaration has put them, and all others as one: [b, t, n].</summary>
internal readonly struct TimeFirst
{
    private readonly int[] order;
    private readonly int[] shape;

    internal TimeFirst(Value value, Frame frame)
    {
        NumberArray numbers = frame.Get(value);
        Time = frame.TimeOf(value);
        List<string> names = [.. value.Axes.Select(a => a.Name)];
        int batch = names.IndexOf("b"), time = names.IndexOf(value.TimeAxis!);
        order = [batch, time, .. Enumerable.Range(0, names.Count).Where(a => a != batch && a != time)];
        NumberArray turned = numbers.Permute(order);
        shape = turned.Shape;
        Numbers = turned.Reshape(shape[0], shape[1], numbers.Count == 0 ? 0 : numbers.Count / (shape[0] * shape[1]));
    }

    internal TimeAxis Time { get; }

    /// <summary>[b, t, n].</summary>
    internal NumberArray Numbers { get; }

    /// <summary>Numbers [b, t, n] with the value's own axes in their own order.</summary>
    internal NumberArray Back(NumberArray numbers)
    {
        int[] back = [.. Enumerable.Range(0, order.Length)];
        System.Array.Sort(order.ToArray(), back);
        return numbers.Reshape(shape).Permute(back);
    }
}
