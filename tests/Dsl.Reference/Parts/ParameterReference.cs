using System.Linq;
using Dsl.Generators.Model;
using Dsl.Reference.Interpreting;
using Ops = Dsl.Generators.Parts;

namespace Dsl.Reference.Parts;

/// <summary>A weight as a value.</summary>
internal sealed class ParameterReference : PartReference<Ops.Parameter>
{
    protected override void Compute(Node node, Ops.Parameter operation, Frame frame) =>
        frame.Set(node.Output, frame.Weight(operation.Key, [.. operation.Shape.Select(frame.SizeOf)]));
}
