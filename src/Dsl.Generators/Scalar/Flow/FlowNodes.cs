using System;
using System.Collections.Generic;
using System.Linq;

namespace Dsl.Generators.Scalar;

internal enum Op
{
    Constant,
    Setting,
    Input,
    Length,
    Counter,

    /// <summary>How many real tokens of the row, from its first on, came before the step's.</summary>
    Position,
    Load,
    Get,
    Negate,
    Not,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
    NotEqual,
    And,
    Or,
    Call,
    Select,
    ToDouble,
    ToInt,
}

/// <summary>What a kernel cannot say of a function, as a sentence, and the parameter that it is about; empty: the function as a whole.</summary>
internal sealed class NotAKernelException(string message, string parameter = "") : Exception(message)
{
    /// <summary>Stands for the axes that the function's attribute names.</summary>
    public const string Axes = "[axes]";

    public string Parameter { get; } = parameter;
}

/// <summary>An argument of a kernel: one real tensor. A Complex argument is two.</summary>
/// <param name="Axes">Its axes without the span's, in the order of the tensor.</param>
/// <param name="Span">The span's axis, or empty.</param>
/// <param name="Part">Of a Complex argument: 0 real, 1 imaginary; -1 of a real one.</param>
internal sealed record KernelOperand(int Index, string Name, string Parameter, EquatableArray<string> Axes, string Span, int Part, bool Time, bool Lanes)
{
    /// <summary>The tensor's own axes where it has some of one, written 1; else empty.</summary>
    public string Stored { get; set; } = "";
}

/// <summary>A state of a kernel.</summary>
internal sealed record KernelState(int Index, string Name, string Parameter, string Span, int Part, double Start);

internal enum ArrayRole
{
    Operand,
    State,

    /// <summary>The state as it was before the step.</summary>
    Entry,

    /// <summary>The adjoint of the state.</summary>
    Bar,

    /// <summary>Computed once for all steps.</summary>
    Hoisted,
    HoistedBar,

    /// <summary>Values of a loop's turns, kept for the way back.</summary>
    Tape,
}

/// <summary>What a number is that enters a kernel.</summary>
internal enum InputRole
{
    Operand,
    State,

    /// <summary>The adjoint of the state after the step.</summary>
    StateBar,

    /// <summary>The adjoint of the step's result.</summary>
    ResultBar,

    /// <summary>Computed once for all steps.</summary>
    Hoisted,
    HoistedBar,
}

/// <summary>A number that enters a kernel: of which operand, state or hoisted value.</summary>
internal readonly record struct FlowInput(InputRole Role, int Index);

internal sealed class FlowArray(string name, ArrayRole role, int index, string span)
{
    public string Name { get; } = name;

    public ArrayRole Role { get; } = role;

    /// <summary>Of the operand, the state or the hoisted value.</summary>
    public int Index { get; } = index;

    public string Span { get; } = span;

    public bool Mutable => Role is ArrayRole.State or ArrayRole.Bar or ArrayRole.Tape;
}

/// <summary>A local that a loop carries from turn to turn.</summary>
internal sealed class Cell(string name, ScalarKind kind)
{
    public string Name { get; } = name;

    public ScalarKind Kind { get; } = kind;
}

/// <summary>The conditions under which something is computed.</summary>
internal sealed class PathCondition(PathCondition? parent, FlowNode? condition, bool negated)
{
    public PathCondition? Parent { get; } = parent;

    public FlowNode? Condition { get; } = condition;

    public bool Negated { get; } = negated;

    public bool IsWithin(PathCondition other)
    {
        for (PathCondition? region = this; region is not null; region = region.Parent)
        {
            if (ReferenceEquals(region, other))
            {
                return true;
            }
        }

        return false;
    }
}

/// <summary>One value, computed once.</summary>
internal sealed class FlowNode(int id, Op op, ScalarKind kind, IReadOnlyList<FlowNode> arguments, PathCondition region, LoopItem? loop)
{
    public int Id { get; } = id;

    public Op Op { get; } = op;

    public ScalarKind Kind { get; } = kind;

    public IReadOnlyList<FlowNode> Arguments { get; } = arguments;

    public PathCondition Region { get; } = region;

