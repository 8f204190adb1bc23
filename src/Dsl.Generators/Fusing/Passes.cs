using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Lowering;

namespace Dsl.Generators.Fusing;

/// <summary>A pass rewrites one straight run of nodes and says, for <c>Explain()</c>, what it did.</summary>
internal interface IPass
{
    string Name { get; }

    void Run(Region region);
}

/// <summary>A straight run of nodes, with what is read of it from outside.</summary>
internal sealed class Region(List<Node> nodes, HashSet<Value> escaping)
{
    public List<Node> Nodes => nodes;

    public HashSet<Value> Escaping => escaping;

    /// <summary>A size in normal form, so that equal sizes read the same however they were found.</summary>
    public System.Func<Checking.Size, string> Spell { get; init; } = size => size.Spell();

    /// <summary>What was fused, in words.</summary>
    public List<string> Notes { get; init; } = [];

    /// <summary>The nodes that read a value, those inside conditions included.</summary>
    public IEnumerable<Node> ReadersOf(Value value) => nodes.Where(n => n.Reads(value));

    /// <summary>Whether the node is all that reads the value.</summary>
    public bool OnlyReader(Value value, Node reader) => !escaping.Contains(value) && ReadersOf(value).SequenceEqual([reader]);

    public Node? ProducerOf(Value value) => nodes.FirstOrDefault(n => n.Outputs.Contains(value));
}

internal static class Passes
{
    /// <summary>In the order in which they run.</summary>
    public static readonly IReadOnlyList<IPass> All =
        [new MergeEqualNodes(), new PackProducts(), new FoldBias(), new FoldActivation(), new FoldGate(), new FoldResidual(), new ConvolveTimeInvariant()];

    /// <summary>Runs every pass over every straight run of the graph; returns what was fused.</summary>
    public static IReadOnlyList<string> Run(Graph graph)
    {
        var notes = new List<string>();
        var escaping = new HashSet<Value>(graph.Outputs.Select(o => o.Value));
        if (graph.Result is not null)
        {
            escaping.Add(graph.Result);
        }

        Run(graph, graph.Nodes, escaping, notes);
        return notes;
    }

    private static void Run(Graph graph, List<Node> nodes, HashSet<Value> escaping, List<string> notes)
    {
        foreach (var choice in nodes.OfType<IfNode>().ToList())
        {
            Run(graph, choice.Then, [choice.ThenResult], notes);
            Run(graph, choice.Otherwise, [choice.OtherwiseResult], notes);
        }

        var region = new Region(nodes, escaping) { Notes = notes, Spell = graph.Spell };
        foreach (var pass in All)
        {
            pass.Run(region);
        }
    }
}
