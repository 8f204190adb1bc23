using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Model;

namespace Dsl.Generators.Lowering;

/// <summary>
/// How the stateful form divides a graph: what depends on the stepping input runs at every call; what depends on other inputs alone (an encoder, the keys and
/// values of cross-attention) is computed once, by <c>Begin</c>, and kept.
/// </summary>
/// <param name="Step">What runs at every call. Uses of blocks read only what the blocks have not kept.</param>
/// <param name="Begin">What runs once, from the inputs along other axes.</param>
/// <param name="MemoryInputs">Inputs along another time axis.</param>
/// <param name="Held">Values that <c>Begin</c> keeps and the steps read.</param>
/// <param name="Blocks">Blocks that keep something of the memory themselves.</param>
internal sealed record StatefulForm(
    Graph Step, Graph Begin, IReadOnlyList<GraphInput> MemoryInputs, IReadOnlyList<Value> Held, IReadOnlyList<BeginningBlock> Blocks)
{
    public bool HasMemory => MemoryInputs.Count > 0;

    /// <summary>What the memory's values go into, in the order in which they are kept.</summary>
    public IEnumerable<Value> Kept => Held.Concat(Blocks.SelectMany(b => b.Memory)).Distinct();

    /// <summary>
    /// An output on which all that <c>Begin</c> keeps depends, and on no other value of the memory: whoever has it (encoder outputs) need not compute it again.
    /// </summary>
    public (string Name, Value Value)? Entry
    {
        get
        {
            var made = Begin.Nodes.SelectMany(n => n.Outputs.Select(o => (Output: o, Node: n))).ToDictionary(p => p.Output, p => p.Node);
            var memory = new HashSet<Value>(MemoryInputs.Select(i => i.Output));
            foreach (var node in Begin.Nodes.Where(n => n.Inputs.Any(memory.Contains)))
            {
                memory.UnionWith(node.Outputs);
            }

            return Begin.Outputs
                .Where(o => made.ContainsKey(o.Value) && memory.Contains(o.Value))
                .Cast<(string, Value)?>()
                .FirstOrDefault(o => Kept.All(v => From(o!.Value.Item2, v)));

            bool From(Value entry, Value value) =>
                value == entry || (made.TryGetValue(value, out var maker) && maker.Inputs.Where(memory.Contains).ToList() is { Count: > 0 } read
                    && read.All(i => From(entry, i)));
        }
    }

    /// <summary>The nodes of <c>Begin</c> that make the entry, and those that follow from it.</summary>
    public (IReadOnlyList<Node> Before, IReadOnlyList<Node> After) AtEntry(Value entry) =>
        (Begin.NodesFor([entry], []), Begin.NodesFor(Kept, [entry]));
}

/// <summary>A block that keeps what it needs of a memory.</summary>
/// <param name="Output">What its use gives in the step.</param>
/// <param name="Whole">Its use with all that it reads.</param>
/// <param name="Memory">The values of the memory that it reads.</param>
internal sealed record BeginningBlock(Value Output, Node Whole, IReadOnlyList<Value> Memory);
