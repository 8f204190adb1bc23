using System.Collections.Generic;

namespace Dsl.Generators.Scalar;

/// <summary>Drops a store that a later one overwrites before anybody reads.</summary>
internal static class DeadStores
{
    public static void Eliminate(List<Item> items)
    {
        var later = new HashSet<(FlowArray, FlowNode)>();
        for (var i = items.Count - 1; i >= 0; i--)
        {
            switch (items[i])
            {
                case LoopItem loop:
                    later.Clear();
                    Eliminate(loop.Body);
                    break;
                case StoreItem s when s.Region.Condition is null:
                    if (!later.Add((s.Array, s.Index)))
                    {
                        items.RemoveAt(i);
                    }

                    break;
                case StoreItem:
                    later.Clear();
                    break;
                case Define { Node.Op: Op.Load } d:
                    later.RemoveWhere(l => l.Item1 == d.Node.Array);
                    break;
            }
        }
    }
}
