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

/// <summary>
/// The user's step, token by token along time and by itself at each place of all other axes. A padded token leaves the state as it was and gives 0.
/// </summary>
internal sealed class RecurrenceReference : PartReference<Ops.Recurrence>
{
    protected override void Compute(Node node, Ops.Recurrence operation, Frame frame)
    {
        UserFunction function = frame.Run.Function(operation.Function);
        var declared = function.Method.GetCustomAttribute<RecurrenceAttribute>()!;
        string[] axes = AxisText.Names(declared.Axes);
        Dictionary<string, int> sizes = SizesOf(node, operation, frame, function, axes);
        string[] parallel = [.. axes.Where(a => !IsTime(a))];
        var place = new Place([.. parallel, .. axes.Where(IsTime)]);
        List<ArgumentReader> readers = ReadersOf(node, operation, frame, function, axes, place);
        var states = StateCells.Of(function, declared.State, sizes, place);
        TimeAxis time = frame.TimeOf(node.Inputs[0]);
        NumberArray y = NumberArray.Zeros([.. parallel.Select(a => sizes[a]), time.Length]);
        CallSlots slots = function.NewSlots(frame.Run);
        int batch = place.AxisOf("b");
        bool asksIndices = function.IndexNames.Any(name => name is not null);
        Loops.Over(y.Shape[..^1], place.Index, at =>
        {
            states.ForEach(state => state.Begin(slots));
            for (int token = 0; token < time.Length; token++)
            {
                int row = place.Index[batch];
                if (!time.IsReal(row, token))
                {
                    continue;
                }

                place.Index[^1] = token;
                readers.ForEach(reader => reader.Read(slots, place));
                if (asksIndices)
                {
                    Indices.Set(function, slots, [("layer", frame.Layer), ("position", time.Position(row, token)), .. Own(parallel, place)]);
                }

                y.Values[(at * time.Length) + token] = function.Call(slots);
            }
        });
        string[] made = [.. parallel, .. axes.Where(IsTime)];
        frame.Set(node.Output, y.Permute([.. axes.Select(a => Array.IndexOf(made, a))]));
    }

    internal static bool IsTime(string axis) => axis is "t" or "s";

    /// <summary><c>head</c> is the place on the axis h, <c>channel</c> that on the axis d.</summary>
    private static (string, int)[] Own(string[] parallel, Place place) =>
        [.. parallel.Select((name, i) => (name switch { "h" => "head", "d" => "channel", _ => name }, place.Index[i]))];

    private static List<ArgumentReader> ReadersOf(Node node, Ops.Recurrence operation, Frame frame, UserFunction function, string[] axes, Place place)
    {
        var readers = new List<ArgumentReader>();
        int next = 0;
        for (int i = 0; i < function.Parameters.Length; i++)
        {
            ParameterInfo parameter = function.Parameters[i];
            if (parameter.GetCustomAttribute<ParameterAttribute>() is { } weight)
            {
                (NumberArray numbers, string[] names) = FunctionWeight.Of(operation.Function, parameter.Name!, weight, frame);
                readers.Add(new ArgumentReader(function, i, numbers, names, place));
            }
            else if (parameter.GetCustomAttribute<DerivedAttribute>() is not null)
            {
                (NumberArray numbers, string[] names) = TransferReference.ReadOut(node, operation, frame);
                readers.Add(new ArgumentReader(function, i, numbers, names, place));
            }
            else if (UserFunction.IsValue(parameter))
            {
                string[] names = parameter.GetCustomAttribute<AxesAttribute>() is { } own ? AxisText.Names(own.Axes) : axes;
                readers.Add(new ArgumentReader(function, i, frame.Get(node.Inputs[next++]), names, place));
            }
        }

        return readers;
    }

    /// <summary>The size of every axis that a value or a weight names.</summary>
    private static Dictionary<string, int> SizesOf(Node node, Ops.Recurrence operation, Frame frame, UserFunction function, string[] axes)
    {
        var sizes = new Dictionary<string, int>();
        void Take(IReadOnlyList<string> names, int[] shape)
        {
            foreach ((string name, int size) in names.Zip(shape))
            {
                if (!sizes.TryAdd(name, size) && sizes[name] != size && name is not ("1" or "2"))
                {
                    throw new InvalidOperationException($"axis {name} of {function.Method.Name} is {sizes[name]} and {size}");
                }
            }
        }

        int next = 0;
        foreach (ParameterInfo parameter in function.Parameters)
        {
            if (parameter.GetCustomAttribute<ParameterAttribute>() is { } weight)
            {
                (NumberArray numbers, string[] names) = FunctionWeight.Of(operation.Function, parameter.Name!, weight, frame);
                Take(names, numbers.Shape);
            }
            else if (parameter.GetCustomAttribute<DerivedAttribute>() is not null)
            {
                (NumberArray numbers, string[] names) = TransferReference.ReadOut(node, operation, frame);
                Take(names, numbers.Shape);
            }
            else if (UserFunction.IsValue(parameter))
            {
                string[] names = parameter.GetCustomAttribute<AxesAttribute>() is { } own ? AxisText.Names(own.Axes) : axes;
                Take(names, frame.Get(node.Inputs[next++]).Shape);
            }
        }

        return sizes;
    }
}
