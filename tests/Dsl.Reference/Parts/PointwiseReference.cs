using System;
using System.Collections.Generic;
using System.Linq;
using System.Reflection;
using Dsl.Generators.Model;
using Dsl.Reference.Interpreting;
using Ops = Dsl.Generators.Parts;
using Place = Dsl.Reference.Interpreting.Place;

namespace Dsl.Reference.Parts;

/// <summary>The user's function of the values at each place; its weights by the names of their axes (<c>d</c>: the last axis).</summary>
internal sealed class PointwiseReference : PartReference<Ops.Pointwise>
{
    protected override void Compute(Node node, Ops.Pointwise operation, Frame frame)
    {
        UserFunction function = frame.Run.Function(operation.Function);
        string[] names = [.. node.Inputs[0].Axes.Select((a, i) => AxisName(a, i, node.Inputs[0]))];
        var place = new Place(names);
        var readers = new List<ArgumentReader>();
        int next = 0;
        for (int i = 0; i < function.Parameters.Length; i++)
        {
            if (function.Parameters[i].GetCustomAttribute<ParameterAttribute>() is { } weight)
            {
                string[] axes = [.. weight.Axes.Split(' ', StringSplitOptions.RemoveEmptyEntries)
                    .Select(a => a == "d" && !names.Contains("d") ? names[^1] : a)];
                readers.Add(new ArgumentReader(function, i, frame.Weight(weight.Key, ShapeOf(node, operation, frame, weight)), axes, place));
            }
            else if (UserFunction.IsValue(function.Parameters[i]))
            {
                NumberArray value = frame.Get(node.Inputs[next++]);
                Elementwise.RequireEqual(frame.Get(node.Inputs[0]), value);
                readers.Add(new ArgumentReader(function, i, value, names, place));
            }
        }

        CallSlots slots = function.NewSlots(frame.Run);
        Indices.Set(function, slots, ("layer", frame.Layer));
        NumberArray y = NumberArray.Zeros(frame.Get(node.Inputs[0]).Shape);
        Loops.Over(y.Shape, place.Index, at =>
        {
            readers.ForEach(reader => reader.Read(slots, place));
            y.Values[at] = function.Call(slots);
        });
        frame.Set(node.Output, y);
    }

    /// <summary>A name is an axis once: where two axes of a value are called alike, the last one is.</summary>
    private static string AxisName(Axis axis, int index, Value value) =>
        value.Axes.Skip(index + 1).Any(a => a.Name == axis.Name) ? $"{axis.Name}#{index}" : axis.Name;

    private static int[] ShapeOf(Node node, Ops.Pointwise operation, Frame frame, ParameterAttribute weight) =>
        [.. operation.Function.Weights.Single(w => w.Key == weight.Key).Shape.Select(frame.SizeOf)];
}