    /// <summary>The loop in whose body it is computed.</summary>
    public LoopItem? Loop { get; } = loop;

    public double Number { get; set; }

    /// <summary>Of a call: the function. Of a setting: its C# text.</summary>
    public string Text { get; set; } = "";

    /// <summary>What the user calls it.</summary>
    public string Name { get; set; } = "";

    /// <summary>Which number enters; null of what is computed.</summary>
    public FlowInput? Input { get; set; }

    public FlowArray? Array { get; set; }

    public Cell? Cell { get; set; }

    /// <summary>The same for all lanes and steps: an int, a truth value or a double that C# computes once.</summary>
    public bool Uniform { get; set; }

    /// <summary>Made of the position and what is uniform: the same for all lanes of a vector, but not for all rows.</summary>
    public bool PerRow { get; set; }

    /// <summary>No value of a tensor is in it, so that no gradient ends here.</summary>
    public bool IsFixed => Uniform || PerRow;

    /// <summary>Changes from step to step.</summary>
    public bool Time { get; set; }

    public bool IsConstant(double value) => Op == Op.Constant && Number == value;
}

internal abstract class Item;

internal sealed class Define(FlowNode node) : Item
{
    public FlowNode Node { get; } = node;
}

internal sealed class StoreItem(FlowArray array, FlowNode index, FlowNode value, PathCondition region) : Item
{
    public FlowArray Array { get; } = array;

    public FlowNode Index { get; } = index;

    public FlowNode Value { get; } = value;

    public PathCondition Region { get; } = region;
}

internal sealed class SetItem(Cell cell, FlowNode value, PathCondition region) : Item
{
    public PathCondition Region { get; } = region;

    public Cell Cell { get; } = cell;

    public FlowNode Value { get; } = value;
}

/// <summary>Adds to the gradient of an operand or of a hoisted value; with an index, to an element.</summary>
internal sealed class AddItem(bool hoisted, int target, FlowNode? index, FlowNode value, PathCondition region) : Item
{
    public bool Hoisted { get; } = hoisted;

    /// <summary>Index of the operand or hoisted value.</summary>
    public int Target { get; } = target;

    public FlowNode? Index { get; } = index;

    public FlowNode Value { get; } = value;

    public PathCondition Region { get; } = region;
}

internal sealed class LoopItem(FlowNode from, FlowNode to, int step) : Item
{
    public FlowNode From { get; } = from;

    public FlowNode To { get; } = to;

    public int Step { get; } = step;

    public FlowNode Counter { get; set; } = null!;

    public List<Item> Body { get; } = [];

    /// <summary>The turns may begin below zero, so that an array with a value a turn cannot be indexed by the counter alone.</summary>
    public bool MayBeNegative => Step > 0 ? From is not { Op: Op.Constant, Number: >= 0 } : To is not { Op: Op.Constant, Number: >= -1 };

    /// <summary>Whether an index surely lies within a span: it counts between zero and the length of one along the same axis.</summary>
    public static bool StaysWithin(FlowNode index, FlowArray array)
    {
        if (index.Op != Op.Counter || index.Loop is not { } loop)
        {
            return false;
        }

        bool IsLength(FlowNode node) => node.Op == Op.Length && node.Array!.Span == array.Span && array.Span.Length > 0;
        return loop.Step > 0
            ? loop.From is { Op: Op.Constant, Number: >= 0 } && IsLength(loop.To)
            : loop.To is { Op: Op.Constant, Number: >= -1 } && loop.From is { Op: Op.Subtract } last && IsLength(last.Arguments[0])
                && last.Arguments[1] is { Op: Op.Constant, Number: >= 1 };
    }
}

/// <summary>Makes nodes: folds constants, finds what is there already.</summary>
internal sealed class FlowWriter
{
    private readonly List<Dictionary<string, List<FlowNode>>> known = [[]];
    private readonly Dictionary<FlowArray, int> versions = [];
    private readonly Stack<List<Item>> blocks = new();
    private readonly Stack<LoopItem> loops = new();
    private int ids;

    /// <param name="firstId">Writers whose nodes meet have numbers of their own.</param>
    public FlowWriter(int firstId = 0)
    {
        ids = firstId;
        Root = new PathCondition(null, null, false);
        Region = Root;
        blocks.Push(Items);
    }

