using System;
using System.Collections.Generic;
using System.Linq;
using System.Reflection;
using Dsl.Generators.Model;
using Dsl.Reference.Interpreting;
using FunctionWeight = Dsl.Reference.Interpreting.FunctionWeight;
using Ops = Dsl.Generators.Parts;
using Place = Dsl.Reference.Interpreting.Place;

namespace Dsl.Reference.Parts;

/// <summary>The user's function at each place of the axes that it says; padding is a place like any other.</summary>
internal sealed class AxisFunctionReference : PartReference<Ops.AxisFunction>
{
    protected override void Compute(Node node, Ops.AxisFunction operation, Frame frame)
    {
        UserFunction function = frame.Run.Function(operation.Function);
        string[] axes = AxisText.Names(function.Method.GetCustomAttribute<PointwiseAttribute>()!.Axes);
        var place = new Place(axes);
        var readers = new List<ArgumentReader>();
        var sizes = new Dictionary<string, int>();
        int next = 0;
        for (int i = 0; i < function.Parameters.Length; i++)
        {
            ParameterInfo parameter = function.Parameters[i];
            (NumberArray Numbers, string[] Names)? read = parameter.GetCustomAttribute<ParameterAttribute>() is { } weight
                ? FunctionWeight.Of(operation.Function, parameter.Name!, weight, frame)
                : UserFunction.IsValue(parameter)
                    ? (frame.Get(node.Inputs[next++]), parameter.GetCustomAttribute<AxesAttribute>() is { } own ? AxisText.Names(own.Axes) : axes)
                    : null;
            if (read is not { } found)
            {
                continue;
            }

            readers.Add(new ArgumentReader(function, i, found.Numbers, found.Names, place));
            foreach ((string name, int size) in found.Names.Zip(found.Numbers.Shape).Where(pair => pair.First != "1"))
            {
                if (!sizes.TryAdd(name, size) && sizes[name] != size)
                {
                    throw new InvalidOperationException($"axis {name} of {function.Method.Name} is {sizes[name]} and {size}");
                }
            }
        }

        CallSlots slots = function.NewSlots(frame.Run);
        Indices.Set(function, slots, ("layer", frame.Layer));
        NumberArray y = NumberArray.Zeros([.. axes.Select(a => sizes[a])]);
        Loops.Over(y.Shape, place.Index, at =>
        {
            readers.ForEach(reader => reader.Read(slots, place));
            y.Values[at] = function.Call(slots);
        });
        frame.Set(node.Output, y);
    }
}
