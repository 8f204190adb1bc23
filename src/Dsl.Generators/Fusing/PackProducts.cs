using System.Linq;
using Dsl.Generators.Lowering;

namespace Dsl.Generators.Fusing;

/// <summary>Linear maps of one input become one product over their weights side by side: query, key and value; gate and up.</summary>
internal sealed class PackProducts : IPass
{
    public string Name => "pack products";

    public void Run(Region region)
    {
        var packable = region.Nodes.OfType<LinearNode>()
            .Where(l => l is { Activation: null, Adds: false, TiedTo: null, IsPlain: true }
                && l.Storage is { WeightAxes: null or "out in", BiasAxes: null or "out", Weight: null, Bias: null })
            .GroupBy(l => l.Inputs[0])
            .Where(g => g.Count() > 1)
            .ToList();
        foreach (var group in packable)
        {
            var parts = group.ToList();
            var packed = new PackedLinearNode(parts) { Bracket = parts[0].Bracket, Place = parts[0].Place };
            packed.Inputs.Add(group.Key);
            packed.Outputs.AddRange(parts.Select(p => p.Output));
            region.Nodes[region.Nodes.IndexOf(parts[0])] = packed;
            region.Nodes.RemoveAll(n => n is LinearNode linear && parts.Contains(linear));
            region.Notes.Add($"{string.Join(", ", parts.Select(p => p.Key))}: one product over one storage (they read the same value)");
        }
    }
}
