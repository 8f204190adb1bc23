using System;
using System.Collections.Generic;
using System.Linq;

namespace Dsl.Generators.Scalar;

/// <summary>
/// The way back through a step: given the adjoints of its result and of the states after it, those of its arguments and of the states before.
/// Each contribution that leaves a branch is selected by the branch's condition; nothing is multiplied by a mask. What the way back needs of
/// a step is computed again from the state before it; only what a loop carries or overwrites is kept, turn by turn.
/// </summary>
internal sealed class Adjoint
{
    private readonly Flow flow;
    private readonly Dictionary<LoopItem, LoopItem> loops = [];
    private readonly Dictionary<FlowArray, FlowArray> bars = [];
    private readonly Dictionary<FlowArray, FlowArray> entries = [];
    private readonly HashSet<FlowNode> entryLoads = [];
    private readonly List<FlowArray> tapes;
    private readonly Scope outer;
    private readonly bool prologue;

    /// <summary>Hoisted values that the steps passed something back to.</summary>
    private readonly HashSet<int> reached = [];

    private Adjoint(Flow flow, FlowWriter writer, List<FlowArray> tapes, bool prologue)
    {
        this.flow = flow;
        this.tapes = tapes;
        this.prologue = prologue;
        Writer = writer;
        outer = new Scope(this, null, null);
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
        adjoint.outer.Contribute(flow.Result, adjoint.Writer.Input(0, "resultBar", true, "resultBar"), flow.Step.Root);
        for (var i = 0; i < flow.States.Count; i++)
        {
            if (flow.Next[i] is { } next)
            {
                adjoint.outer.Contribute(next, adjoint.Writer.Input(i, flow.States[i].Name + "Bar", true, "stateBar"), flow.Step.Root);
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
            adjoint.outer.Contribute(hoisted.Value, adjoint.Writer.Input(hoisted.Index, hoisted.Name + "Bar", false, "hoistedBar"), flow.Prologue.Root);
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
        var slope = adjoint.outer.Bar($":{operand}");
        StoresThatCount.Clean(adjoint.Writer.Items);
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
            var node = outer.Bar($":{operand.Index}");
            if (node is not null)
            {
                Writer.Add(new AddItem(false, operand.Index, null, node, Writer.Root));
            }
        }

        foreach (var hoisted in flow.Hoists.Where(h => h.Array is null && !prologue))
        {
            var node = outer.Bar($"hoisted:{hoisted.Index}");
            if (node is not null)
            {
                Writer.Add(new AddItem(true, hoisted.Index, null, node, Writer.Root));
            }
        }

        if (!prologue)
        {
            for (var i = 0; i < flow.States.Count; i++)
            {
                StateBars.Add(flow.Next[i] is null ? null : outer.Bar($"state:{i}") ?? Writer.Constant(0));
            }
        }

        StoresThatCount.Clean(Writer.Items);
    }

    /// <summary>One block on the way back: the step's own, or a loop's body.</summary>
    private sealed class Scope(Adjoint adjoint, Scope? parent, LoopItem? loop)
    {
        private readonly Dictionary<FlowNode, FlowNode> bars = [];
        private readonly Dictionary<Cell, FlowNode> cells = [];
        private readonly Dictionary<Region, Region> regions = [];
        private readonly Dictionary<FlowNode, Cell> outside = [];
        private readonly Dictionary<Cell, Cell> carried = [];

        public Dictionary<FlowNode, FlowNode> Copied { get; } = [];

        private FlowWriter To => adjoint.Writer;

        public FlowNode? Bar(string input) => bars.FirstOrDefault(b => b.Key.Op == Op.Input && b.Key.Text == input).Value;

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
            var copy = node.Op == Op.Input ? To.Input((int)node.Number, node.Name, node.Time, node.Text.Substring(0, node.Text.IndexOf(':')))
                : To.Make(node.Op, node.Kind, arguments, node.Text, node.Number, node.Array, node.Name, node.Time);
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
            forward.Body.Insert(forward.Body.FindIndex(i => i is Define d && d.Node == kept) + 1, new StoreItem(tape, forward.Counter, kept, To.Root));
            return To.Load(tape, Get(loop!.Counter), true);
        }

        public Region Regions(Region region)
        {
            if (region.Parent is null)
            {
                return To.Root;
            }

            if (!regions.TryGetValue(region, out var copy))
            {
                regions[region] = copy = new Region(Regions(region.Parent), Get(region.Condition!), region.Negated);
            }

            return copy;
        }

        /// <summary>Adds to a node's adjoint what a node in the region <paramref name="from"/> passes on to it.</summary>
        public void Contribute(FlowNode node, FlowNode value, Region from)
        {
            if (node.Uniform || node.Kind != ScalarKind.Double || value.IsConstant(0))
            {
                return;
            }

            var saved = To.Region;
            for (var region = from; !node.Region.IsWithin(region); region = region.Parent!)
            {
                To.Region = Regions(region.Parent!);
                var condition = Get(region.Condition!);
                value = region.Negated ? To.Select(condition, To.Constant(0), value) : To.Select(condition, value, To.Constant(0));
            }

            To.Region = saved;
            if (node.Loop is null && parent is not null)
            {
                // A value from outside the loop gathers its adjoint over the turns.
                if (!outside.TryGetValue(node, out var cell))
                {
                    outside[node] = cell = new Cell((node.Name.Length > 0 ? node.Name : "v" + node.Id) + "Bar", ScalarKind.Double);
                    cells[cell] = To.Get(cell);
                }

                cells[cell] = To.Plus(cells[cell], value);
                return;
            }

            // The sum belongs where the value does, not to the branch that it comes from: a derivative of it would be cut off there.
            To.Region = Regions(node.Region);
            bars[node] = bars.TryGetValue(node, out var sum) ? To.Plus(sum, value) : value;
            To.Region = saved;
        }

        public void Reverse(List<Item> items)
        {
            for (var i = items.Count - 1; i >= 0; i--)
            {
                switch (items[i])
                {
                    case Define { Node: { Op: Op.Get } get }:
                        if (bars.TryGetValue(get, out var read))
                        {
                            var bar = CellBar(get.Cell!);
                            cells[bar] = To.Plus(Current(bar), read);
                        }

                        break;
                    case Define d:
                        if (bars.TryGetValue(d.Node, out var g))
                        {
                            NameBar(g, d.Node);
                            To.Region = Regions(d.Node.Region);
                            Propagate(d.Node, g);
                            To.Region = To.Root;
                        }

                        break;
                    case SetItem { Cell.Kind: ScalarKind.Double } s:
                        var cell = CellBar(s.Cell);
                        Contribute(s.Value, Current(cell), s.Region);
                        cells[cell] = To.Constant(0);
                        break;
                    case StoreItem s:
                        var array = adjoint.BarOf(s.Array);
                        var index = Get(s.Index);
                        To.Region = Regions(s.Region);
                        if (array.Role == ArrayRole.HoistedBar)
                        {
                            if (!adjoint.reached.Contains(array.Index))
                            {
                                break;
                            }

                            Contribute(s.Value, To.Load(array, index, false), s.Region);
                        }
                        else
                        {
                            var after = To.Load(array, index, true);
                            To.Store(array, index, To.Constant(0));
                            Contribute(s.Value, after, s.Region);
                        }

                        To.Region = To.Root;
                        break;
                    case LoopItem l:
                        ReverseLoop(l);
                        break;
                }
            }
        }

        // An array belongs to no branch: only the lanes that took the branch write to its adjoint.
        private FlowNode Masked(FlowNode g, Region from)
        {
            for (var region = from; region.Condition is not null; region = region.Parent!)
            {
                if (!region.Condition.Uniform)
                {
                    var condition = Get(region.Condition);
                    g = region.Negated ? To.Select(condition, To.Constant(0), g) : To.Select(condition, g, To.Constant(0));
                }
            }

            return g;
        }

        private static void NameBar(FlowNode bar, FlowNode node)
        {
            if (bar.Name.Length == 0 && node.Name.Length > 0 && bar.Op is not (Op.Constant or Op.Input))
            {
                bar.Name = node.Name + "Bar";
            }
        }

        private Cell CellBar(Cell cell)
        {
            var root = parent ?? this;
            if (!root.carried.TryGetValue(cell, out var bar))
            {
                root.carried[cell] = bar = new Cell(cell.Name + "Bar", ScalarKind.Double);
            }

            return bar;
        }

        private FlowNode Current(Cell bar)
        {
            if (!cells.TryGetValue(bar, out var current))
            {
                // In a loop: what the later turn left. Outside: nothing yet.
                cells[bar] = current = parent is null ? To.Constant(0) : To.Get(bar);
            }

            return current;
        }

        private void ReverseLoop(LoopItem l)
        {
            var from = l.Step > 0
                ? To.Binary(Op.Subtract, Get(l.To), To.Constant(1, ScalarKind.Int))
                : To.Binary(Op.Add, Get(l.To), To.Constant(1, ScalarKind.Int));
            var to = l.Step > 0
                ? To.Binary(Op.Subtract, Get(l.From), To.Constant(1, ScalarKind.Int))
                : To.Binary(Op.Add, Get(l.From), To.Constant(1, ScalarKind.Int));
            var carriedCells = l.Body.OfType<SetItem>().Select(s => s.Cell).Where(c => c.Kind == ScalarKind.Double).Distinct().ToList();
            var reversed = To.Open(from, to, -l.Step, l.Counter.Name);
            var body = new Scope(adjoint, this, l);
            body.Copied[l.Counter] = reversed.Counter;
            body.Reverse(l.Body);
            foreach (var pair in body.cells)
            {
                if (pair.Value.Op != Op.Get || pair.Value.Cell != pair.Key)
                {
                    To.Set(pair.Key, pair.Value);
                }
            }

            To.Close();
            foreach (var cell in carriedCells)
            {
                var bar = CellBar(cell);
                To.AddBefore(reversed, new SetItem(bar, Current(bar), To.Root));
                cells[bar] = To.Get(bar);
            }

            foreach (var pair in body.outside)
            {
                To.AddBefore(reversed, new SetItem(pair.Value, bars.TryGetValue(pair.Key, out var before) ? before : To.Constant(0), To.Root));
                bars[pair.Key] = To.Get(pair.Value);
            }
        }

        // The chain rule, operation by operation.
        private void Propagate(FlowNode node, FlowNode g)
        {
            var a = node.Arguments;
            var one = To.Constant(1);
            FlowNode X(int i) => Get(a[i]);
            FlowNode Y() => Get(node);
            void Pass(int i, FlowNode value) => Contribute(a[i], value, node.Region);
            switch (node.Op)
            {
                case Op.Add:
                    Pass(0, g);
                    Pass(1, g);
                    break;
                case Op.Subtract:
                    Pass(0, g);
                    Pass(1, To.Negate(g));
                    break;
                case Op.Negate:
                    Pass(0, To.Negate(g));
                    break;
                case Op.Multiply:
                    Pass(0, To.Times(g, X(1)));
                    Pass(1, To.Times(g, X(0)));
                    break;
                case Op.Divide:
                    var share = To.Over(g, X(1));
                    Pass(0, share);
                    Pass(1, To.Negate(To.Times(share, Y())));
                    break;
                case Op.Select:
                    Pass(1, To.Select(Get(a[0]), g, To.Constant(0)));
                    Pass(2, To.Select(Get(a[0]), To.Constant(0), g));
                    break;
                case Op.Load:
                    var index = Get(a[0]);
                    g = Masked(g, node.Region);
                    if (node.Array!.Role == ArrayRole.State)
                    {
                        var bar = adjoint.BarOf(node.Array);
                        To.Store(bar, index, To.Plus(To.Load(bar, index, true), g));
                    }
                    else
                    {
                        To.Add(new AddItem(node.Array.Role == ArrayRole.Hoisted, node.Array.Index, index, g, To.Region));
                    }

                    break;
                case Op.Call:
                    Call(node.Text);
                    break;
            }

            void Call(string function)
            {
                switch (function)
                {
                    case "Exp":
                        Pass(0, To.Times(g, Y()));
                        break;
                    case "ExpM1":
                        Pass(0, To.Times(g, To.Plus(Y(), one)));
                        break;
                    case "Log":
                        Pass(0, To.Over(g, X(0)));
                        break;
                    case "Log2":
                        Pass(0, To.Over(To.Times(g, To.Constant(1 / Math.Log(2))), X(0)));
                        break;
                    case "Log10":
                        Pass(0, To.Over(To.Times(g, To.Constant(1 / Math.Log(10))), X(0)));
                        break;
                    case "Log1P":
                        Pass(0, To.Over(g, To.Plus(one, X(0))));
                        break;
                    case "Sqrt":
                        Pass(0, To.Over(To.Times(To.Constant(0.5), g), Y()));
                        break;
                    case "Cbrt":
                        Pass(0, To.Over(g, To.Times(To.Constant(3), To.Times(Y(), Y()))));
                        break;
                    case "Tanh":
                        Pass(0, To.Times(g, To.Minus(one, To.Times(Y(), Y()))));
                        break;
                    case "Sigmoid":
                        Pass(0, To.Times(g, To.Times(Y(), To.Minus(one, Y()))));
                        break;
                    case "Softplus":
                        Pass(0, To.Times(g, To.Call("Sigmoid", X(0))));
                        break;
                    case "Sinh":
                        Pass(0, To.Times(g, To.Call("Cosh", X(0))));
                        break;
                    case "Cosh":
                        Pass(0, To.Times(g, To.Call("Sinh", X(0))));
                        break;
                    case "Sin":
                        Pass(0, To.Times(g, To.Call("Cos", X(0))));
                        break;
                    case "Cos":
                        Pass(0, To.Negate(To.Times(g, To.Call("Sin", X(0)))));
                        break;
                    case "Tan":
                        Pass(0, To.Times(g, To.Plus(one, To.Times(Y(), Y()))));
                        break;
                    case "Atan":
                        Pass(0, To.Over(g, To.Plus(one, To.Times(X(0), X(0)))));
                        break;
                    case "Asin":
                        Pass(0, To.Over(g, To.Call("Sqrt", To.Minus(one, To.Times(X(0), X(0))))));
                        break;
                    case "Acos":
                        Pass(0, To.Negate(To.Over(g, To.Call("Sqrt", To.Minus(one, To.Times(X(0), X(0)))))));
                        break;
                    case "Asinh":
                        Pass(0, To.Over(g, To.Call("Sqrt", To.Plus(one, To.Times(X(0), X(0))))));
                        break;
                    case "Acosh":
                        Pass(0, To.Over(g, To.Call("Sqrt", To.Minus(To.Times(X(0), X(0)), one))));
                        break;
                    case "Atanh":
                        Pass(0, To.Over(g, To.Minus(one, To.Times(X(0), X(0)))));
                        break;
                    case "Atan2":
                        var square = To.Plus(To.Times(X(0), X(0)), To.Times(X(1), X(1)));
                        Pass(0, To.Over(To.Times(g, X(1)), square));
                        Pass(1, To.Negate(To.Over(To.Times(g, X(0)), square)));
                        break;
                    case "Erf":
                        Pass(0, To.Times(g, To.Times(To.Constant(2 / Math.Sqrt(Math.PI)), To.Call("Exp", To.Negate(To.Times(X(0), X(0)))))));
                        break;
                    case "Abs":
                        Pass(0, To.Select(To.Binary(Op.Less, X(0), To.Constant(0)), To.Negate(g), g));
                        break;
                    case "Max":
                    case "Min":
                        var first = To.Binary(function == "Max" ? Op.GreaterOrEqual : Op.LessOrEqual, X(0), X(1));
                        Pass(0, To.Select(first, g, To.Constant(0)));
                        Pass(1, To.Select(first, To.Constant(0), g));
                        break;
                    case "Pow":
                        if (!a[0].Uniform)
                        {
                            Pass(0, To.Times(g, To.Times(X(1), To.Call("Pow", X(0), To.Minus(X(1), one)))));
                        }

                        if (!a[1].Uniform)
                        {
                            Pass(1, To.Times(g, To.Times(Y(), To.Call("Log", X(0)))));
                        }

                        break;
                }
            }
        }
    }
}

/// <summary>Drops a store that a later one overwrites before anybody reads.</summary>
internal static class StoresThatCount
{
    public static void Clean(List<Item> items)
    {
        var later = new HashSet<(FlowArray, FlowNode)>();
        for (var i = items.Count - 1; i >= 0; i--)
        {
            switch (items[i])
            {
                case LoopItem loop:
                    later.Clear();
                    Clean(loop.Body);
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
