using System;
using System.Collections.Generic;
using System.Linq;

namespace Dsl.Generators.Scalar;

/// <summary>
/// One step of a recurrence (or a pointwise function) as single assignments: helpers inlined, Complex split into pairs, branches turned into
/// selections, what does not change over time moved before the first step.
/// </summary>
internal sealed class Flow
{
    public ScalarFunction Function { get; private set; } = null!;

    /// <summary>Axes of the values; the time axis is <c>t</c>.</summary>
    public IReadOnlyList<string> Axes { get; private set; } = [];

    /// <summary>The axis along which vectors lie; <c>-</c> where there is none and each vector holds one value.</summary>
    public string Lane { get; private set; } = "-";

    public List<KernelOperand> Operands { get; } = [];

    public List<KernelState> States { get; } = [];

    /// <summary>C# texts of settings over <c>config</c>, doubles, in the order in which the kernel gets them.</summary>
    public List<string> Settings { get; } = [];

    /// <summary>Before the first step: computes the hoisted values.</summary>
    public FlowWriter Prologue { get; private set; } = new();

    /// <summary>Hoisted scalars and arrays, by index: the value, and its array where it is one.</summary>
    public List<Hoisted> Hoists { get; } = [];

    public FlowWriter Step { get; private set; } = new();

    public FlowNode Result { get; private set; } = null!;

    /// <summary>Of a transfer function: the imaginary part of its result.</summary>
    public FlowNode? Imaginary { get; private set; }

    /// <summary>The axis of a transfer function's nodes.</summary>
    public const string Nodes = "nodes";

    /// <summary>By state: the scalar state's new value; null for a span, which is written in place.</summary>
    public List<FlowNode?> Next { get; } = [];

    /// <param name="Value">In the prologue.</param>
    /// <param name="Array">Of a value per turn of a loop.</param>
    public sealed record Hoisted(int Index, string Name, FlowNode Value, FlowArray? Array, LoopItem? Loop);

    /// <exception cref="NotAKernelException">The function has no kernel; the message is a sentence that says why.</exception>
    public static Flow Of(ScalarFunction function)
    {
        var flow = new Flow { Function = function };
        flow.ReadAxes();
        var builder = new Builder(flow, flow.Step);
        builder.Run();
        if (function.Form != ScalarForm.Transfer)
        {
            flow.Hoist();
        }

        return flow;
    }

