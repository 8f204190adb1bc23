using Dsl.Generators.Model;
using Dsl.Reference.Interpreting;
using Ops = Dsl.Generators.Parts;

namespace Dsl.Reference.Parts;

/// <summary>The first value times an activation of the second.</summary>
internal sealed class GateReference : PartReference<Ops.Gate>
{
    protected override void Compute(Node node, Ops.Gate operation, Frame frame)
    {
        NumberArray x = frame.Get(node.Inputs[0]), gate = frame.Get(node.Inputs[1]), y = x.Clone();
        Elementwise.RequireEqual(x, gate);
        string? name = operation.Activation is null ? null : frame.ActivationName(operation.Activation);
        for (int i = 0; i < y.Count; i++)
        {
            y.Values[i] *= name is null ? gate.Values[i] : ActivationFormulas.Of(name, gate.Values[i]);
        }

        frame.Set(node.Output, y);
    }
}
