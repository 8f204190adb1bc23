using Dsl.Generators.Lowering;
using Dsl.Reference.Interpreting;

namespace Dsl.Reference.Parts;

/// <summary>One of two branches, by the config.</summary>
internal sealed class IfReference : PartReference<IfNode>
{
    protected override void Compute(IfNode node, Frame frame)
    {
        bool holds = frame.Truth(node.Condition);
        frame.Compute(holds ? node.Then : node.Otherwise);
        frame.Set(node.Output, frame.Get(holds ? node.ThenResult : node.OtherwiseResult));
    }
}
