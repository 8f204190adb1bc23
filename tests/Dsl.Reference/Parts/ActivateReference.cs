using Dsl.Generators.Lowering;
using Dsl.Reference.Interpreting;

namespace Dsl.Reference.Parts;

/// <summary>A named activation of every element.</summary>
internal sealed class ActivateReference : PartReference<ActivateNode>
{
    protected override void Compute(ActivateNode node, Frame frame)
    {
        string name = frame.ActivationName(node.Activation);
        frame.Set(node.Output, frame.Get(node.Inputs[0]).Map(x => ActivationFormulas.Of(name, x)));
    }
}
