using Dsl.Generators.Model;
using Dsl.Reference.Interpreting;
using Ops = Dsl.Generators.Parts;

namespace Dsl.Reference.Parts;

/// <summary>Nothing, outside of training.</summary>
internal sealed class DropoutReference : PartReference<Ops.Dropout>
{
    protected override void Compute(Node node, Ops.Dropout operation, Frame frame) => frame.Set(node.Output, frame.Get(node.Inputs[0]));
}
