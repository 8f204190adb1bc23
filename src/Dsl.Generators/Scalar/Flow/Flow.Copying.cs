using System.Collections.Generic;
using System.Linq;

namespace Dsl.Generators.Scalar;

internal sealed partial class Flow
{
    /// <summary>Copies nodes into another writer.</summary>
    public sealed class Copier(FlowWriter to)
    {
        private readonly Dictionary<PathCondition, PathCondition> regions = [];

        public Dictionary<FlowNode, FlowNode> Map { get; } = [];

        public Dictionary<FlowNode, Hoisted> Hoisted { get; } = [];

        public FlowNode Copy(FlowNode node)
        {
            if (Map.TryGetValue(node, out var copy))
            {
                return copy;
            }

            if (Hoisted.TryGetValue(node, out var hoisted))
            {
                return hoisted.Array is null
                    ? to.Input(InputRole.Hoisted, hoisted.Index, hoisted.Name, time: false)
                    : to.Load(hoisted.Array, to.Turn(Map[node.Loop!.Counter]), time: false);
            }

            if (node.Op is Op.Get or Op.Counter)
            {
                throw new NotAKernelException("A loop's carried value is used before the loop.");
            }

            var arguments = node.Arguments.Select(Copy).ToList();
            var outer = to.Region;
            to.Region = Copy(node.Region);
            copy = to.Again(node, arguments);
            to.Region = outer;
            if (copy.Name.Length == 0)
            {
                copy.Name = node.Name;
            }

            Map[node] = copy;
            return copy;
        }

        private PathCondition Copy(PathCondition region)
        {
            if (region.Parent is null)
            {
                return to.Root;
            }

            if (!regions.TryGetValue(region, out var copy))
            {
                regions[region] = copy = new PathCondition(Copy(region.Parent), Copy(region.Condition!), region.Negated);
            }

            return copy;
        }

        public void CopyItems(IEnumerable<Item> items)
        {
            foreach (var item in items)
            {
                switch (item)
                {
                    case Define { Node: { Op: Op.Get } get }:
                        Map[get] = to.Get(get.Cell!);
                        break;
                    case Define d:
                        if (!Hoisted.ContainsKey(d.Node))
                        {
                            Copy(d.Node);
                        }

                        break;
                    case StoreItem s:
                        to.Region = Copy(s.Region);
                        to.Store(s.Array, Copy(s.Index), Copy(s.Value));
                        to.Region = to.Root;
                        break;
                    case SetItem s:
                        to.Set(s.Cell, Copy(s.Value));
                        break;
                    case LoopItem l:
                        var loop = to.Open(Copy(l.From), Copy(l.To), l.Step, l.Counter.Name);
                        Map[l.Counter] = loop.Counter;
                        CopyItems(l.Body);
                        to.Close();
                        break;
                }
            }
        }
    }
}