    private void ReadAxes()
    {
        // A transfer function is computed at all nodes at once; nothing of it moves in time.
        var isTransfer = Function.Form == ScalarForm.Transfer;
        var axes = Function.Form == ScalarForm.Pointwise ? "b t d" : isTransfer ? Function.Axes + " " + Nodes : Function.Axes;
        Axes = axes.Split([' '], StringSplitOptions.RemoveEmptyEntries);
        if (Axes.Contains("t") == isTransfer || Axes.Distinct().Count() != Axes.Count)
        {
            throw new NotAKernelException($"The axes '{axes}' of '{Function.Name}' must name each axis once, and time as 't'.");
        }

        var last = Axes.Last(a => a != "t" || Axes.Count == 1);
        Lane = last == Axes[0] || last == "t" ? "-" : last;
        var stateSpan = Function.State.Split(' ').Where(a => a.StartsWith("[", StringComparison.Ordinal)).Select(a => a.Trim('[', ']')).ToList();
        if (stateSpan.Count > 1)
        {
            throw new NotAKernelException($"The state '{Function.State}' of '{Function.Name}' has more than one axis in brackets: one span walks one axis.");
        }

        var parallel = Function.State.Split([' '], StringSplitOptions.RemoveEmptyEntries).Where(a => !a.StartsWith("[", StringComparison.Ordinal)).ToList();
        if (Function.Form == ScalarForm.Recurrence && Function.Of(ScalarRole.State).Any() && !parallel.SequenceEqual(Axes.Where(a => a != "t")))
        {
            throw new NotAKernelException(
                $"The state '{Function.State}' of '{Function.Name}' must have the axes '{string.Join(" ", Axes.Where(a => a != "t"))}' outside its brackets.");
        }

        foreach (var p in Function.Parameters)
        {
            if (p.Role is ScalarRole.Config or ScalarRole.Index)
            {
                continue;
            }

            if (p.Role == ScalarRole.Table)
            {
                throw new NotAKernelException($"'{p.Name}' is a table, which only a score can read.");
            }

            var parts = p.Kind == ScalarKind.Complex ? new[] { 0, 1 } : [-1];
            foreach (var part in parts)
            {
                var name = p.Name + (part < 0 ? "" : part == 0 ? "Re" : "Im");
                if (p.Role == ScalarRole.State)
                {
                    if (p.Span && stateSpan.Count == 0)
                    {
                        throw new NotAKernelException($"'{p.Name}' is a span, but the state '{Function.State}' has no axis in brackets.");
                    }

                    States.Add(new KernelState(States.Count, name, p.Name, p.Span ? stateSpan[0] : "", part, part == 1 ? 0 : p.Start.Value));
                    continue;
                }

                // Brackets say that the file has one axis for several; here they are several.
                var own = p.Axes.Split([' ', '(', ')'], StringSplitOptions.RemoveEmptyEntries).ToList();
                if (isTransfer && p.Role == ScalarRole.Value)
                {
                    own = [Nodes];
                }

                if (part >= 0 && own.Count > 0 && own[own.Count - 1] == "2")
                {
                    own.RemoveAt(own.Count - 1);
                }

                var isSaid = own.Count > 0;
                own.RemoveAll(a => a == "1");
                if (Function.Form == ScalarForm.Pointwise)
                {
                    if (own.Count > 1)
                    {
                        throw new NotAKernelException($"'{p.Name}' spans more than the last axis.");
                    }

                    own = p.Role == ScalarRole.Value && p.Axes.Length == 0 ? [.. Axes] : own.Count == 0 ? [] : ["d"];
                }
                else if (!isSaid && p.Axes.Length == 0)
                {
                    own = [.. Axes];
                    if (p.Span)
                    {
                        throw new NotAKernelException($"'{p.Name}' is a span and must say its axes, the span's last: [Axes(\"b t n\")].");
                    }
                }

                var span = "";
                if (p.Span)
                {
                    span = own[own.Count - 1];
                    own.RemoveAt(own.Count - 1);
                }

                if (own.Except(Axes).FirstOrDefault() is { } strange)
                {
                    throw new NotAKernelException($"'{p.Name}' has an axis '{strange}', which '{Function.Name}' ('{string.Join(" ", Axes)}') has not.");
                }

                Operands.Add(
                    new KernelOperand(
                        Operands.Count,
                        name,
                        p.Name,
                        own.ToEquatable(),
                        span,
                        part,
                        own.Contains("t"),
                        own.Contains(Lane))
                    { Stored = Function.Form != ScalarForm.Pointwise && p.Axes.Split(' ').Contains("1") ? p.Axes : "" });
            }
        }
    }

    // What does not depend on the step is computed before the first one: single values always, values of a loop's turns where they cost something.
    private void Hoist()
    {
        var old = Step;
        var wanted = new HashSet<FlowNode>();
        void Want(FlowNode node, bool byStep)
        {
            if (!node.Time && !node.Uniform && node.Op is not (Op.Input or Op.Load) && byStep && (node.Loop is null || Costs(node)))
            {
                wanted.Add(node);
                return;
            }

            foreach (var argument in node.Arguments)
            {
                Want(argument, byStep);
            }
        }

        var items = All(old.Items).ToList();
        foreach (var item in items)
        {
            switch (item)
            {
                case Define { Node: { Time: true } node }:
                    foreach (var argument in node.Arguments)
                    {
                        Want(argument, true);
                    }

                    break;
                case StoreItem s:
                    Want(s.Value, true);
                    break;
                case SetItem s:
                    Want(s.Value, true);
                    break;
            }
        }

        Want(Result, true);
        foreach (var next in Next)
        {
            if (next is not null)
            {
                Want(next, true);
            }
        }

        // A value under a condition that changes with the step stays in the step.
        wanted.RemoveWhere(n => !ReferenceEquals(n.Region, old.Root) && Conditions(n.Region).Any(c => c.Time));
        if (wanted.Count == 0)
        {
            return;
        }

        var rebuilt = new FlowWriter();
        var prologue = new Copier(Prologue);
        var copier = new Copier(rebuilt);
        // What a loop takes from outside is computed outside.
        void Outside(FlowNode node)
        {
            foreach (var argument in node.Arguments)
            {
                if (argument.Loop is null)
                {
                    prologue.Copy(argument);
                }
                else
                {
                    Outside(argument);
                }
            }
        }

        foreach (var group in wanted.OrderBy(n => n.Id).GroupBy(n => n.Loop))
        {
            if (group.Key is { } loop)
            {
                foreach (var node in group)
                {
                    Outside(node);
                }

                var opened = Prologue.Open(prologue.Copy(loop.From), prologue.Copy(loop.To), loop.Step, loop.Counter.Name);
                prologue.Map[loop.Counter] = opened.Counter;
                foreach (var node in group)
                {
                    var array = new FlowArray("hoisted" + Hoists.Count, ArrayRole.Hoisted, Hoists.Count, "");
                    var value = prologue.Copy(node);
                    Prologue.Store(array, opened.Counter, value);
                    Hoists.Add(new Hoisted(Hoists.Count, NameOf(node, Hoists.Count), value, array, loop));
                    copier.Hoisted[node] = Hoists[Hoists.Count - 1];
                }

                Prologue.Close();
            }
            else
            {
                foreach (var node in group)
                {
                    Hoists.Add(new Hoisted(Hoists.Count, NameOf(node, Hoists.Count), prologue.Copy(node), null, null));
                    copier.Hoisted[node] = Hoists[Hoists.Count - 1];
                }
            }
        }

        copier.CopyItems(old.Items);
        Result = copier.Copy(Result);
        for (var i = 0; i < Next.Count; i++)
        {
            Next[i] = Next[i] is { } next ? copier.Copy(next) : null;
        }

        Step = rebuilt;
    }

