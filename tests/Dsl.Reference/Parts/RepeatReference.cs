using System.Collections.Generic;
using Dsl.Generators.Lowering;
using Dsl.Reference.Interpreting;

namespace Dsl.Reference.Parts;

/// <summary>A block at every layer, each under a key with the layer's number; layers of one shared key are one block, that of the first of them.</summary>
internal sealed class RepeatReference : PartReference<RepeatNode>
{
    protected override void Compute(RepeatNode node, Frame frame)
    {
        NumberArray x = frame.Get(node.Inputs[0]);
        string key = node.Key.Contains('{') || node.Key.Length == 0 ? node.Key : node.Key + ".{layer}";
        var first = new Dictionary<string, int>();
        for (int layer = 0; layer < frame.SizeOf(node.Count); layer++)
        {
            string own = frame.Absolute(key, layer);
            int built = node.Shared && !first.TryAdd(own, layer) ? first[own] : layer;
            x = UseReference.Result(UseReference.Picked(node.Blocks, node.By, frame, built), frame, own, built, x, node.Inputs);
        }

        frame.Set(node.Output, x);
    }
}
