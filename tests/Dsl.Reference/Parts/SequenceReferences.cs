using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Model;
using Dsl.Reference.Interpreting;
using Ops = Dsl.Generators.Parts;

namespace Dsl.Reference.Parts;

/// <summary>Each row's real tokens of the first value, then those of the second, ...</summary>
internal sealed class JoinReference : PartReference<Ops.Join>
{
    protected override void Compute(Node node, Ops.Join operation, Frame frame)
    {
        TimeFirst[] parts = [.. node.Inputs.Select(i => new TimeFirst(i, frame))];
        int rows = parts[0].Time.Rows, width = parts[0].Numbers.Last, length = parts.Sum(p => p.Time.Length);
        NumberArray y = NumberArray.Zeros(rows, length, width);
        for (int row = 0; row < rows; row++)
        {
            int next = 0;
            foreach (bool real in new[] { true, false })
            {
                foreach (TimeFirst part in parts)
                {
                    foreach (int token in Enumerable.Range(0, part.Time.Length).Where(t => part.Time.IsReal(row, t) == real))
                    {
                        for (int i = 0; i < width; i++)
                        {
                            y[row, next, i] = part.Numbers[row, token, i];
                        }

                        next++;
                    }
                }
            }
        }

        frame.Open(operation.Along, length, [.. Enumerable.Range(0, rows).Select(row => parts.Sum(p => p.Time.Count(row)))]);
        frame.Set(node.Output, y.Reshape([rows, length, .. frame.Get(node.Inputs[0]).Shape[2..]]));
    }
}

/// <summary>A run of each row's real tokens.</summary>
internal sealed class SliceTimeReference : PartReference<Ops.SliceTime>
{
    protected override void Compute(Node node, Ops.SliceTime operation, Frame frame)
    {
        var x = new TimeFirst(node.Inputs[0], frame);
        int start = frame.SizeOf(operation.Start), length = operation.Length is { } size ? frame.SizeOf(size) : x.Time.Length - start;
        NumberArray y = NumberArray.Zeros(x.Time.Rows, length, x.Numbers.Last);
        for (int row = 0; row < x.Time.Rows; row++)
        {
            int[] order = [.. Enumerable.Range(0, x.Time.Length).OrderBy(t => x.Time.IsReal(row, t) ? 0 : 1)];
            for (int i = 0; i < length * y.Last; i++)
            {
                y[row, i / y.Last, i % y.Last] = x.Numbers[row, order[start + (i / y.Last)], i % y.Last];
            }
        }

        frame.Open(operation.Axis, length, [.. Enumerable.Range(0, x.Time.Rows).Select(row => Math.Clamp(x.Time.Count(row) - start, 0, length))]);
        frame.Set(node.Output, y.Reshape([x.Time.Rows, length, .. frame.Get(node.Inputs[0]).Shape[2..]]));
    }
}

/// <summary>The same numbers for each row.</summary>
internal sealed class ExpandReference : PartReference<Ops.Expand>
{
    protected override void Compute(Node node, Ops.Expand operation, Frame frame)
    {
        NumberArray one = frame.Get(node.Inputs[1]);
        int rows = frame.Get(node.Inputs[0]).Shape[0];
        int[] shape = one.Shape.Length == 1 ? [rows, 1, one.Shape[0]] : [rows, .. one.Shape];
        frame.Set(node.Output, new NumberArray(shape, [.. Enumerable.Range(0, rows).SelectMany(_ => one.Values)]));
    }
}

/// <summary>A row's n-th real token whose id the predicate holds for becomes the n-th real row of the value, where it has so many.</summary>
internal sealed class SpliceReference : PartReference<Ops.Splice>
{
    protected override void Compute(Node node, Ops.Splice operation, Frame frame)
    {
        var (x, rows) = (new TimeFirst(node.Inputs[0], frame), new TimeFirst(node.Inputs[2], frame));
        NumberArray ids = frame.Get(node.Inputs[1]), y = x.Numbers.Clone();
        for (int row = 0; row < x.Time.Rows; row++)
        {
            int[] real = [.. Enumerable.Range(0, rows.Time.Length).Where(t => rows.Time.IsReal(row, t))];
            int[] places = [.. Enumerable.Range(0, x.Time.Length).Where(t => x.Time.IsReal(row, t) && Holds(operation, frame, (int)ids[row, t]))];
            foreach ((int place, int from) in places.Zip(real))
            {
                for (int i = 0; i < y.Last; i++)
                {
                    y[row, place, i] = rows.Numbers[row, from, i];
                }
            }
        }

        frame.Set(node.Output, x.Back(y));
    }

    internal static bool Holds(Ops.Splice operation, Frame frame, int id)
    {
        UserFunction where = frame.Run.Function(operation.Where);
        CallSlots slots = where.NewSlots(frame.Run);
        slots.Indices[0] = id;
        return where.Call(slots) != 0;
    }
}

/// <summary>Adds the row of a value at position + offset.</summary>
internal sealed class AddRowsReference : PartReference<Ops.AddRows>
{
    protected override void Compute(Node node, Ops.AddRows operation, Frame frame)
    {
        NumberArray y = frame.Get(node.Inputs[0]).Clone(), table = frame.Get(node.Inputs[1]);
        TimeAxis time = frame.TimeOf(node.Inputs[0]);
        int offset = (int)frame.Number(operation.Offset);
        for (int i = 0; i < y.Count; i++)
        {
            int token = i / y.Last, position = time.Position(token / time.Length, token % time.Length) + offset;
            y.Values[i] += position < table.Shape[0] ? table[position, i % y.Last]
                : throw new InvalidOperationException($"position {position} lies beyond the {table.Shape[0]} rows of a table");
        }

        frame.Set(node.Output, y);
    }
}
