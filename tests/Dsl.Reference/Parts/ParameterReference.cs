using System.Linq;
using Dsl.Generators.Lowering;
using Dsl.Reference.Interpreting;

namespace Dsl.Reference.Parts;

/// <summary>A weight as a value.</summary>
internal sealed class ParameterReference : PartReference<ParameterNode>
{
    protected override void Compute(ParameterNode node, Frame frame) =>
        frame.Set(node.Output, frame.Weight(node.Key, [.. node.Shape.Select(frame.SizeOf)]));
}
