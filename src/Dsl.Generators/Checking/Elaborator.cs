using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Lowering;
using Dsl.Generators.Reading;

namespace Dsl.Generators.Checking;

/// <summary>
/// Reads brackets from left to right into a graph and infers every size on the way. What cannot be is reported at the part at fault; what only a
/// config can decide is left to a check in the constructor.
/// </summary>
internal sealed partial class Elaborator
{
    private const int MostNodes = 4096;

    private readonly Session session;
    private readonly DeclarationSpec spec;
    private readonly Members members;
    private readonly Unifier sizes;
    private readonly Graph graph;
    private readonly Dictionary<string, Size> axisSizes = new();
    private readonly List<KeyUse> keys = [];
    private readonly List<string> conditions = [];

    /// <summary>Names of values that a part at fault did not give.</summary>
    private readonly HashSet<string> lost = [];

    /// <summary>Names of parameters; those that generated methods have besides are taken.</summary>
    private readonly Emitting.NameTable inputNames;

    private List<Node> nodes;
    private int values;
    private int bracket;

    public Elaborator(Session session, DeclarationSpec spec)
    {
        this.session = session;
        this.spec = spec;
        members = new Members(spec.Config);
        sizes = new Unifier(members);
        graph = new Graph(spec, sizes);
        nodes = graph.Nodes;
        string[] ofBlocks = ["config", "i", "layer", "name", "next", "pass", "state", "training", "weights", "x"];
        inputNames = new(spec.IsModel ? [.. ofBlocks, "capacity", "inputs", "last", "mask", "outputs", "results", "wanted"] : ofBlocks);
    }

    /// <summary>A key, and the conditions under which it is built.</summary>
    private sealed record KeyUse(string Key, bool Shared, EquatableArray<string> Conditions, Place Place);

    /// <summary>Names that a bracket may use: those of its own block, else those of the block around it.</summary>
    private sealed class Scope(Scope? outer)
    {
        public Dictionary<string, Value> Names { get; } = new(StringComparer.Ordinal);

        /// <summary>What flows: usually one value, several after <c>From("a", "b")</c>, none at the head of a model.</summary>
        public List<Value> Current { get; set; } = [];

        public Value? Find(string name) => Names.TryGetValue(name, out var value) ? value : outer?.Find(name);

        public IEnumerable<string> All => Names.Keys.Concat(outer?.All ?? []);
    }

    public Graph Run()
    {
        var scope = new Scope(null);
        ReadAxes();
        ReadInputs(scope);
        RunBrackets(spec.Brackets, scope, top: true);
        if (scope.Current.Count > 0)
        {
            graph.Result = scope.Current[0];
        }
        else if (spec.Brackets.Count > 0 && !session.IsTroubled)
        {
            Report(Problems.NothingDeclared, Place.Class, spec.SimpleName);
        }

        if (spec.Brackets.Count == 0 && session.Problems.All(p => p.Id != Problems.BaseUnknown))
        {
            Report(Problems.NothingDeclared, Place.Class, spec.SimpleName);
        }

        CheckInitialValues();
        CheckKeys();
        CloseSizes();
        CheckPresets();
        return graph;
    }

    private void CheckInitialValues()
    {
        if (spec.HeaderParts("Defaults").FirstOrDefault(p => !p["Deviation"].IsNull) is { } defaults)
        {
            graph.Deviation = (NumberOf(defaults["Deviation"], defaults.PlaceOf("Deviation"), "0.02"), defaults["Deviation"].Text);
        }

        graph.ReadsLayer |= !spec.IsModel && InitialFunctions.ReadLayer(spec);
        foreach (var init in spec.HeaderParts("Init"))
        {
            if (init[1] is not { IsName: true } rule || IsMember(rule))
            {
                continue;
            }

            if (FindFunction(rule) is not { } function)
            {
                Report(Problems.FunctionUnknown, init.Place.At(1), rule.Text, spec.SimpleName, Suggest(rule.Text, FunctionNames()));
            }
            else if (!InitialFunctions.Fits(function, spec))
            {
                Report(Problems.FunctionSignature, init.Place.At(1), function.Name, Signature(function), InitialFunctions.Expected);
            }
        }
    }

