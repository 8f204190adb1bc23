using System;
using Dsl.Generators.Model;
using Dsl.Reference.Interpreting;
using Ops = Dsl.Generators.Parts;

namespace Dsl.Reference.Parts;

/// <summary>The table's row of each id.</summary>
internal sealed class EmbeddingReference : PartReference<Ops.Embedding>
{
    protected override void Compute(Node node, Ops.Embedding operation, Frame frame)
    {
        NumberArray ids = frame.Get(node.Inputs[0]);
        int rows = frame.SizeOf(operation.Rows), width = frame.SizeOf(operation.Width);
        NumberArray table = frame.Weight(Frame.Below(operation.Key, "weight"), rows, width);
        frame.Run.LookUps.Add((ids, rows, operation.Padding is null ? null : (int?)frame.Read(operation.Padding.ToCode())));
        NumberArray y = NumberArray.Zeros([.. ids.Shape, width]);
        for (int i = 0; i < ids.Count; i++)
        {
            Array.Copy(table.Values, (int)ids.Values[i] * width, y.Values, i * width, width);
        }

        frame.Set(node.Output, y);
    }
}
