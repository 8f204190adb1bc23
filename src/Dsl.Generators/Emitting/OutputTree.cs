using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Checking;
using Dsl.Generators.Model;

namespace Dsl.Generators.Emitting;

/// <summary>What a run can be asked for.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Value">What is computed.</param>
/// <param name="Head">Null for an output of the declaration; else the output whose head reads this.</param>
internal sealed record RunOutput(string Name, Value Value, string? Head = null);

/// <summary>Nodes that the same outputs need, and what only some of these need.</summary>
internal sealed class OutputGroup(IReadOnlyList<RunOutput> outputs)
{
    /// <summary>Whose flags it stands under.</summary>
    public IReadOnlyList<RunOutput> Outputs => outputs;

    public List<Node> Nodes { get; } = [];

    public List<OutputGroup> Inner { get; } = [];

    public IEnumerable<Node> AllNodes => Nodes.Concat(Inner.SelectMany(i => i.AllNodes));
}

/// <summary>Which outputs a model can be asked for, and which nodes each needs.</summary>
internal sealed class OutputTree
{
    private readonly Graph graph;

    public OutputTree(Graph graph)
    {
        this.graph = graph;
        Needs = NeedsOf(graph.Outputs.Select(o => new RunOutput(o.Name, o.Value)));
        Outputs = [.. Declared(), .. HeadInputs()];
        Root = Tree();
    }

    /// <summary>Those of the declaration, then what heads read where that is none of them.</summary>
    public IReadOnlyList<RunOutput> Outputs { get; }

    /// <summary>For each node the declared outputs that need it.</summary>
    public IReadOnlyDictionary<Node, HashSet<string>> Needs { get; }

    /// <summary>What every output needs, and in it the rest.</summary>
    public OutputGroup Root { get; }

    /// <summary>Outputs that a head ends, which nothing else reads: a loss can have what the head reads instead.</summary>
    public IEnumerable<(string Name, Node Head)> Heads =>
        from output in graph.Outputs
        let head = graph.Nodes.FirstOrDefault(n => n.Outputs.Contains(output.Value))
        where head is { Operation.IsHead: true } && Needs[head].Count == 1
        where graph.Inputs.All(i => i.Output != head.Inputs[0])
        select (output.Name, head);

    /// <summary>What the head of an output reads, by the name to ask for.</summary>
    public RunOutput InputOf(Node head) => Outputs.First(o => o.Value == head.Inputs[0]);

    private IEnumerable<RunOutput> Declared() => graph.Outputs.Select(o => new RunOutput(o.Name, o.Value));

    private IEnumerable<RunOutput> HeadInputs() =>
        Heads.Where(h => graph.Outputs.All(o => o.Value != h.Head.Inputs[0]))
            .GroupBy(h => h.Head.Inputs[0])
            .Select(g => new RunOutput(NameOfInput(g.First().Name), g.Key, g.First().Name));

    /// <summary>No name of the declaration, nor one that makes the same property.</summary>
    private string NameOfInput(string output)
    {
        var name = output + ".input";
        while (graph.Outputs.Any(o => Names.Camel(o.Name) == Names.Camel(name)))
        {
            name += ".input";
        }

        return name;
    }

    private Dictionary<Node, HashSet<string>> NeedsOf(IEnumerable<RunOutput> outputs)
    {
        var needs = graph.Nodes.ToDictionary(n => n, _ => new HashSet<string>());
        foreach (var output in outputs)
        {
            var open = new Stack<Value>([output.Value]);
            var seen = new HashSet<Value>();
            while (open.Count > 0)
            {
                var current = open.Pop();
                if (!seen.Add(current) || graph.Nodes.FirstOrDefault(n => n.Outputs.Contains(current)) is not { } node)
                {
                    continue;
                }

                needs[node].Add(output.Name);
                foreach (var input in node.Inputs)
                {
                    open.Push(input);
                }
            }
        }

        return needs;
    }

    private OutputGroup Tree()
    {
        var needs = NeedsOf(Outputs).Where(n => n.Value.Count > 0).ToDictionary(n => n.Key, n => n.Value);
        Nest(needs);
        var root = new OutputGroup(Outputs);
        var groups = new List<OutputGroup> { root };

        // A node's inputs are needed by whoever needs the node, so they stand in its group or in one around it.
        foreach (var set in needs.Values.OrderByDescending(s => s.Count))
        {
            if (groups.All(g => !set.SetEquals(g.Outputs.Select(o => o.Name))))
            {
                groups.Add(new OutputGroup([.. Outputs.Where(o => set.Contains(o.Name))]));
            }
        }

        foreach (var node in graph.Nodes.Where(needs.ContainsKey))
        {
            groups.First(g => needs[node].SetEquals(g.Outputs.Select(o => o.Name))).Nodes.Add(node);
        }

        foreach (var group in groups.Skip(1).OrderBy(g => graph.Nodes.ToList().IndexOf(g.Nodes[0])))
        {
            groups.Where(g => g != group && group.Outputs.All(g.Outputs.Contains)).OrderBy(g => g.Outputs.Count).First().Inner.Add(group);
        }

        return root;
    }

    /// <summary>Sets that overlap without one lying in the other become their union, so that groups nest.</summary>
    private static void Nest(Dictionary<Node, HashSet<string>> needs)
    {
        while (needs.Values.SelectMany(a => needs.Values.Select(b => (a, b)))
            .FirstOrDefault(p => p.a.Overlaps(p.b) && !p.a.IsSubsetOf(p.b) && !p.b.IsSubsetOf(p.a)) is ({ } one, { } other))
        {
            var union = new HashSet<string>(one.Concat(other));
            foreach (var node in needs.Keys.Where(n => needs[n].SetEquals(one) || needs[n].SetEquals(other)).ToList())
            {
                needs[node] = union;
            }
        }
    }
}