    public List<Item> Items { get; } = [];

    public PathCondition Root { get; }

    public PathCondition Region { get; set; }

    public LoopItem? Loop => loops.Count > 0 ? loops.Peek() : null;

    public void Add(Item item) => blocks.Peek().Add(item);

    /// <summary>Puts an item before another one of the block being written.</summary>
    public void AddBefore(Item place, Item item)
    {
        var block = blocks.Peek();
        block.Insert(block.IndexOf(place), item);
    }

    public FlowNode Constant(double value, ScalarKind kind = ScalarKind.Double) => Make(Op.Constant, kind, [], number: value);

    public FlowNode Setting(string text, ScalarKind kind) => Make(Op.Setting, kind, [], text);

    public FlowNode Input(InputRole role, int index, string name, bool time)
    {
        var input = new FlowInput(role, index);
        var node = Make(Op.Input, ScalarKind.Double, [], input.ToString(), name: name, time: time);
        node.Input = input;
        return node;
    }

    /// <summary>A node of another flow, over arguments of this one.</summary>
    public FlowNode Again(FlowNode node, IReadOnlyList<FlowNode> arguments) => node.Input is { } input
        ? Input(input.Role, input.Index, node.Name, node.Time)
        : Make(node.Op, node.Kind, arguments, node.Text, node.Number, node.Array, node.Name, node.Time);

    public FlowNode Position() => Make(Op.Position, ScalarKind.Int, [], name: "position", time: true);

    public FlowNode Length(FlowArray array) => Make(Op.Length, ScalarKind.Int, [], array: array);

    public FlowNode Load(FlowArray array, FlowNode index, bool time) => Make(Op.Load, ScalarKind.Double, [index], array: array, time: time);

    public FlowNode Get(Cell cell) => Fresh(Op.Get, cell.Kind, [], n =>
    {
        n.Cell = cell;
        n.Name = cell.Name;
        n.Time = true;
        n.Uniform = cell.Kind == ScalarKind.Int;
    });

    /// <summary>A loop's counter as an index into an array that holds a value for each turn.</summary>
    public FlowNode Turn(FlowNode counter)
    {
        LoopItem loop = counter.Loop!;
        return !loop.MayBeNegative ? counter
            : Minus(counter, loop.Step > 0 ? loop.From : Plus(loop.To, Constant(1, ScalarKind.Int)));
    }

    /// <summary>The same for a loop written before, whose body is elsewhere: with what must be put into it.</summary>
    public (FlowNode At, IReadOnlyList<Item> Before) TurnOf(LoopItem loop)
    {
        if (!loop.MayBeNegative)
        {
            return (loop.Counter, []);
        }

        FlowNode Here(Op op, FlowNode left, FlowNode right) => new(ids++, op, ScalarKind.Int, [left, right], Root, loop) { Uniform = true };
        if (loop.Step > 0)
        {
            var up = Here(Op.Subtract, loop.Counter, loop.From);
            return (up, [new Define(up)]);
        }

        var low = Here(Op.Add, loop.To, Constant(1, ScalarKind.Int));
        var down = Here(Op.Subtract, loop.Counter, low);
        return (down, [new Define(low), new Define(down)]);
    }

    public void Set(Cell cell, FlowNode value) => Add(new SetItem(cell, value, Region));

    public void Store(FlowArray array, FlowNode index, FlowNode value)
    {
        Add(new StoreItem(array, index, value, Region));
        versions[array] = Version(array) + 1;
        if (Region.Condition is null)
        {
            // What is written under a condition need not be there afterwards.
            Remember(Key(Op.Load, ScalarKind.Double, [index], "", 0, array), value, here: true);
        }
    }

    public LoopItem Open(FlowNode from, FlowNode to, int step, string name)
    {
        var loop = new LoopItem(from, to, step);
        Add(loop);
        loops.Push(loop);
        blocks.Push(loop.Body);
        known.Add([]);
        loop.Counter = new FlowNode(ids++, Op.Counter, ScalarKind.Int, [], Region, loop) { Name = name, Uniform = true };
        Age();
        return loop;
    }

