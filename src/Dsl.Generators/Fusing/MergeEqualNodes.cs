using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Lowering;
using Dsl.Generators.Model;

namespace Dsl.Generators.Fusing;

/// <summary>Equal operations on equal inputs are one node: computed once, with one state. What draws random numbers is never equal.</summary>
internal sealed class MergeEqualNodes : IPass
{
    public string Name => "merge equal nodes";

    public void Run(StraightRun run)
    {
        var seen = new List<(Operation Operation, Node Node)>();
        for (var at = 0; at < run.Nodes.Count; at++)
        {
            var node = run.Nodes[at];
            if (node.Operation.IsRandom || node.Operation.Bodies.Count > 0 || node.Outputs.Any(run.Escaping.Contains))
            {
                continue;
            }

            var operation = node.Operation.MapSizes(run.Graph.Normal);
            if (seen.FirstOrDefault(s => s.Operation == operation && s.Node.Inputs.SequenceEqual(node.Inputs)).Node is not { } first)
            {
                seen.Add((operation, node));
                continue;
            }

            for (var i = 0; i < node.Outputs.Count; i++)
            {
                run.Redirect(node.Outputs[i], first.Outputs[i]);
            }

            run.Nodes.RemoveAt(at--);
            run.Notes.Add(new Note("computed once", first.Operation.Describe(run.Graph.Spell)));
        }
    }
}
