using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Model;

namespace Dsl.Generators.Checking;

/// <summary>
/// Results that nothing reads: not the next bracket, which begins with <c>From</c>, no name, no output. Nothing computes them, and their weights never learn:
/// a <c>Residual</c> whose branch was named with <c>As</c> and read in place of the sum, say.
/// </summary>
internal static class Unread
{
    /// <summary>All nodes that no form computes.</summary>
    public static IReadOnlyList<Node> In(Graph graph)
    {
        var ends = graph.Outputs.Select(o => o.Value).Concat(graph.Result is { } result ? [result] : Enumerable.Empty<Value>());
        var needed = new HashSet<Node>(graph.NodesFor(ends, []));
        return graph.Nodes.Where(n => !needed.Contains(n)).ToList();
    }

    /// <summary>What is said of them: of the last one alone of those that lead to it, for who mends it mends all.</summary>
    public static IEnumerable<Problem> Of(Graph graph)
    {
        var read = new HashSet<Value>(graph.Nodes.SelectMany(n => n.Inputs));
        return In(graph).Where(n => !n.Outputs.Any(read.Contains))
            .Select(n => new Problem(Problems.Unread, n.Place, new[] { WordOf(graph, n) }.ToEquatable())).Distinct();
    }

    private static string WordOf(Graph graph, Node node) =>
        graph.Spec.Brackets.SelectMany(b => b.Parts).FirstOrDefault(p => p.Place.Equals(node.Place))?.Name ?? graph.Spec.SimpleName;
}
