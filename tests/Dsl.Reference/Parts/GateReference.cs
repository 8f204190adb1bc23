using Dsl.Generators.Lowering;
using Dsl.Reference.Interpreting;

namespace Dsl.Reference.Parts;

/// <summary>The first value times an activation of the second.</summary>
internal sealed class GateReference : PartReference<GateNode>
{
    protected override void Compute(GateNode node, Frame frame)
    {
        NumberArray x = frame.Get(node.Inputs[0]), gate = frame.Get(node.Inputs[1]), y = x.Clone();
        Elementwise.RequireEqual(x, gate);
        for (int i = 0; i < y.Count; i++)
        {
            y.Values[i] *= node.Activation is null ? gate.Values[i] : frame.Activate(node.Activation, gate.Values[i]);
        }

        frame.Set(node.Output, y);
    }
}