    // Exp(decay) is called expDecay.
    private static string NameOf(FlowNode node, int index)
    {
        if (node.Name.Length > 0)
        {
            return node.Name;
        }

        var word = node.Op switch
        {
            Op.Call => char.ToLowerInvariant(node.Text[0]) + node.Text.Substring(1),
            Op.Negate => "minus",
            _ => "",
        };
        if (word.Length > 0 && node.Arguments.Count == 1)
        {
            var argument = node.Arguments[0];
            var inner = argument.Op == Op.Load ? argument.Array!.Name : NameOf(argument, -1);
            if (inner.Length > 0)
            {
                return word + char.ToUpperInvariant(inner[0]) + inner.Substring(1);
            }
        }

        return index < 0 ? "" : "fixed" + index;
    }

    private static bool Costs(FlowNode node) => node.Op is Op.Call or Op.Divide || (!node.Time && node.Arguments.Any(Costs));

    private static IEnumerable<FlowNode> Conditions(Region region)
    {
        for (Region? r = region; r is not null; r = r.Parent)
        {
            if (r.Condition is not null)
            {
                yield return r.Condition;
            }
        }
    }

    public static IEnumerable<Item> All(IEnumerable<Item> items)
    {
        foreach (var item in items)
        {
            yield return item;
            if (item is LoopItem loop)
            {
                foreach (var inner in All(loop.Body))
                {
                    yield return inner;
                }
            }
        }
    }

    /// <summary>Copies nodes into another writer.</summary>
    public sealed class Copier(FlowWriter to)
    {
        private readonly Dictionary<Region, Region> regions = [];

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
                    ? to.Input(hoisted.Index, hoisted.Name, time: false, source: "hoisted")
                    : to.Load(hoisted.Array, Map[node.Loop!.Counter], time: false);
            }

            if (node.Op is Op.Get or Op.Counter)
            {
                throw new NotAKernelException("A loop's carried value is used before the loop.");
            }

            var arguments = node.Arguments.Select(Copy).ToList();
            var outer = to.Region;
            to.Region = Copy(node.Region);
            copy = to.Make(node.Op, node.Kind, arguments, node.Text, node.Number, node.Array, node.Name, node.Time);
            to.Region = outer;
            if (copy.Name.Length == 0)
            {
                copy.Name = node.Name;
            }

