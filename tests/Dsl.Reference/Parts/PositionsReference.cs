using System;
using Dsl.Generators.Lowering;
using Dsl.Reference.Interpreting;

namespace Dsl.Reference.Parts;

/// <summary>Adds the row at position + offset.</summary>
internal sealed class PositionsReference : PartReference<PositionsNode>
{
    protected override void Compute(PositionsNode node, Frame frame)
    {
        NumberArray x = frame.Get(node.Inputs[0]);
        TimeAxis time = frame.TimeOf(node.Inputs[0]);
        int rows = frame.SizeOf(node.Rows), width = frame.SizeOf(node.Width), offset = (int)frame.Number(node.Offset);
        NumberArray table = frame.Weight(Frame.Below(node.Key, "weight"), rows, width);
        NumberArray y = x.Clone();
        for (int i = 0; i < y.Count; i++)
        {
            int token = i / width, position = time.Position(token / time.Length, token % time.Length) + offset;
            y.Values[i] += position < rows
                ? table.Values[(position * width) + (i % width)]
                : throw new InvalidOperationException($"position {position} lies beyond the {rows} rows of '{node.Key}'");
        }

        frame.Set(node.Output, y);
    }
}
