using System;
using System.Linq;
using System.Numerics;
using System.Reflection;
using Dsl.Generators.Model;
using Dsl.Reference.Interpreting;
using FunctionWeight = Dsl.Reference.Interpreting.FunctionWeight;
using Ops = Dsl.Generators.Parts;
using Place = Dsl.Reference.Interpreting.Place;

namespace Dsl.Reference.Parts;

/// <summary>The read-out that a step derives from a transfer function's: as the user's own function turns it from the buffer's length into none.</summary>
internal static class TransferReference
{
    /// <summary>The read-out of the step, with the axes of the stored one.</summary>
    internal static (NumberArray Numbers, string[] Names) ReadOut(Node node, Ops.Recurrence operation, Frame frame)
    {
        Ops.TransferUse transfer = operation.Transfer ?? throw new NotSupportedException("a derived argument without a transfer function");
        UserFunction kernel = frame.Run.Function(transfer.Function), lengthen = frame.Run.Function(transfer.Lengthen);
        (NumberArray stored, string[] names) = Weight(node, operation, kernel, transfer.ReadOut, frame);
        int nodes = (int)frame.Weight(transfer.Nodes, []).Values[0];
        if (nodes == 0)
        {
            return (stored, names);
        }

        string[] channels = AxisText.Names(kernel.Method.GetCustomAttribute<TransferAttribute>()!.Axes);
        var place = new Place(channels);
        int readOut = Array.FindIndex(lengthen.Parameters, UserFunction.IsSpan);
        ArgumentReader[] readers = [.. lengthen.Parameters.Select((p, i) => (p, i))
            .Where(a => a.i != readOut && !UserFunction.IsIndex(a.p) && !UserFunction.IsConfig(a.p))
            .Select(a => Weight(node, operation, kernel, a.p.Name!, frame) is var (numbers, own)
                ? new ArgumentReader(lengthen, a.i, numbers, own, place) : null!)];
        int last = Array.FindLastIndex(names, n => n is not ("1" or "2"));
        bool walks = !channels.Contains(names[last]);
        var own = new ArgumentReader(lengthen, readOut, stored, names, place, walks);
        CallSlots slots = lengthen.NewSlots(frame.Run);
        int[] counts = [.. Enumerable.Range(0, lengthen.Parameters.Length).Where(i => UserFunction.IsIndex(lengthen.Parameters[i]))];
        (slots.Indices[counts[0]], slots.Indices[counts[1]]) = (nodes, 0);
        NumberArray result = stored.Clone();
        int[] sizes = [.. channels.Select(c => stored.Shape[Array.IndexOf(names, c)])];
        int[] strides = stored.Strides();
        Loops.Over(sizes, place.Index, _ =>
        {
            foreach (ArgumentReader reader in readers.Append(own))
            {
                reader.Read(slots, place);
            }

            lengthen.Call(slots);
            int at = channels.Select((c, i) => place.Index[i] * strides[Array.IndexOf(names, c)]).Sum();
            int step = walks ? strides[last] : 0;
            for (int n = 0; n < slots.ComplexSpans[readOut].Length; n++)
            {
                Complex value = slots.ComplexSpans[readOut][n];
                (result.Values[at + (n * step)], result.Values[at + (n * step) + 1]) = (value.Real, value.Imaginary);
            }
        });
        return (result, names);
    }

    /// <summary>A weight by the name of an argument: the transfer function's own, else the step's.</summary>
    private static (NumberArray Numbers, string[] Names) Weight(Node node, Ops.Recurrence operation, UserFunction kernel, string name, Frame frame)
    {
        UserFunction step = frame.Run.Function(operation.Function);
        ParameterAttribute declared = kernel.Parameters.Concat(step.Parameters).Where(p => p.Name == name)
            .Select(p => p.GetCustomAttribute<ParameterAttribute>()).First(p => p is not null)!;
        return FunctionWeight.Of(operation.Function, name, declared, frame);
    }
}
