using System;
using Dsl.Generators.Model;
using Dsl.Reference.Interpreting;
using Ops = Dsl.Generators.Parts;

namespace Dsl.Reference.Parts;

/// <summary>Adds the row at position + offset.</summary>
internal sealed class PositionsReference : PartReference<Ops.Positions>
{
    protected override void Compute(Node node, Ops.Positions operation, Frame frame)
    {
        NumberArray x = frame.Get(node.Inputs[0]);
        TimeAxis time = frame.TimeOf(node.Inputs[0]);
        int rows = frame.SizeOf(operation.Rows), width = frame.SizeOf(operation.Width), offset = (int)frame.Number(operation.Offset);
        NumberArray table = frame.Weight(Frame.Below(operation.Key, "weight"), rows, width);
        NumberArray y = x.Clone();
        for (int i = 0; i < y.Count; i++)
        {
            int token = i / width, position = time.Position(token / time.Length, token % time.Length) + offset;
            y.Values[i] += position < rows
                ? table.Values[(position * width) + (i % width)]
                : throw new InvalidOperationException($"position {position} lies beyond the {rows} rows of '{operation.Key}'");
        }

        frame.Set(node.Output, y);
    }
}
