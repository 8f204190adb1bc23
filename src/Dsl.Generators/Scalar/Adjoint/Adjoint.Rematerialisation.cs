using System.Linq;

namespace Dsl.Generators.Scalar;

internal sealed partial class Adjoint
{
    /// <summary>Rematerialisation: what the way back reads of the step is computed again.</summary>
    private sealed partial class ReverseBlock
    {
        /// <summary>The value of a node of the step, here.</summary>
        public FlowNode Get(FlowNode node)
        {
            if (Copied.TryGetValue(node, out var copy))
            {
                return copy;
            }

            if (node.Loop is null && parent is not null)
            {
                return parent.Get(node);
            }

            if (adjoint.prologue && node.Loop is null && parent is null)
            {
                return node;
            }

            Copied[node] = copy = parent is null || node.Op is not (Op.Get or Op.Load) ? Make(node) : Again(node);
            return copy;
        }

        public FlowNode Make(FlowNode node)
        {
            if (node.Op == Op.Load && adjoint.entryLoads.Contains(node))
            {
                return To.Load(adjoint.EntryOf(node.Array!), Get(node.Arguments[0]), true);
            }

            var arguments = node.Arguments.Select(Get).ToList();
            var saved = To.Region;
            To.Region = Regions(node.Region);
            var copy = To.Again(node, arguments);
            To.Region = saved;
            if (copy.Name.Length == 0)
            {
                copy.Name = node.Name;
            }

            return copy;
        }

        // In a loop's body on the way back: read again what cannot have changed, else from the tape.
        private FlowNode Again(FlowNode node)
        {
            if (node.Op == Op.Load && (!node.Array!.Mutable || adjoint.entryLoads.Contains(node)))
            {
                return Make(node);
            }

            var tape = new FlowArray(node.Name.Length > 0 ? node.Name + "Kept" : "kept" + adjoint.tapes.Count, ArrayRole.Tape, adjoint.tapes.Count, "");
            adjoint.tapes.Add(tape);
            var forward = adjoint.loops[loop!];
            var kept = adjoint.outer.Copied[node];
            // Right where it is read: what a loop carries changes at the end of the turn.
            var (at, turn) = To.TurnOf(forward);
            forward.Body.InsertRange(
                forward.Body.FindIndex(i => i is Define d && d.Node == kept) + 1, [.. turn, new StoreItem(tape, at, kept, To.Root)]);
            return To.Load(tape, To.Turn(Get(loop!.Counter)), true);
        }

        public PathCondition Regions(PathCondition region)
        {
            if (region.Parent is null)
            {
                return To.Root;
            }

            if (!regions.TryGetValue(region, out var copy))
            {
                regions[region] = copy = new PathCondition(Regions(region.Parent), Get(region.Condition!), region.Negated);
            }

            return copy;
        }
    }
}
