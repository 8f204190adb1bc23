using Dsl.Generators.Lowering;
using Dsl.Reference.Interpreting;

namespace Dsl.Reference.Parts;

/// <summary>Nothing, outside of training.</summary>
internal sealed class DropoutReference : PartReference<DropoutNode>
{
    protected override void Compute(DropoutNode node, Frame frame) => frame.Set(node.Output, frame.Get(node.Inputs[0]));
}
