using System;
using Dsl.Generators.Lowering;
using Dsl.Reference.Interpreting;

namespace Dsl.Reference.Parts;

/// <summary>The table's row of each id.</summary>
internal sealed class EmbeddingReference : PartReference<EmbeddingNode>
{
    protected override void Compute(EmbeddingNode node, Frame frame)
    {
        NumberArray ids = frame.Get(node.Inputs[0]);
        int rows = frame.SizeOf(node.Rows), width = frame.SizeOf(node.Width);
        NumberArray table = frame.Weight(Frame.Below(node.Key, "weight"), rows, width);
        frame.Run.LookUps.Add((ids, rows, node.Padding is null ? null : (int?)frame.Read(node.Padding.Code)));
        NumberArray y = NumberArray.Zeros([.. ids.Shape, width]);
        for (int i = 0; i < ids.Count; i++)
        {
            Array.Copy(table.Values, (int)ids.Values[i] * width, y.Values, i * width, width);
        }

        frame.Set(node.Output, y);
    }
}