    private void ReadAxes()
    {
        foreach (var axis in spec.HeaderParts("Axis"))
        {
            if (axis.Text(0) is { } name)
            {
                axisSizes[name] = SizeOf(axis[1], axis.Place.At(1)) ?? sizes.Fresh();
            }
        }
    }

    private void ReadInputs(Scope scope)
    {
        var declared = spec.HeaderParts("Input").ToList();
        if (spec.IsModel && declared.Count == 0)
        {
            AddInput(scope, "input_ids", "b t", Place.Class, mask: "attention_mask", steps: true, optional: false);
        }

        if (!spec.IsModel && declared.All(d => d.Text(0) != "x"))
        {
            AddInput(scope, "x", null, Place.Class, null, steps: true, optional: false);
        }

        foreach (var input in declared)
        {
            if (input.Text(0) is not { Length: > 0 } name)
            {
                continue;
            }

            if (scope.Names.ContainsKey(name))
            {
                Report(Problems.NameTwice, input.Place.At(0), name);
                continue;
            }

            if (input["Steps"].Text == "true" && declared.TakeWhile(d => d != input).Any(d => d["Steps"].Text == "true"))
            {
                Report(Problems.PartPlace, input.PlaceOf("Steps"), "Steps", "at one input: one axis steps");
            }

            if (input["Optional"].Text == "true"
                && declared.All(d => d["Optional"].Text == "true" || TimeOf(d) != TimeOf(input)) && (spec.IsModel || TimeOf(input) != "t"))
            {
                Report(Problems.PartPlace, input.PlaceOf("Optional"), "Optional", "beside an input of the same time axis that is not: it takes its shape");
            }

            if (input.Text("Mask") is { } masked && declared.Any(d => d.Text(0) == masked))
            {
                Report(Problems.NameTwice, input.PlaceOf("Mask"), masked);
            }

            // A block's inputs step where x does; of a model's, one alone does.
            var alone = spec.IsModel
                && declared.Count(d => d.Text(1) is { } a && a.Split(' ').Contains("t")) == 1
                && input.Text(1)?.Split(' ').Contains("t") == true;
            var says = input["Steps"].Text == "true";
            AddInput(
                scope,
                name,
                input.Text(1) ?? (spec.IsModel || name == "x" ? null : HandedOn(name)),
                input.Place,
                input.Text("Mask"),
                spec.IsModel ? says || (alone && declared.All(d => d["Steps"].Text != "true")) : name == "x",
                input["Optional"].Text == "true");
        }

        scope.Current = graph.Inputs.Count > 0 ? [graph.Inputs[0].Output] : [];
    }

    private static string TimeOf(PartSpec input) => (input.Text(1) ?? "b t d").Split(' ').FirstOrDefault(a => a != "b" && Axis.IsRunTime(a)) ?? "";

    /// <summary>The axes of an input that names none: as the first block that it is handed to names them; null where none does.</summary>
    private string? HandedOn(string input)
    {
        foreach (var part in spec.Brackets.SelectMany(b => b.Parts).Where(p => p.Name is "Use" or "Repeat"))
        {
            var with = Bindings(part);
            foreach (var declared in part.Types.Select(session.Closed.Find))
            {
                var formal = declared is null || declared.IsModel ? null : session.GraphOf(declared)?.Inputs
                    .Skip(1).FirstOrDefault(i => (with.TryGetValue(i.Name, out var bound) ? bound : i.Name) == input);
                if (formal is not null)
                {
                    return string.Join(" ", formal.Output.Axes.Select(a => a.Name));
                }
            }
        }

        return null;
    }

    private void AddInput(Scope scope, string name, string? axes, Place place, string? mask, bool steps, bool optional)
    {
        var shape = axes is null ? [new Axis("b", null), new Axis("t", null), new Axis("d", AxisSize("width"))] : ReadAxisList(axes);
        var value = new Value(values++, name == "x" ? "x" : inputNames.Take(Camel(name)), shape) { Named = name };
        var node = new InputNode(name) { Mask = mask, Steps = steps, Optional = optional, Place = place, IsIds = shape.All(a => a.Size is null) };
        node.Outputs.Add(value);
        graph.Inputs.Add(node);
        scope.Names[name] = value;
    }