    public void Close()
    {
        loops.Pop();
        blocks.Pop();
        known.RemoveAt(known.Count - 1);
        Age();
    }

    public FlowNode Make(
        Op op,
        ScalarKind kind,
        IReadOnlyList<FlowNode> arguments,
        string text = "",
        double number = 0,
        FlowArray? array = null,
        string name = "",
        bool time = false)
    {
        if (Fold(op, kind, arguments, text) is { } folded)
        {
            return folded;
        }

        var key = Key(op, kind, arguments, text, number, array);
        for (var i = known.Count - 1; i >= 0; i--)
        {
            if (known[i].TryGetValue(key, out var nodes))
            {
                var found = nodes.FirstOrDefault(n => Region.IsWithin(n.Region));
                if (found is not null)
                {
                    return found;
                }
            }
        }

        var node = Fresh(op, kind, arguments, n =>
        {
            n.Text = text;
            n.Number = number;
            n.Array = array;
            n.Name = name;
            n.Uniform = op is Op.Constant or Op.Setting or Op.Length || (op is not (Op.Input or Op.Load or Op.Position) && arguments.All(a => a.Uniform));
            n.PerRow = op == Op.Position || (op is not (Op.Input or Op.Load) && !n.Uniform && arguments.All(a => a.IsFixed));
            n.Time = time || arguments.Any(a => a.Time);
        });
        Remember(key, node);
        return node;
    }

    public FlowNode Binary(Op op, FlowNode left, FlowNode right)
    {
        if (op is Op.Equal or Op.NotEqual && left.Kind == ScalarKind.Bool)
        {
            // Lanes compare numbers, of which a mask is none.
            var (same, other) = op == Op.Equal ? (right, Not(right)) : (Not(right), right);
            return Binary(Op.Or, Binary(Op.And, left, same), Binary(Op.And, Not(left), other));
        }

        return Make(op, op is >= Op.Less and <= Op.Or ? ScalarKind.Bool : left.Kind, [left, right]);
    }

    public FlowNode Not(FlowNode x) => Make(Op.Not, ScalarKind.Bool, [x]);

    public FlowNode Plus(FlowNode left, FlowNode right) => Binary(Op.Add, left, right);

    public FlowNode Minus(FlowNode left, FlowNode right) => Binary(Op.Subtract, left, right);

    public FlowNode Times(FlowNode left, FlowNode right) => Binary(Op.Multiply, left, right);

    public FlowNode Over(FlowNode left, FlowNode right) => Binary(Op.Divide, left, right);

    public FlowNode Negate(FlowNode x) => Make(Op.Negate, x.Kind, [x]);

    public FlowNode Call(string function, params FlowNode[] arguments) => Make(Op.Call, ScalarKind.Double, arguments, function);

    public FlowNode Select(FlowNode condition, FlowNode yes, FlowNode no) => Make(Op.Select, yes.Kind, [condition, yes, no]);

    private FlowNode Fresh(Op op, ScalarKind kind, IReadOnlyList<FlowNode> arguments, Action<FlowNode> fill)
    {
        var everywhere = IsEverywhere(op);
        var node = new FlowNode(ids++, op, kind, arguments, everywhere ? Root : Region, everywhere ? null : Loop);
        fill(node);
        if (!everywhere)
        {
            Add(new Define(node));
        }

        return node;
    }

    private static bool IsEverywhere(Op op) => op is Op.Constant or Op.Setting or Op.Length or Op.Input or Op.Position;

    private void Remember(string key, FlowNode node, bool here = false)
    {
        var scope = known[!here && IsEverywhere(node.Op) ? 0 : known.Count - 1];
        if (!scope.TryGetValue(key, out var nodes))
        {
            scope[key] = nodes = [];
        }

        nodes.Insert(0, node);
    }

    private int Version(FlowArray array) => versions.TryGetValue(array, out var version) ? version : 0;

    // A loop's turns write what earlier turns read: nothing that is known of mutable arrays crosses its border.
    private void Age()
    {
        foreach (var array in versions.Keys.ToList())
        {
            versions[array]++;
        }

        foreach (var array in touched)
        {
            versions[array] = Version(array) + 1;
        }
    }

    private readonly HashSet<FlowArray> touched = [];

