using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Model;

namespace Dsl.Generators.Lowering;

/// <summary>A block whose fast weights are trained within a sequence, and whether there is a way back from its result to each of them.</summary>
internal sealed class LearnerForm
{
    private readonly HashSet<Value> moving = [];

    private LearnerForm(Graph graph, IReadOnlyList<Node> maps)
    {
        Graph = graph;
        FastMaps = maps;
        foreach (var node in graph.Nodes)
        {
            if (FastMaps.Contains(node) || node.Inputs.Any(moving.Contains))
            {
                moving.UnionWith(node.Outputs);
            }
        }

        WhyNot = Reason();
    }

    /// <summary>Nothing of it is fused: each node has its own way back.</summary>
    public Graph Graph { get; }

    /// <summary>Nodes with fast weights, in the order in which the block applies them.</summary>
    public IReadOnlyList<Node> FastMaps { get; }

    /// <summary>Why the compiler has no way back, as the rest of a sentence; null where it has one.</summary>
    public string? WhyNot { get; }

    /// <summary>The learner that a graph is; null where nothing in it is trained within the sequence.</summary>
    public static LearnerForm? Of(Graph graph)
    {
        var maps = graph.AllNodes.Where(n => n.Operation.Fast(n) is not null).ToList();
        return maps.Count == 0 ? null : new LearnerForm(graph, maps);
    }

    /// <summary>Whether the value depends on a fast weight, so that a gradient must reach it.</summary>
    public bool Moves(Value value) => moving.Contains(value);

    private string? Reason()
    {
        if (Graph.Nodes.FirstOrDefault(n => n.Operation.WayBack is null) is { } other)
        {
            var bracket = other.Bracket < Graph.Spec.Brackets.Count ? Graph.Spec.Brackets[other.Bracket].ToSource() : "a part";
            return $"{bracket} has a part without a derivative here: "
                + "expected are Linear, LayerNorm, RmsNorm, Activate, Gate, Sum, Residual and Apply of a [Pointwise] function";
        }

        return Graph.Result is null || !moving.Contains(Graph.Result)
            ? "its result depends on none of its fast weights"
            : FastMaps.Select(m => m.Operation.Fast(m)!.WhyNot).FirstOrDefault(r => r is not null);
    }
}
