using System.Collections.Generic;
using System.Linq;

namespace Dsl.Generators.Lowering;

/// <summary>
/// How the stateful form divides a graph: what depends on the stepping input runs at every call; what depends on other inputs alone (an encoder, the keys and
/// values of cross-attention) is computed once, by <c>Begin</c>, and kept.
/// </summary>
internal sealed class StatefulForm
{
    private readonly HashSet<Value> stepping = [];
    private readonly HashSet<Value> memory = [];

    public StatefulForm(Graph graph)
    {
        Stepping = graph.Inputs.Where(i => i.Steps).Select(i => i.Output.TimeAxis).FirstOrDefault();
        MemoryInputs = graph.Inputs.Where(i => !i.Steps && i.Output.TimeAxis is { } axis && axis != Stepping).ToList();
        stepping.UnionWith(graph.Inputs.Where(i => i.Steps).Select(i => i.Output));
        memory.UnionWith(MemoryInputs.Select(i => i.Output));
        foreach (var node in graph.Nodes)
        {
            var inputs = InputsOf(node).ToList();
            if (inputs.Any(stepping.Contains))
            {
                stepping.UnionWith(node.Outputs);
                StepNodes.Add(node);
            }
            else if (inputs.Any(memory.Contains))
            {
                memory.UnionWith(node.Outputs);
                OnceNodes.Add(node);
            }
            else
            {
                // Bare weights and what is made of them alone: cheap, and wanted in both places.
                FreeNodes.Add(node);
            }
        }

        foreach (var node in StepNodes)
        {
            foreach (var value in InputsOf(node).Where(memory.Contains))
            {
                if (node is UseNode use && use.Inputs.Skip(1).Contains(value))
                {
                    Begins.Add(use);
                }
                else
                {
                    Held.Add(value);
                }
            }
        }

        Begins = Begins.Distinct().ToList();
        Held = Held.Distinct().ToList();
    }

    /// <summary>The time axis along which it steps.</summary>
    public string? Stepping { get; }

    /// <summary>Inputs along another time axis.</summary>
    public IReadOnlyList<InputNode> MemoryInputs { get; }

    public List<Node> StepNodes { get; } = [];

    public List<Node> OnceNodes { get; } = [];

    public List<Node> FreeNodes { get; } = [];

    /// <summary>Values that <c>Begin</c> keeps in the state.</summary>
    public List<Value> Held { get; } = [];

    /// <summary>Blocks that keep something of the memory themselves.</summary>
    public List<UseNode> Begins { get; } = [];

    public bool HasMemory => MemoryInputs.Count > 0;

    public bool IsMemory(Value value) => memory.Contains(value);

    /// <summary>Nodes of a call, with the weights they read.</summary>
    public List<Node> NodesOfStep(Graph graph) => graph.Nodes.Where(n => StepNodes.Contains(n) || Needed(n, StepNodes)).ToList();

    /// <summary>Nodes of <c>Begin</c>.</summary>
    public List<Node> NodesOfBegin(Graph graph) => graph.Nodes.Where(n => OnceNodes.Contains(n) || Needed(n, OnceNodes)).ToList();

    private bool Needed(Node free, IEnumerable<Node> readers) =>
        FreeNodes.Contains(free) && (readers.Any(r => InputsOf(r).Intersect(free.Outputs).Any()) || FreeNodes.Any(f => f != free && InputsOf(f).Intersect(free.Outputs).Any() && Needed(f, readers)));

    private static IEnumerable<Value> InputsOf(Node node) =>
        node is IfNode choice
            ? node.Inputs.Concat(Graph.Flatten(choice.Then.Concat(choice.Otherwise)).SelectMany(n => n.Inputs)).Concat([choice.ThenResult, choice.OtherwiseResult])
            : node.Inputs;
}