    private string Key(Op op, ScalarKind kind, IReadOnlyList<FlowNode> arguments, string text, double number, FlowArray? array)
    {
        var version = 0;
        if (array is { Mutable: true } && op == Op.Load)
        {
            touched.Add(array);
            version = Version(array);
        }

        return $"{op}|{kind}|{string.Join(",", arguments.Select(a => a.Id))}|{text}|{BitConverter.DoubleToInt64Bits(number)}|{array?.Role}{array?.Index}"
            + $"|{version}";
    }

    private FlowNode? Fold(Op op, ScalarKind kind, IReadOnlyList<FlowNode> a, string text)
    {
        if (kind == ScalarKind.Double && a.Count == 2 && a[0].Op == Op.Constant && a[1].Op == Op.Constant)
        {
            var (x, y) = (a[0].Number, a[1].Number);
            switch (op)
            {
                case Op.Add:
                    return Constant(x + y);
                case Op.Subtract:
                    return Constant(x - y);
                case Op.Multiply:
                    return Constant(x * y);
                case Op.Divide:
                    return Constant(x / y);
            }
        }

        if (kind == ScalarKind.Int && a.Count == 2 && a[0].Op == Op.Constant && a[1].Op == Op.Constant && op is Op.Add or Op.Subtract)
        {
            return Constant(op == Op.Add ? a[0].Number + a[1].Number : a[0].Number - a[1].Number, ScalarKind.Int);
        }

        switch (op)
        {
            case Op.Add:
                return a[0].IsConstant(0) ? a[1]
                    : a[1].IsConstant(0) ? a[0]
                    : a[1].Op == Op.Negate ? Minus(a[0], a[1].Arguments[0])
                    : a[0].Op == Op.Negate ? Minus(a[1], a[0].Arguments[0])
                    : null;
            case Op.Subtract:
                return a[1].IsConstant(0) ? a[0]
                    : a[1].Op == Op.Negate ? Plus(a[0], a[1].Arguments[0])
                    : a[0].IsConstant(0) && kind == ScalarKind.Double ? Negate(a[1])
                    : null;
            case Op.Multiply:
                return a[0].IsConstant(1) ? a[1] : a[1].IsConstant(1) ? a[0] : a[0].IsConstant(-1) ? Negate(a[1]) : a[1].IsConstant(-1) ? Negate(a[0]) : null;
            case Op.Divide:
                return a[1].IsConstant(1) ? a[0] : null;
            case Op.Negate:
                return a[0].Op == Op.Constant ? Constant(-a[0].Number, kind) : a[0].Op == Op.Negate ? a[0].Arguments[0] : null;
            case Op.Not:
                return a[0].Op == Op.Constant ? Constant(a[0].Number == 0 ? 1 : 0, kind) : a[0].Op == Op.Not ? a[0].Arguments[0] : null;
            case Op.ToDouble:
                return a[0].Op == Op.Constant ? Constant(a[0].Number) : null;
            case Op.And:
                return a[0].IsConstant(1) ? a[1] : a[1].IsConstant(1) ? a[0] : a[0].IsConstant(0) ? a[0] : a[1].IsConstant(0) ? a[1] : null;
            case Op.Or:
                return a[0].IsConstant(0) ? a[1] : a[1].IsConstant(0) ? a[0] : a[0].IsConstant(1) ? a[0] : a[1].IsConstant(1) ? a[1] : null;
            case Op.Equal or Op.NotEqual or Op.Less or Op.LessOrEqual or Op.Greater or Op.GreaterOrEqual
                when a[0].Op == Op.Constant && a[1].Op == Op.Constant:
                var (l, r) = (a[0].Number, a[1].Number);
                return Constant(
                    op switch
                    {
                        Op.Equal => l == r,
                        Op.NotEqual => l != r,
                        Op.Less => l < r,
                        Op.LessOrEqual => l <= r,
                        Op.Greater => l > r,
                        _ => l >= r,
                    } ? 1 : 0,
                    ScalarKind.Bool);
            case Op.Select:
                return a[0].Op == Op.Constant ? (a[0].Number != 0 ? a[1] : a[2]) : ReferenceEquals(a[1], a[2]) ? a[1] : null;
            default:
                return null;
        }
    }
}
