using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Lowering;
using Dsl.Generators.Model;

namespace Dsl.Generators.Fusing;

/// <summary>A pass rewrites one straight run of nodes and says, for <c>Explain()</c>, what it did.</summary>
internal interface IPass
{
    string Name { get; }

    void Run(StraightRun run);
}

/// <summary>Nodes that a pass is at work on, with what is read of them from outside.</summary>
/// <param name="nodes">In their order.</param>
/// <param name="escaping">Values that outlive the run.</param>
/// <param name="graph">The graph that it is a part of.</param>
internal sealed class StraightRun(IEnumerable<Node> nodes, IReadOnlyCollection<Value> escaping, Graph graph)
{
    public List<Node> Nodes { get; } = nodes.ToList();

    public IReadOnlyCollection<Value> Escaping => escaping;

    public Graph Graph => graph;

    /// <summary>What was fused, in words.</summary>
    public List<Note> Notes { get; } = [];

    /// <summary>Whether the node is all that reads the value, and reads it once; those inside conditions are counted.</summary>
    public bool OnlyReader(Value value, Node reader) =>
        !escaping.Contains(value) && Nodes.Where(n => n.Inputs.Contains(value)).SequenceEqual([reader]) && reader.Inputs.Count(i => i == value) == 1;

    public Node? ProducerOf(Value value) => Nodes.FirstOrDefault(n => n.Outputs.Contains(value));

    public void Replace(Node node, Node by) => Nodes[Nodes.IndexOf(node)] = by;

    /// <summary>All readers of one value read another one instead.</summary>
    public void Redirect(Value value, Value to)
    {
        for (var i = 0; i < Nodes.Count; i++)
        {
            Nodes[i] = Nodes[i].Reading(to, insteadOf: value);
        }
    }
}

/// <summary>Rewrites the graph of each form by the same passes.</summary>
internal static class Fuse
{
    /// <summary>In the order in which they run.</summary>
    public static readonly IReadOnlyList<IPass> Passes =
        [new MergeEqualNodes(), new PackProducts(), new FoldBias(), new FoldActivation(), new FoldGate(), new FoldResidual(), new ConvolveTimeInvariant()];

    public static Forms Run(Forms forms)
    {
        // What is trained within the sequence has a way back through each of its nodes.
        if (forms.Learner is not null)
        {
            return forms;
        }

        var (escaping, notes) = (forms.Escaping, new List<Note>());
        var fused = forms.Map(graph =>
        {
            var own = new List<Note>();
            var result = graph with { Nodes = Run(graph.Nodes, escaping, graph, own) };
            notes.AddRange(own.Except(notes).ToList());
            return result;
        });
        return fused with { Notes = notes };
    }

    private static IReadOnlyList<Node> Run(IReadOnlyList<Node> nodes, IReadOnlyCollection<Value> escaping, Graph graph, List<Note> notes)
    {
        var inside = Graph.Rewrite(nodes, body => new Body(Run(body.Nodes, [.. escaping, body.Result], graph, notes), body.Result));
        var run = new StraightRun(inside, escaping, graph);
        foreach (var pass in Passes)
        {
            pass.Run(run);
        }

        notes.AddRange(run.Notes);
        return run.Nodes;
    }
}
