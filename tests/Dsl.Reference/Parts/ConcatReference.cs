using System.Linq;
using Dsl.Generators.Model;
using Dsl.Reference.Interpreting;
using Ops = Dsl.Generators.Parts;

namespace Dsl.Reference.Parts;

/// <summary>Values side by side along the last axis.</summary>
internal sealed class ConcatReference : PartReference<Ops.Concat>
{
    protected override void Compute(Node node, Ops.Concat operation, Frame frame)
    {
        NumberArray[] parts = [.. node.Inputs.Select(frame.Get)];
        int[] outer = parts[0].Shape[..^1];
        NumberArray y = NumberArray.Zeros([.. outer, parts.Sum(p => p.Last)]);
        int at = 0;
        for (int row = 0; row < NumberArray.CountOf(outer); row++)
        {
            foreach (NumberArray part in parts)
            {
                for (int i = 0; i < part.Last; i++)
                {
                    y.Values[at++] = part.Values[(row * part.Last) + i];
                }
            }
        }

        frame.Set(node.Output, y);
    }
}
