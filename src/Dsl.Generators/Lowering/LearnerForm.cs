using System.Collections.Generic;
using System.Linq;

namespace Dsl.Generators.Lowering;

/// <summary>A block whose fast weights are trained within a sequence, and the way back through it from its result to each of its fast maps.</summary>
internal sealed class LearnerForm
{
    private readonly HashSet<Value> moving = [];

    public LearnerForm(Graph graph)
    {
        FastMaps = graph.AllNodes.OfType<LinearNode>().Where(l => l.Fast).ToList();
        foreach (var node in graph.Nodes)
        {
            if (node is LinearNode { Fast: true } || node.Inputs.Any(moving.Contains))
            {
                moving.UnionWith(node.Outputs);
            }
        }

        WhyNot = Reason(graph);
    }

    /// <summary>In the order in which the block applies them.</summary>
    public IReadOnlyList<LinearNode> FastMaps { get; }

    /// <summary>Why the compiler has no way back, as the rest of a sentence; null where it has one.</summary>
    public string? WhyNot { get; }

    /// <summary>Whether the value depends on a fast weight, so that a gradient must reach it.</summary>
    public bool Moves(Value value) => moving.Contains(value);

    private string? Reason(Graph graph)
    {
        if (graph.Nodes.FirstOrDefault(n => n is not (
            LinearNode { TiedTo: null } or NormNode or ActivateNode or GateNode or SumNode or PointwiseNode or ParameterNode)) is { } other)
        {
            var bracket = other.Bracket < graph.Spec.Brackets.Count ? graph.Spec.Brackets[other.Bracket].ToSource() : "a part";
            return $"{bracket} has a part without a derivative here: "
                + "expected are Linear, LayerNorm, RmsNorm, Activate, Gate, Sum, Residual and Apply of a [Pointwise] function";
        }

        if (graph.Result is null || !moving.Contains(graph.Result))
        {
            return "its result depends on none of its fast weights";
        }

        // Each token learns alone: what stands between time and channels has a map for each of its elements.
        var mixed = FastMaps.FirstOrDefault(f => f.Inputs[0].Axes.Count != f.Groups.Count + 3);
        return mixed is null
            ? null
            : $"its fast map '{mixed.Storage.Weight ?? mixed.Key}' reads [{string.Join(" ", mixed.Inputs[0].Axes.Select(a => a.Name))}]: "
                + "each axis between time and channels must be one of its Stored axes";
    }
}
