using System.Collections.Generic;
using Dsl.Generators.Model;
using Dsl.Reference.Interpreting;
using Ops = Dsl.Generators.Parts;

namespace Dsl.Reference.Parts;

/// <summary>A block at every layer, each under a key with the layer's number; layers of one shared key are one block, that of the first of them.</summary>
internal sealed class RepeatReference : PartReference<Ops.Repeat>
{
    protected override void Compute(Node node, Ops.Repeat operation, Frame frame)
    {
        NumberArray x = frame.Get(node.Inputs[0]);
        string key = operation.Key.Contains('{') || operation.Key.Length == 0 ? operation.Key : operation.Key + ".{layer}";
        var first = new Dictionary<string, int>();
        int count = frame.SizeOf(operation.Count), taken = operation.Taken is null ? count : (int)frame.Number(operation.Taken.Layer);
        taken += taken < 0 ? count + 1 : 0;
        (int start, int end) = operation.Taken switch { null => (0, count), { IsRest: false } => (0, taken), _ => (taken, count) };
        for (int layer = start; layer < end; layer++)
        {
            string own = frame.Absolute(key, layer);
            int built = operation.Shared && !first.TryAdd(own, layer) ? first[own] : layer;
            x = UseReference.Result(UseReference.Picked(operation.All, operation.By, frame, built), frame, own, built, x, node.Inputs);
        }

        frame.Set(node.Output, x);
    }
}
