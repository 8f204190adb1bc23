using System.Collections.Generic;
using System.Linq;

namespace Dsl.Generators.Scalar;

internal sealed partial class Adjoint
{
    /// <summary>One block on the way back: the step's own, or a loop's body.</summary>
    private sealed partial class ReverseBlock(Adjoint adjoint, ReverseBlock? parent, LoopItem? loop)
    {
        private readonly Dictionary<FlowNode, FlowNode> bars = [];
        private readonly Dictionary<Cell, FlowNode> cells = [];
        private readonly Dictionary<PathCondition, PathCondition> regions = [];
        private readonly Dictionary<FlowNode, Cell> outside = [];
        private readonly Dictionary<Cell, Cell> carried = [];

        public Dictionary<FlowNode, FlowNode> Copied { get; } = [];

        private FlowWriter To => adjoint.Writer;

        public FlowNode? Bar(InputRole role, int index) => bars.FirstOrDefault(b => b.Key.Input == new FlowInput(role, index)).Value;

        /// <summary>Adds to a node's adjoint what a node in the region <paramref name="from"/> passes on to it.</summary>
        public void Contribute(FlowNode node, FlowNode value, PathCondition from)
        {
            if (node.IsFixed || node.Kind != ScalarKind.Double || value.IsConstant(0))
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
        private FlowNode Masked(FlowNode g, PathCondition from)
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
            var body = new ReverseBlock(adjoint, this, l);
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
    }
}
