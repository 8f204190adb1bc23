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

    /// <summary>
    /// An output on which all that <c>Begin</c> keeps depends, and on no other value of the memory: whoever has it (encoder outputs) need not compute it again.
    /// </summary>
    public (string Name, Value Value)? Entry(Graph graph)
    {
        var wanted = Held.Concat(Begins.SelectMany(u => u.Inputs.Skip(1).Where(memory.Contains))).ToList();
        return graph.Outputs
            .Where(o => memory.Contains(o.Value) && MemoryInputs.All(i => i.Output != o.Value))
            .Cast<(string, Value)?>()
            .FirstOrDefault(o => wanted.All(v => From(o!.Value.Item2, v)));

        bool From(Value entry, Value value) =>
            value == entry
                || (OnceNodes.FirstOrDefault(n => n.Outputs.Contains(value)) is { } maker && InputsOf(maker).Where(memory.Contains).All(i => From(entry, i)));
    }

    /// <summary>Nodes of <c>Begin</c> that the entry depends on, and those after it.</summary>
    public (List<Node> Before, List<Node> After) AtEntry(Graph graph, Value entry)
    {
        var once = new HashSet<Node>(OnceNodes.Where(Leads));
        bool Leads(Node node) => node.Outputs.Contains(entry) || OnceNodes.Any(n => n != node && InputsOf(n).Intersect(node.Outputs).Any() && Leads(n));
        var rest = OnceNodes.Except(once).ToList();
        return (graph.Nodes.Where(n => once.Contains(n) || Needed(n, once)).ToList(), graph.Nodes.Where(n => rest.Contains(n) || Needed(n, rest)).ToList());
    }

    private bool Needed(Node free, IEnumerable<Node> readers) =>
        FreeNodes.Contains(free)
            && (readers.Any(r => InputsOf(r).Intersect(free.Outputs).Any())
                || FreeNodes.Any(f => f != free && InputsOf(f).Intersect(free.Outputs).Any() && Needed(f, readers)));

    private static IEnumerable<Value> InputsOf(Node node) =>
        node is IfNode choice
            ? node.Inputs
                .Concat(Graph.Flatten(choice.Then.Concat(choice.Otherwise)).SelectMany(n => n.Inputs))
                .Concat([choice.ThenResult, choice.OtherwiseResult])
            : node.Inputs;
}