            Map[node] = copy;
            return copy;
        }

        private Region Copy(Region region)
        {
            if (region.Parent is null)
            {
                return to.Root;
            }

            if (!regions.TryGetValue(region, out var copy))
            {
                regions[region] = copy = new Region(Copy(region.Parent), Copy(region.Condition!), region.Negated);
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

    private sealed record Pair(FlowNode Re, FlowNode? Im);

    private sealed class Builder(Flow flow, FlowWriter to)
    {
        private readonly Dictionary<string, Pair> environment = [];
        private readonly Dictionary<string, ScalarKind> kinds = [];
        private readonly Dictionary<string, FlowArray[]> arrays = [];

        public void Run()
        {
            foreach (var p in flow.Function.Parameters)
            {
                kinds[p.Name] = p.Kind;
                if (p.Role == ScalarRole.Index)
                {
                    environment[p.Name] = p.Name == "layer"
                        ? new Pair(Configured("layer", ScalarKind.Int), null)
                        : throw new NotAKernelException($"A kernel cannot read the index '{p.Name}'.");
                }
                else if (p.Role == ScalarRole.State)
                {
                    var states = flow.States.Where(s => s.Parameter == p.Name).ToList();
                    if (p.Span)
                    {
                        arrays[p.Name] = [.. states.Select(s => new FlowArray(s.Name, ArrayRole.State, s.Index, s.Span))];
                    }
                    else
                    {
                        var nodes = states.Select(s => to.Input(s.Index, s.Name, time: true, source: "state")).ToList();
                        environment[p.Name] = new Pair(nodes[0], nodes.Count > 1 ? nodes[1] : null);
                    }
                }
                else if (p.Role is not ScalarRole.Config)
                {
                    var operands = flow.Operands.Where(o => o.Parameter == p.Name).ToList();
                    if (p.Span)
                    {
                        arrays[p.Name] = [.. operands.Select(o => new FlowArray(o.Name, ArrayRole.Operand, o.Index, o.Span))];
                    }
                    else
                    {
                        var nodes = operands.Select(o => to.Input(o.Index, o.Name, o.Time)).ToList();
                        environment[p.Name] = new Pair(nodes[0], nodes.Count > 1 ? nodes[1] : null);
                    }
                }
            }

            var result = Block(Inliner.Inline(flow.Function)) ?? throw new NotAKernelException($"'{flow.Function.Name}' returns nothing on some way.");
            flow.Imaginary = flow.Function.Form == ScalarForm.Transfer ? result.Im ?? to.Constant(0) : null;
            flow.Result = result.Im is null || flow.Imaginary is not null
                ? result.Re
                : throw new NotAKernelException($"'{flow.Function.Name}' returns a Complex: a kernel returns a double.");
            foreach (var state in flow.States)
            {
                var p = flow.Function.Parameters.First(q => q.Name == state.Parameter);
                flow.Next.Add(p.Span ? null : state.Part == 1 ? environment[p.Name].Im ?? to.Constant(0) : environment[p.Name].Re);
            }
        }

        private FlowNode Configured(string text, ScalarKind kind)
        {
            var at = flow.Settings.IndexOf(text);
            if (at < 0)
            {
                at = flow.Settings.Count;
                flow.Settings.Add(text);
            }

            return to.Setting(at.ToString(System.Globalization.CultureInfo.InvariantCulture), kind);
        }

        private Pair? Block(IEnumerable<Statement> statements)
        {
            foreach (var statement in statements)
            {
                switch (statement)
                {
                    case Return r:
                        return Read(r.Value);
                    case Declare d:
                        kinds[d.Name] = d.Kind;
                        if (d.Value is null)
                        {
                            environment.Remove(d.Name);
                        }
                        else
                        {
                            environment[d.Name] = Named(As(Read(d.Value), d.Kind), d.Name);
                        }

                        break;
                    case Assign a:
                        environment[a.Name] = Named(As(Read(a.Value), kinds[a.Name]), a.Name);
                        break;
                    case Store s:
                        var index = Read(s.Index).Re;
                        var value = Read(s.Value);
                        Write(arrays[s.Span][0], index, value.Re);
                        if (arrays[s.Span].Length > 1)
                        {
                            Write(arrays[s.Span][1], index, value.Im ?? to.Constant(0));
                        }

                        break;
                    case If i:
                        if (Branch(i) is { } returned)
                        {
                            return returned;
                        }

                        break;
                    case Loop l:
                        ReadLoop(l);
                        break;
                }
            }

            return null;
        }

        private static Pair As(Pair value, ScalarKind kind) => kind == ScalarKind.Complex ? value : value with { Im = null };

        private static Pair Named(Pair pair, string name)
        {
            if (pair.Im is null)
            {
                Name(pair.Re, name);
            }
            else
            {
                Name(pair.Re, name + "Re");
                Name(pair.Im, name + "Im");
            }

            return pair;

            static void Name(FlowNode node, string name)
            {
                if (node.Name.Length == 0 && node.Op is not (Op.Constant or Op.Setting or Op.Input or Op.Length))
                {
                    node.Name = name;
                }
            }
        }

        // An element is written in all lanes: where the branch is not taken, with what was there.
        private void Write(FlowArray array, FlowNode index, FlowNode value)
        {
            var masks = new List<(FlowNode Condition, bool Negated)>();
            for (var region = to.Region; region.Condition is not null; region = region.Parent!)
            {
                if (!region.Condition.Uniform)
                {
                    masks.Add((region.Condition, region.Negated));
                }
            }

            if (masks.Count > 0)
            {
                var inner = to.Region;
                var region = inner;
                while (region.Condition is { Uniform: false })
                {
                    region = region.Parent!;
                }

                to.Region = region;
                var old = to.Load(array, index, true);
                foreach (var (condition, negated) in masks)
                {
                    value = negated ? to.Select(condition, old, value) : to.Select(condition, value, old);
                }

                to.Store(array, index, value);
                to.Region = inner;
                return;
            }

            to.Store(array, index, value);
        }

        private Pair? Branch(If branch)
        {
            var condition = Read(branch.Condition).Re;
            var before = new Dictionary<string, Pair>(environment);
            var outer = to.Region;
            to.Region = new Region(outer, condition, false);
            var yes = Block(branch.Then);
            var then = new Dictionary<string, Pair>(environment);
            environment.Clear();
            foreach (var pair in before)
            {
                environment[pair.Key] = pair.Value;
            }

            to.Region = new Region(outer, condition, true);
            var no = Block(branch.Else);
            to.Region = outer;
            foreach (var name in environment.Keys.Union(then.Keys).ToList())
            {
                var (a, b) = (then.TryGetValue(name, out var x) ? x : null, environment.TryGetValue(name, out var y) ? y : null);
                if (a is null || b is null)
                {
                    // Declared before, given a value in one branch: C# lets nobody read it unless that branch was taken.
                    if (!before.ContainsKey(name))
                    {
                        environment.Remove(name);
                    }
                }
                else if (!a.Equals(b))
                {
                    environment[name] = Named(Choose(condition, a, b), name);
                }
            }

            return yes is not null && no is not null ? Choose(condition, yes, no) : null;
        }

        private Pair Choose(FlowNode condition, Pair yes, Pair no)
        {
            if (!condition.Uniform && yes.Re.Kind == ScalarKind.Bool)
            {
                return new Pair(
                    to.Binary(Op.Or, to.Binary(Op.And, condition, yes.Re), to.Binary(Op.And, to.Make(Op.Not, ScalarKind.Bool, [condition]), no.Re)), null);
            }

            return !condition.Uniform && yes.Re.Kind == ScalarKind.Int && !ReferenceEquals(yes.Re, no.Re)
                ? throw new NotAKernelException(
                    $"'{flow.Function.Name}' has an int that depends on values: a kernel counts with ints and computes with doubles.")
                : Selected(condition, yes, no);
        }

        private Pair Selected(FlowNode condition, Pair yes, Pair no) => new(
            to.Select(condition, yes.Re, no.Re),
            yes.Im is null && no.Im is null ? null : to.Select(condition, yes.Im ?? to.Constant(0), no.Im ?? to.Constant(0)));

        private void ReadLoop(Loop loop)
        {
            if (to.Loop is not null)
            {
                throw new NotAKernelException($"'{flow.Function.Name}' has a loop inside a loop: a kernel walks one bracketed axis at a time.");
            }

            var from = Read(loop.From).Re;
            var bound = Read(loop.To).Re;
            var written = new HashSet<string>();
            Inliner.Assigned(loop.Body, written);
            var cells = new Dictionary<string, Cell[]>();
            foreach (var name in written.Where(environment.ContainsKey).OrderBy(n => n, StringComparer.Ordinal))
            {
                var kind = kinds[name];
                if (kind == ScalarKind.Bool)
                {
                    throw new NotAKernelException($"'{name}' is a truth value that a loop carries on: a kernel carries numbers.");
                }

                cells[name] = kind == ScalarKind.Complex
                    ? [new Cell(name + "Re", ScalarKind.Double), new Cell(name + "Im", ScalarKind.Double)]
                    : [new Cell(name, kind)];
                Put(cells[name], environment[name]);
            }

            var opened = to.Open(from, bound, loop.Step, loop.Name);
            environment[loop.Name] = new Pair(opened.Counter, null);
            kinds[loop.Name] = ScalarKind.Int;
            Take(cells);
            var outside = new HashSet<string>(environment.Keys);
            Block(loop.Body);
            foreach (var pair in cells)
            {
                Put(pair.Value, environment[pair.Key]);
            }

            to.Close();
            foreach (var name in environment.Keys.Except(outside).ToList())
            {
                environment.Remove(name);
            }

            environment.Remove(loop.Name);
            Take(cells);
        }

        private void Put(Cell[] cells, Pair value)
        {
            to.Set(cells[0], value.Re);
            if (cells.Length > 1)
            {
                to.Set(cells[1], value.Im ?? to.Constant(0));
            }
        }

        private void Take(Dictionary<string, Cell[]> cells)
        {
            foreach (var pair in cells)
            {
                environment[pair.Key] = new Pair(to.Get(pair.Value[0]), pair.Value.Length > 1 ? to.Get(pair.Value[1]) : null);
            }
        }

        private Pair Read(Expression e)
        {
            switch (e)
            {
                case Constant c:
                    return new Pair(to.Constant(c.Value, c.Kind), null);
                case Variable v:
                    return environment.TryGetValue(v.Name, out var known) ? known : throw new NotAKernelException($"'{v.Name}' has no value on some way.");
                case Element x:
                    var index = Read(x.Index).Re;
                    if (!index.Uniform)
                    {
                        throw new NotAKernelException($"'{x.Span}' is read at an index that depends on values.");
                    }

                    var nodes = arrays[x.Span].Select(a => to.Load(a, index, a.Role == ArrayRole.State || flow.Operands[a.Index].Time)).ToList();
                    return new Pair(nodes[0], nodes.Count > 1 ? nodes[1] : null);
                case Length l:
                    return new Pair(to.Length(arrays[l.Span][0]), null);
                case Setting or IsNull or Unwrap:
                    return new Pair(Host(e), null);
                case Unary { Operator: UnaryOperator.Not } u:
                    return new Pair(to.Make(Op.Not, ScalarKind.Bool, [Read(u.Operand).Re]), null);
                case Unary u:
                    var negated = Read(u.Operand);
                    return new Pair(to.Negate(negated.Re), negated.Im is null ? null : to.Negate(negated.Im));
                case ConvertTo { Kind: ScalarKind.Complex } c:
                    return Read(c.Operand);
                case ConvertTo { Kind: ScalarKind.Double } c:
                    return new Pair(to.Make(Op.ToDouble, ScalarKind.Double, [Read(c.Operand).Re]), null);
                case ConvertTo c:
                    var whole = Read(c.Operand).Re;
                    return whole.Uniform
                        ? new Pair(to.Make(Op.ToInt, ScalarKind.Int, [whole]), null)
                        : throw new NotAKernelException("A kernel cannot make an int of a value.");
                case Binary b when b.Left.Kind is ScalarKind.Text || Nullable(b):
                    return new Pair(Host(e), null);
                case Binary b:
                    return Operate(b.Operator, b.Left, b.Right);
                case Select s:
                    var condition = Read(s.Condition).Re;
                    var outer = to.Region;
                    to.Region = new Region(outer, condition, false);
                    var yes = Read(s.Yes);
                    to.Region = new Region(outer, condition, true);
                    var no = Read(s.No);
                    to.Region = outer;
                    return Choose(condition, yes, no);
                case Call c:
                    return Apply(c);
                default:
                    throw new NotAKernelException($"A kernel cannot hold a {e.GetType().Name}.");
            }
        }

        private static bool Nullable(Binary b) => b.Left.Nullable || b.Right.Nullable;

        // An expression of the config alone, computed by the caller.
        private FlowNode Host(Expression e)
        {
            if (Mapping.Any(e, x => x is Variable or Element or Length or Entry or Invoke))
            {
                throw new NotAKernelException("A kernel reads a config member that may be null only against constants.");
            }

            var text = HostEmitter.Text(e, x => x is Setting s ? "config." + s.Member : null);
            return e.Kind switch
            {
                ScalarKind.Bool => to.Make(Op.NotEqual, ScalarKind.Bool, [Configured($"({text}) ? 1 : 0", ScalarKind.Double), to.Constant(0)]),
                _ => Configured(text, e.Kind),
            };
        }

        private Pair Operate(BinaryOperator op, Expression leftExpression, Expression rightExpression)
        {
            var left = Read(leftExpression);
            var right = Read(rightExpression);
            if (left.Im is null && right.Im is null)
            {
                var node = (Op)((int)Op.Add + (int)op);
                return new Pair(to.Binary(node, left.Re, right.Re), null);
            }

            FlowNode? Both(FlowNode? x, FlowNode? y, Func<FlowNode, FlowNode, FlowNode> f, Func<FlowNode, FlowNode> onlyRight) =>
                x is null ? (y is null ? null : onlyRight(y)) : y is null ? x : f(x, y);
            switch (op)
            {
                case BinaryOperator.Add:
                    return new Pair(to.Plus(left.Re, right.Re), Both(left.Im, right.Im, to.Plus, y => y));
                case BinaryOperator.Subtract:
                    return new Pair(to.Minus(left.Re, right.Re), Both(left.Im, right.Im, to.Minus, to.Negate));
                case BinaryOperator.Multiply:
                    return Multiply(left, right);
                case BinaryOperator.Divide when right.Im is null:
                    return new Pair(to.Over(left.Re, right.Re), left.Im is null ? null : to.Over(left.Im, right.Re));
                case BinaryOperator.Divide:
                    // a / b = a conj(b) / |b|^2.
                    var size = to.Plus(to.Times(right.Re, right.Re), to.Times(right.Im, right.Im));
                    var product = Multiply(left, new Pair(right.Re, to.Negate(right.Im)));
                    return new Pair(to.Over(product.Re, size), to.Over(product.Im!, size));
                default:
                    throw new NotAKernelException("Complex values can be added, multiplied and divided.");
            }
        }

        private Pair Multiply(Pair a, Pair b)
        {
            if (a.Im is null || b.Im is null)
            {
                var (real, other) = a.Im is null ? (a.Re, b) : (b.Re, a);
                return new Pair(to.Times(real, other.Re), other.Im is null ? null : to.Times(real, other.Im));
            }

            return new Pair(to.Minus(to.Times(a.Re, b.Re), to.Times(a.Im, b.Im)), to.Plus(to.Times(a.Re, b.Im), to.Times(a.Im, b.Re)));
        }

        private Pair Apply(Call call)
        {
            var arguments = call.Arguments.Select(Read).ToList();
            var x = arguments[0];
            switch (call.Function)
            {
                case "New":
                    return new Pair(x.Re, arguments[1].Re);
                case "Real":
                    return new Pair(x.Re, null);
                case "Imaginary":
                    return new Pair(x.Im ?? to.Constant(0), null);
                case "Conj":
                    return x with { Im = x.Im is null ? null : to.Negate(x.Im) };
                case "Clamp":
                    return new Pair(to.Call("Min", to.Call("Max", x.Re, arguments[1].Re), arguments[2].Re), null);
            }

            if (x.Im is null)
            {
                return new Pair(
                    to.Make(Op.Call, call.Kind == ScalarKind.Complex ? ScalarKind.Double : call.Kind, arguments.Select(a => a.Re).ToList(), call.Function),
                    null);
            }

            switch (call.Function)
            {
                case "Exp":
                    var size = to.Call("Exp", x.Re);
                    return new Pair(to.Times(size, to.Call("Cos", x.Im)), to.Times(size, to.Call("Sin", x.Im)));
                case "ExpM1":
                    // (e^a - 1) cos b + (cos b - 1) + i e^a sin b, with cos b - 1 = -2 sin^2(b/2).
                    var half = to.Call("Sin", to.Times(to.Constant(0.5), x.Im));
                    return new Pair(
                        to.Minus(to.Times(to.Call("ExpM1", x.Re), to.Call("Cos", x.Im)), to.Times(to.Constant(2), to.Times(half, half))),
                        to.Times(to.Call("Exp", x.Re), to.Call("Sin", x.Im)));
                case "Abs":
                    return new Pair(to.Call("Sqrt", to.Plus(to.Times(x.Re, x.Re), to.Times(x.Im, x.Im))), null);
                case "Detach":
                    return new Pair(to.Call("Detach", x.Re), to.Call("Detach", x.Im));
                default:
                    throw new NotAKernelException($"{call.Function} of a Complex has no kernel.");
            }
        }
    }
}
