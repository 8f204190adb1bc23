using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Lowering;

namespace Dsl.Generators.Fusing;

/// <summary>Equal nodes on equal inputs are one node: computed once, with one state.</summary>
internal sealed class MergeEqualNodes : IPass
{
    public string Name => "merge equal nodes";

    public void Run(Region region)
    {
        var seen = new Dictionary<string, Node>();
        foreach (var node in region.Nodes.ToList())
        {
            // Random and conditional nodes are never equal; a block's weights are named once, so equal uses are shared ones.
            if (node is DropoutNode or IfNode or UncompiledNode || node.Outputs.Any(region.Escaping.Contains))
            {
                continue;
            }

            var text = node.GetType().Name + node.Describe(region.Spell) + "(" + string.Join(",", node.Inputs.Select(i => i.Id)) + ")";
            if (!seen.TryGetValue(text, out var first))
            {
                seen[text] = node;
                continue;
            }

            for (var i = 0; i < node.Outputs.Count; i++)
            {
                Replace(region.Nodes, node.Outputs[i], first.Outputs[i]);
            }

            region.Nodes.Remove(node);
            region.Notes.Add($"{Name}: {first.Describe(region.Spell)}");
        }
    }

    private static void Replace(IEnumerable<Node> nodes, Value old, Value value)
    {
        foreach (var node in Graph.Flatten(nodes))
        {
            for (var i = 0; i < node.Inputs.Count; i++)
            {
                if (node.Inputs[i] == old)
                {
                    node.Inputs[i] = value;
                }
            }

            if (node is IfNode choice)
            {
                choice.ThenResult = choice.ThenResult == old ? value : choice.ThenResult;
                choice.OtherwiseResult = choice.OtherwiseResult == old ? value : choice.OtherwiseResult;
            }
        }
    }
}
