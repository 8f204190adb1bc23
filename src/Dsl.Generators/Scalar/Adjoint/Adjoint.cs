using System.Collections.Generic;
using System.Linq;

namespace Dsl.Generators.Scalar;

/// <summary>
/// The way back through a step: given the adjoints of its result and of the states after it, those of its arguments and of the states before.
/// Each contribution that leaves a branch is selected by the branch's condition; nothing is multiplied by a mask. What the way back needs of
/// a step is computed again from the state before it; only what a loop carries or overwrites is kept, turn by turn.
/// </summary>
internal sealed partial class Adjoint
{
    private readonly Flow flow;
    private readonly Dictionary<LoopItem, LoopItem> loops = [];
    private readonly Dictionary<FlowArray, FlowArray> bars = [];
    private readonly Dictionary<FlowArray, FlowArray> entries = [];
    private readonly HashSet<FlowNode> entryLoads = [];
    private readonly List<FlowArray> tapes;
    private readonly ReverseBlock outer;
    private readonly bool prologue;

    /// <summary>Hoisted values that the steps passed something back to.</summary>
    private readonly HashSet<int> reached = [];

    private Adjoint(Flow flow, FlowWriter writer, List<FlowArray> tapes, bool prologue)
    {
        this.flow = flow;
        this.tapes = tapes;
        this.prologue = prologue;
        Writer = writer;
        outer = new ReverseBlock(this, null, null);
    }

    public FlowWriter Writer { get; }

    /// <summary>By state: the adjoint of a scalar state before the step; null for spans, whose adjoints are written in place.</summary>
    public List<FlowNode?> StateBars { get; } = [];

    /// <summary>The way back through one step.</summary>
    public static Adjoint OfStep(Flow flow, List<FlowArray> tapes)
    {
        var adjoint = new Adjoint(flow, new FlowWriter(), tapes, false);
        adjoint.MarkEntryLoads();
        adjoint.Forward(flow.Step.Items);
        adjoint.outer.Contribute(flow.Result, adjoint.Writer.Input(InputRole.ResultBar, 0, "resultBar", time: true), flow.Step.Root);
        for (var i = 0; i < flow.States.Count; i++)
        {
            if (flow.Next[i] is { } next)
            {
                adjoint.outer.Contribute(next, adjoint.Writer.Input(InputRole.StateBar, i, flow.States[i].Name + "Bar", time: true), flow.Step.Root);
            }
        }

        adjoint.outer.Reverse(flow.Step.Items);
        adjoint.Finish();
        return adjoint;
    }

    /// <summary>The way back through what was computed once for all steps.</summary>
    public static Adjoint OfPrologue(Flow flow, List<FlowArray> tapes, Adjoint step)
    {
        var adjoint = new Adjoint(flow, new FlowWriter(1_000_000), tapes, true);
        adjoint.reached.UnionWith(Flow.All(step.Writer.Items).OfType<AddItem>().Where(a => a.Hoisted).Select(a => a.Target));
        foreach (var hoisted in flow.Hoists.Where(h => h.Array is null && adjoint.reached.Contains(h.Index)))
        {
            adjoint.outer.Contribute(hoisted.Value, adjoint.Writer.Input(InputRole.HoistedBar, hoisted.Index, hoisted.Name + "Bar", time: false),
                flow.Prologue.Root);
        }

        adjoint.outer.Reverse(flow.Prologue.Items);
        adjoint.Finish();
        return adjoint;
    }

    /// <summary>The derivative of a pointwise function by one of its operands, and what computes it; null where the function does not depend on it.</summary>
    public static (Adjoint Adjoint, FlowNode? Slope) OfOperand(Flow flow, int operand)
    {
        var adjoint = new Adjoint(flow, new FlowWriter(), [], false);
        adjoint.Forward(flow.Step.Items);
        adjoint.outer.Contribute(flow.Result, adjoint.Writer.Constant(1), flow.Step.Root);
        adjoint.outer.Reverse(flow.Step.Items);
        var slope = adjoint.outer.Bar(InputRole.Operand, operand);
        DeadStores.Eliminate(adjoint.Writer.Items);
        return (adjoint, slope);
    }