    private Axis[] ReadAxisList(string axes) =>
        axes.Split([' '], StringSplitOptions.RemoveEmptyEntries)
            .Select(a => Axis.IsRunTime(a) ? new Axis(a, null) : int.TryParse(a, out var n) ? new Axis(a, Size.Of(n)) : new Axis(a, AxisSize(a)))
            .ToArray();

    private Size AxisSize(string name) => axisSizes.TryGetValue(name, out var size) ? size : axisSizes[name] = sizes.Fresh();

    private void RunBrackets(IReadOnlyList<BracketSpec> brackets, Scope scope, bool top)
    {
        for (var i = 0; i < brackets.Count && graph.Nodes.Count < MostNodes; i++)
        {
            if (top)
            {
                bracket = i;
            }

            var first = brackets[i].Parts[0];
            if (first.Name is "When" or "Unless" && first.Text(0) is { } condition)
            {
                // The same condition, negated, in the next bracket: one choice of two, unless what is between them has a name.
                var next = i + 1 < brackets.Count
                    && brackets[i].Parts.All(p => p.Name != "As")
                    && brackets[i + 1].Parts[0] is { Name: "When" or "Unless" } other
                    && other.Name != first.Name
                    && other.Text(0) == condition
                    ? brackets[i + 1]
                    : null;
                RunChoice(first, brackets[i], next, scope);
                i += next is null ? 0 : 1;
            }
            else
            {
                RunBracket(brackets[i].Parts, scope);
            }
        }
    }

    private void RunChoice(PartSpec head, BracketSpec then, BracketSpec? otherwise, Scope scope)
    {
        var condition = ConditionOf(head);
        var incoming = scope.Current.ToList();
        var positive = head.Name == "When";
        var outerNodes = nodes;

        (List<Node> Nodes, Value? Result, string? Name) Branch(BracketSpec? branch, bool holds)
        {
            nodes = [];
            conditions.Add((holds ? "" : "!") + head.Text(0));
            var inner = new Scope(scope) { Current = incoming.ToList() };
            var parts = branch?.Parts.Skip(1).ToList() ?? [];
            var name = parts.Count > 0 && parts[parts.Count - 1].Name == "As" ? parts[parts.Count - 1].Text(0) : null;
            RunBracket(parts, inner);
            conditions.RemoveAt(conditions.Count - 1);
            var result = inner.Current.FirstOrDefault();
            var made = nodes;
            nodes = outerNodes;
            return (made, result, name);
        }

        var (thenNodes, thenResult, thenName) = Branch(then, positive);
        var (elseNodes, elseResult, _) = otherwise is null ? ([], incoming.FirstOrDefault(), null) : Branch(otherwise, !positive);
        if (thenResult is null || elseResult is null)
        {
            scope.Current = [];
            return;
        }

        if (!positive)
        {
            (thenNodes, thenResult, elseNodes, elseResult) = (elseNodes, elseResult, thenNodes, thenResult);
        }

        if (!AssumedEqual(head, thenResult, elseResult))
        {
            Same(thenResult, elseResult, head.Place, Problems.SizesDiffer, $"the bracket under {head.ToSource()}", "what stands in its place otherwise");
        }

        var node = new IfNode(condition, thenNodes, thenResult, elseNodes, elseResult) { Place = head.Place, Bracket = bracket };
        node.Inputs.AddRange(incoming);
        var value = Result(node, thenName ?? thenResult.Hint, thenResult.Axes);
        nodes.Add(node);
        scope.Current = [value];
        if (thenName is not null)
        {
            Name(scope, thenName, value, head.Place);
        }
    }

    /// <summary>Under <c>A != B</c> the branch without it may take A for B: whether that is all in which the two differ.</summary>
    private bool AssumedEqual(PartSpec head, Value then, Value otherwise)
    {
        if (spec.Config.Member(head.Text(0) ?? "")?.Body.Split([" != "], StringSplitOptions.None) is not { Length: 2 } sides
            || then.Axes.Count != otherwise.Axes.Count)
        {
            return false;
        }

        return then.Axes.Zip(otherwise.Axes, (a, b) => (a.Size, b.Size)).All(pair =>
            (pair.Item1 is null && pair.Item2 is null)
            || (pair.Item1 is not null
                && pair.Item2 is not null
                && (sizes.Same(pair.Item1, pair.Item2) || Sides(pair.Item1, pair.Item2) || Sides(pair.Item2, pair.Item1))));

        bool Sides(Size a, Size b) => sizes.Resolve(a) == Size.Of(sides[0].Trim()) && sizes.Resolve(b) == Size.Of(sides[1].Trim());
    }

