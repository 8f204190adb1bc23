using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;

namespace Dsl.Generators.Scalar;

/// <summary>What a method needs of the flow: only that is written down.</summary>
internal abstract partial class KernelBody
{
    protected void MarkLive(IEnumerable<FlowNode> roots, Func<Item, bool> isRoot)
    {
        var all = Sections.SelectMany(Flow.All).ToList();
        var stores = all.OfType<StoreItem>().ToLookup(s => Of(s.Array));
        var sets = all.OfType<SetItem>().ToLookup(s => s.Cell);
        var work = new Stack<FlowNode>(roots);
        var doneLoops = new HashSet<LoopItem>();
        void Conditions(PathCondition region)
        {
            for (PathCondition? r = region; r is not null; r = r.Parent)
            {
                if (r.Condition is not null && (Host(r.Condition) || style.Enters))
                {
                    work.Push(r.Condition);
                }
            }
        }

        void KeepStore(StoreItem store)
        {
            work.Push(store.Index);
            work.Push(store.Value);
            Conditions(store.Region);
        }

        void KeepArray(FlowArray array)
        {
            if (liveArrays.Add(Of(array)))
            {
                foreach (var store in stores[Of(array)])
                {
                    KeepStore(store);
                }
            }
        }

        foreach (var item in all.Where(isRoot))
        {
            switch (item)
            {
                case AddItem a:
                    work.Push(a.Value);
                    if (a.Index is not null)
                    {
                        work.Push(a.Index);
                    }

                    Conditions(a.Region);
                    break;
                case StoreItem s:
                    KeepArray(s.Array);
                    break;
            }
        }

        // Loops are kept for what is live in them, and then their bounds are, too.
        while (true)
        {
            while (work.Count > 0)
            {
                var node = work.Pop();
                if (!live.Add(node))
                {
                    continue;
                }

                foreach (var argument in node.Arguments)
                {
                    work.Push(argument);
                }

                if (node.Op == Op.Load)
                {
                    KeepArray(node.Array!);
                    Conditions(node.Region);
                }

                if (style.Enters)
                {
                    Conditions(node.Region);
                }

                if (node.Op == Op.Get && liveCells.Add(node.Cell!))
                {
                    foreach (var set in sets[node.Cell!])
                    {
                        work.Push(set.Value);
                    }
                }
            }

            foreach (var loop in all.OfType<LoopItem>().Where(l => !doneLoops.Contains(l) && l.Body.Any(IsLive)))
            {
                doneLoops.Add(loop);
                work.Push(loop.From);
                work.Push(loop.To);
            }

            foreach (var hoisted in flow.Hoists.Where(h => h.Array is null && InputIsLive(InputRole.Hoisted, h.Index) && !live.Contains(h.Value)))
            {
                work.Push(hoisted.Value);
            }

            if (work.Count == 0)
            {
                break;
            }
        }

        // Uses, to know what deserves a name.
        void Use(FlowNode? node, LoopItem? where)
        {
            if (node is null)
            {
                return;
            }

            uses[node] = uses.TryGetValue(node, out var n) ? n + 1 : 1;
            if (!ReferenceEquals(node.Loop, where))
            {
                kept.Add(node);
            }
        }

        foreach (var node in live)
        {
            foreach (var argument in node.Arguments)
            {
                Use(argument, node.Loop);
            }

            if (style.Enters)
            {
                for (PathCondition? r = node.Region; r is not null; r = r.Parent)
                {
                    if (r.Condition is not null)
                    {
                        kept.Add(r.Condition);
                    }
                }
            }
        }

        void Walk(IEnumerable<Item> items, LoopItem? where)
        {
            var list = items.Where(IsLive).ToList();
            var many = list.OfType<SetItem>().Count(s => where is not null) > 1;
            foreach (var item in list)
            {
                switch (item)
                {
                    case StoreItem s:
                        Use(s.Index, where);
                        Use(s.Value, where);
                        break;
                    case SetItem s:
                        Use(s.Value, where);
                        setOnly.Add(s.Value);
                        if (many)
                        {
                            kept.Add(s.Value);
                        }

                        break;
                    case AddItem a:
                        Use(a.Index, where);
                        Use(a.Value, where);
                        break;
                    case LoopItem l:
                        Use(l.From, where);
                        Use(l.To, where);
                        Walk(l.Body, l);
                        break;
                }
            }
        }

        foreach (var section in Sections)
        {
            Walk(section, null);
        }

        foreach (var root in roots)
        {
            Use(root, null);
        }
    }

    private bool IsLive(Item item) => item switch
    {
        Define d => live.Contains(d.Node),
        StoreItem s => liveArrays.Contains(Of(s.Array)) || s.Array.Role is ArrayRole.Bar || (s.Array.Role == ArrayRole.HoistedBar),
        SetItem s => liveCells.Contains(s.Cell),
        AddItem => true,
        LoopItem l => l.Body.Any(IsLive),
        _ => false,
    };
}
