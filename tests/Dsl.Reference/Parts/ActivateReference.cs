using Dsl.Generators.Model;
using Dsl.Reference.Interpreting;
using Ops = Dsl.Generators.Parts;

namespace Dsl.Reference.Parts;

/// <summary>A named activation of every element.</summary>
internal sealed class ActivateReference : PartReference<Ops.Activate>
{
    protected override void Compute(Node node, Ops.Activate operation, Frame frame)
    {
        string name = frame.ActivationName(operation.Activation);
        frame.Set(node.Output, frame.Get(node.Inputs[0]).Map(x => ActivationFormulas.Of(name, x)));
    }
}