    private void RunBracket(IReadOnlyList<PartSpec> parts, Scope scope)
    {
        Value? residual = null;
        PartSpec? residualPart = null;
        var modifiers = true;
        foreach (var part in parts)
        {
            if (Vocabulary.Modifiers.Contains(part.Name))
            {
                if (!modifiers)
                {
                    Report(Problems.ModifierPlace, part.Place, part.Name);
                    continue;
                }

                if (part.Name == "From")
                {
                    scope.Current = part.Arguments.Select((a, i) => Named(scope, a.Text, part.Place.At(i))).OfType<Value>().ToList();
                    if (residualPart is not null)
                    {
                        residual = scope.Current.FirstOrDefault();
                    }
                }
                else if (part.Name == "Residual")
                {
                    residual = scope.Current.FirstOrDefault();
                    residualPart = part;
                }
                else
                {
                    Report(Problems.ModifierPlace, part.Place, part.Name);
                }

                continue;
            }

            // What a part at fault would have given is not known: until the next From nothing more is said.
            modifiers = false;
            var (before, flow) = (session.Problems.Count, scope.Current);
            RunPart(part, scope);
            if (session.Problems.Count > before && ReferenceEquals(scope.Current, flow) && part.Name is not ("As" or "Output"))
            {
                scope.Current = [];
            }
        }

        if (residual is not null && scope.Current.Count > 0 && residualPart is not null)
        {
            var branch = scope.Current[0];
            var last = parts.LastOrDefault(p => !Vocabulary.Modifiers.Contains(p.Name)) ?? residualPart;
            Same(branch, residual, last.Place, Problems.ResidualWidth, "the branch", "the residual");
            var sum = new SumNode { Place = residualPart.Place };
            sum.Inputs.Add(residual);
            sum.Inputs.Add(branch);
            scope.Current = [Add(sum, "h", residual.Axes)];
        }
    }

    private void RunPart(PartSpec part, Scope scope)
    {
        if (Sugar.Expand(part, spec) is { } expansion)
        {
            if (Single(part, scope) is not { } x)
            {
                return;
            }

            var inner = new Scope(scope) { Current = [x] };
            inner.Names["x"] = x;
            RunBrackets(expansion, inner, top: false);
            scope.Current = inner.Current;
            return;
        }

        switch (part.Name)
        {
            case "As":
                if (Single(part, scope) is { } named && part.Text(0) is { } name)
                {
                    Name(scope, name, named, part.Place.At(0));
                }
                else
                {
                    lost.Add(part.Text(0) ?? "");
                }

                break;
            case "Output":
                OutputPart(part, scope);
                break;
            case "Sum":
                SumPart(part, scope);
                break;
            case "Concat":
                ConcatPart(part, scope);
                break;
            case "Slice":
                SlicePart(part, scope);
                break;
            case "Split":
                SplitPart(part, scope);
                break;
            case "Gate":
                GatePart(part, scope);
                break;
            case "Use":
            case "Repeat":
                UsePart(part, scope);
                break;
            case "Embedding":
                EmbeddingPart(part, scope);
                break;
            case "Linear":
                LinearPart(part, scope);
                break;
            case "Head":
                HeadPart(part, scope);
                break;
            case "LayerNorm":
            case "RmsNorm":
                NormPart(part, scope);
                break;
            case "Parameter":
                ParameterPart(part, scope);
                break;
            case "Rearrange":
                RearrangePart(part, scope);
                break;
            case "Rotary":
                RotaryPart(part, scope);
                break;
            case "Positions":
                PositionsPart(part, scope);
                break;
            case "Attend":
                AttendPart(part, scope);
                break;
            case "Activate":
                ActivatePart(part, scope);
                break;
            case "Apply":
                ApplyPart(part, scope);
                break;
            case "Dropout":
                DropoutPart(part, scope);
                break;
            case "Shift":
                if (Single(part, scope) is { } shifted)
                {
                    var shift = new ShiftNode { Place = part.Place };
                    shift.Inputs.Add(shifted);
                    scope.Current = [Add(shift, "previous", shifted.Axes)];
                }

                break;
            case "Pool":
                if (Single(part, scope) is { } pooled)
                {
                    var pool = new PoolNode(part.Text(0) ?? "first") { Place = part.Place };
                    pool.Inputs.Add(pooled);
                    scope.Current = [Add(pool, "pooled", pooled.Axes.Where(a => !a.IsTime).ToList())];
                }

                break;
            case "Conv":
                ConvPart(part, scope);
                break;
            case "Learn":
                LearnPart(part, scope);
                break;
            case "Replace":
                Report(
                    spec.Base.Length == 0 ? Problems.ReplaceAlone : Problems.PartPlace,
                    part.Place,
                    "Replace",
                    "first in its bracket: it says what the rest of the bracket replaces");
                break;
            default:
                if (Single(part, scope) is { } other)
                {
                    scope.Current = [Uncompiled(part, "value", other.Axes, other)];
                }

                break;
        }
    }

