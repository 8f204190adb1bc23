using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Model;

namespace Dsl.Generators.Lowering;

/// <summary>Makes the graphs of the stateful form.</summary>
internal sealed class LowerStateful
{
    private readonly string? stepping;
    private readonly HashSet<Value> steps;
    private readonly HashSet<Value> memory;
    private readonly List<BeginningBlock> blocks = [];

    private LowerStateful(Graph graph, IReadOnlyList<GraphInput> memoryInputs)
    {
        stepping = graph.Stepping;
        steps = [.. graph.Inputs.Where(i => i.Output.TimeAxis == stepping && stepping is not null).Select(i => i.Output)];
        memory = [.. memoryInputs.Select(i => i.Output)];
    }

    /// <summary>The form; null where the declaration has none.</summary>
    public static StatefulForm? Of(Graph graph)
    {
        if (graph.NotStateful is not null)
        {
            return null;
        }

        var memoryInputs = graph.Inputs.Where(i => !i.Steps && i.Output.TimeAxis is { } axis && axis != graph.Stepping).ToList();
        return new LowerStateful(graph, memoryInputs).Divide(graph, memoryInputs);
    }

    /// <summary>The parallel form as one text serves both: where the stateful form keeps keys unrotated, attention rotates them here too.</summary>
    public static Graph KeysUnrotated(Graph graph) => graph with { Nodes = new LowerStateful(graph, []).InSteps(graph.Nodes, []) };

    private StatefulForm Divide(Graph graph, IReadOnlyList<GraphInput> memoryInputs)
    {
        List<Node> step = [], begin = [];
        foreach (var node in InSteps(graph.Nodes, []))
        {
            if (node.Inputs.Any(steps.Contains))
            {
                steps.UnionWith(node.Outputs);
                step.Add(WithoutMemory(node));
            }
            else if (node.Inputs.Any(memory.Contains))
            {
                memory.UnionWith(node.Outputs);
                begin.Add(node);
            }
            else
            {
                // Bare weights and what is made of them alone: cheap, and wanted in both places.
                step.Add(node);
                begin.Add(node);
            }
        }

        // What is computed for other outputs alone, or for nothing, no step comes to: nothing is kept for it.
        var stepped = graph with { Nodes = step };
        var needed = stepped.Needed;
        var made = new HashSet<Value>(Graph.Flatten(needed).SelectMany(n => n.Outputs));
        var held = needed.SelectMany(n => n.Inputs).Concat(graph.Spec.IsModel ? [] : graph.Results).Where(memory.Contains).Distinct().ToList();
        return new StatefulForm(stepped, graph with { Nodes = begin }, memoryInputs, held, blocks.Where(b => made.Contains(b.Output)).ToList());
    }

    /// <summary>Each node as the steps have it, those under conditions too; a value made around a condition is seen inside it.</summary>
    private IReadOnlyList<Node> InSteps(IReadOnlyList<Node> nodes, IReadOnlyList<Node> outer)
    {
        var made = outer.Concat(nodes).ToList();
        return nodes.Select(node => node.Operation.Bodies.Count == 0
            ? node.Operation.InSteps(node, stepping, value => made.FirstOrDefault(n => n.Outputs.Contains(value)))
            : WithBodies(node, node.Operation.Bodies.Select(b => new Body(InSteps(b.Nodes, made), b.Result)).ToList())).ToList();
    }

    /// <summary>A block that keeps a state has kept what it needs of the memory too, so that its steps need not be given it.</summary>
    private Node WithoutMemory(Node node)
    {
        if (node.Operation.Bodies.Count > 0)
        {
            return WithBodies(node, node.Operation.Bodies.Select(b => new Body(b.Nodes.Select(WithoutMemory).ToList(), b.Result)).ToList());
        }

        if (node.Operation.Blocks.All(b => b.Graph is null) || node.Operation.InTime(node, stepping) is not (InTime.Shifted or InTime.Accumulating))
        {
            return node;
        }

        var kept = node.Inputs.Skip(1).Where(memory.Contains).ToList();
        if (kept.Count == 0)
        {
            return node;
        }

        var step = node.With(inputs: [node.Inputs[0], .. node.Inputs.Skip(1).Where(i => !memory.Contains(i))]);
        blocks.Add(new BeginningBlock(step.Output, node, kept));
        return step;
    }

    private static Node WithBodies(Node node, IReadOnlyList<Body> bodies)
    {
        var reads = bodies.SelectMany(b => b.Outer).Distinct().ToList();
        return node.With(node.Operation.WithBodies(bodies), [.. node.Inputs.Where((v, i) => i == 0 || reads.Contains(v)), .. reads.Except(node.Inputs)]);
    }
}
