using System.Linq;
using Dsl.Generators.Lowering;
using Dsl.Generators.Model;
using Dsl.Generators.Parts;

namespace Dsl.Generators.Fusing;

/// <summary>Linear maps of one input become one product over their weights side by side: query, key and value; gate and up.</summary>
internal sealed class PackProducts : IPass
{
    public string Name => "pack products";

    public void Run(StraightRun run)
    {
        var packable = run.Nodes
            .Where(n => n.Operation is Linear { Activation: null, Adds: false, IsPlain: true, IsShared: false } linear && linear.Head?.TiedTo is null
                && linear.Storage is { WeightAxes: null or "out in", BiasAxes: null or "out", Weight: null, Bias: null })
            .GroupBy(n => n.Inputs[0])
            .Where(g => g.Count() > 1)
            .ToList();
        foreach (var group in packable)
        {
            var nodes = group.ToList();
            var parts = nodes.Select(n => (Linear)n.Operation).ToEquatable();
            run.Replace(nodes[0], nodes[0].With(new PackedLinear(parts), outputs: nodes.Select(n => n.Output).ToList()));
            run.Nodes.RemoveAll(nodes.Contains);
            run.Notes.Add(new Note("one product over one storage", string.Join(", ", parts.Select(p => p.Key))));
        }
    }
}