    private Value? Single(PartSpec part, Scope scope)
    {
        if (scope.Current.Count == 0 && !session.IsTroubled)
        {
            Report(Problems.PartPlace, part.Place, part.Name, "after a value: begin the bracket with From");
        }

        return scope.Current.FirstOrDefault();
    }

    /// <summary>The value that flows, where it has channels.</summary>
    private Value? Channels(PartSpec part, Scope scope)
    {
        if (Single(part, scope) is not { } x)
        {
            return null;
        }

        if (x.Last is null)
        {
            Report(Problems.AxesWrong, part.Place, "the value", Shape(x), "a value with channels: [b, t, d]");
            return null;
        }

        return x;
    }

    private Value? Named(Scope scope, string name, Place place)
    {
        if (scope.Find(name) is { } value)
        {
            return value;
        }

        if (lost.Contains(name))
        {
            return null;
        }

        Report(Problems.NameUnknown, place, name, Suggest(name, scope.All.Distinct()));
        return null;
    }

    private void Name(Scope scope, string name, Value value, Place place)
    {
        if (scope.Names.ContainsKey(name))
        {
            Report(Problems.NameTwice, place, name);
            return;
        }

        scope.Names[name] = value;
        if (value.Named is null)
        {
            value.Named = name;
            value.Hint = Camel(name);
        }
    }

    private Value Add(Node node, string hint, IReadOnlyList<Axis> axes)
    {
        node.Bracket = bracket;
        var value = Result(node, hint, axes);
        nodes.Add(node);
        return value;
    }

    private Value Result(Node node, string hint, IReadOnlyList<Axis> axes)
    {
        var value = new Value(values++, hint, axes);
        node.Outputs.Add(value);
        return value;
    }

    private Value Uncompiled(PartSpec part, string hint, IReadOnlyList<Axis> axes, params Value[] inputs)
    {
        Report(Problems.NotCompiled, part.Place, part.Name);
        var node = new UncompiledNode(part.Name, part.ToSource()) { Place = part.Place };
        node.Inputs.AddRange(inputs);
        return Add(node, hint, axes);
    }

    private void Report(string id, Place place, params string[] arguments) => session.Problems.Add(new Problem(id, place, arguments.ToEquatable()));

    private static string Suggest(string name, IEnumerable<string> candidates) => Problem.Suggest(name, candidates);

    internal static string Camel(string name)
    {
        var words = name.Split(['.', '_', '-', '{', '}', '/', ' '], StringSplitOptions.RemoveEmptyEntries);
        var text = string.Concat(words.Select((w, i) => i == 0 ? char.ToLowerInvariant(w[0]) + w.Substring(1) : char.ToUpperInvariant(w[0]) + w.Substring(1)));
        text = new string(text.Where(c => char.IsLetterOrDigit(c)).ToArray());
        return text.Length == 0 ? "value" : char.IsDigit(text[0]) ? "_" + text : text;
    }
}