    private FlowArray BarOf(FlowArray array)
    {
        if (!bars.TryGetValue(array, out var bar))
        {
            var role = array.Role == ArrayRole.Hoisted ? ArrayRole.HoistedBar : ArrayRole.Bar;
            bars[array] = bar = new FlowArray(array.Name + "Bar", role, array.Index, array.Span);
        }

        return bar;
    }

    private FlowArray EntryOf(FlowArray array)
    {
        if (!entries.TryGetValue(array, out var entry))
        {
            entries[array] = entry = new FlowArray(array.Name + "Before", ArrayRole.Entry, array.Index, array.Span);
        }

        return entry;
    }

    // A load that surely finds what stood there before the step.
    private void MarkEntryLoads()
    {
        var stored = new HashSet<FlowArray>();
        foreach (var item in flow.Step.Items)
        {
            if (item is LoopItem loop)
            {
                foreach (var load in loop.Body
                    .OfType<Define>()
                    .Select(d => d.Node)
                    .Where(n => n.Op == Op.Load && n.Array!.Role == ArrayRole.State && !stored.Contains(n.Array)))
                {
                    var stores = loop.Body.OfType<StoreItem>().Where(s => s.Array == load.Array).ToList();
                    if (stores.Count == 0 || (ReferenceEquals(load.Arguments[0], loop.Counter) && stores.All(s => ReferenceEquals(s.Index, loop.Counter))))
                    {
                        entryLoads.Add(load);
                    }
                }

                stored.UnionWith(loop.Body.OfType<StoreItem>().Select(s => s.Array));
            }
            else if (item is StoreItem store)
            {
                stored.Add(store.Array);
            }
            else if (item is Define { Node: { Op: Op.Load } node } && node.Array!.Role == ArrayRole.State && !stored.Contains(node.Array))
            {
                entryLoads.Add(node);
            }
        }
    }

    // The step again, as far as the way back will ask for it (the rest is dropped as dead).
    private void Forward(IEnumerable<Item> items)
    {
        foreach (var item in items)
        {
            switch (item)
            {
                case Define d:
                    outer.Copied[d.Node] = d.Node.Op == Op.Get ? Writer.Get(d.Node.Cell!) : outer.Make(d.Node);
                    break;
                case StoreItem s:
                    Writer.Region = outer.Regions(s.Region);
                    Writer.Store(s.Array, outer.Get(s.Index), outer.Get(s.Value));
                    Writer.Region = Writer.Root;
                    break;
                case SetItem s:
                    Writer.Set(s.Cell, outer.Get(s.Value));
                    break;
                case LoopItem l:
                    var copy = Writer.Open(outer.Get(l.From), outer.Get(l.To), l.Step, l.Counter.Name);
                    outer.Copied[l.Counter] = copy.Counter;
                    loops[l] = copy;
                    Forward(l.Body);
                    Writer.Close();
                    break;
            }
        }
    }

    private void Finish()
    {
        foreach (var operand in flow.Operands)
        {
            var node = outer.Bar(InputRole.Operand, operand.Index);
            if (node is not null)
            {
                Writer.Add(new AddItem(false, operand.Index, null, node, Writer.Root));
            }
        }

        foreach (var hoisted in flow.Hoists.Where(h => h.Array is null && !prologue))
        {
            var node = outer.Bar(InputRole.Hoisted, hoisted.Index);
            if (node is not null)
            {
                Writer.Add(new AddItem(true, hoisted.Index, null, node, Writer.Root));
            }
        }

        if (!prologue)
        {
            for (var i = 0; i < flow.States.Count; i++)
            {
                StateBars.Add(flow.Next[i] is null ? null : outer.Bar(InputRole.State, i) ?? Writer.Constant(0));
            }
        }

        DeadStores.Eliminate(Writer.Items);
    }
}
