using Dsl.Generators.Model;
using Dsl.Reference.Interpreting;
using Ops = Dsl.Generators.Parts;

namespace Dsl.Reference.Parts;

/// <summary>One of two branches, by the config.</summary>
internal sealed class ChoiceReference : PartReference<Ops.Choice>
{
    protected override void Compute(Node node, Ops.Choice operation, Frame frame)
    {
        bool holds = frame.Truth(operation.Condition);
        Body body = holds ? operation.Then : operation.Otherwise;
        frame.Compute(body.Nodes);
        frame.Set(node.Output, frame.Get(body.Result));
    }
}
