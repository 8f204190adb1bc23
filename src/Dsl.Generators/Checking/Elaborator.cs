using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using Dsl.Generators.Model;
using Dsl.Generators.Reading;

namespace Dsl.Generators.Checking;

/// <summary>
/// Reads brackets from left to right into a graph and infers every size on the way. What cannot be is reported at the part at fault; what only a
/// config can decide is left to a check in the constructor.
/// </summary>
internal sealed partial class Elaborator
{
    private const int MostNodes = 1024;

    private readonly Session session;
    private readonly DeclarationSpec spec;
    private readonly Members members;
    private readonly Unifier sizes;
    private readonly Dictionary<string, Size> axisSizes = new();
    private readonly List<KeyUse> keys = [];
    private readonly List<string> nested = [];
    private readonly List<string> conditions = [];
    private readonly List<GraphInput> inputs = [];
    private readonly List<(string Name, Value Value)> outputs = [];
    private readonly Dictionary<string, (Size Rows, Size Width)> embeddings = new(StringComparer.Ordinal);
    private readonly List<(string Name, IReadOnlyList<Axis> Axes)> collections = [];

    private readonly List<(string Output, Setting Weight)> losses = [];

    /// <summary>Checks that need all of the declaration.</summary>
    private readonly List<Action<IReadOnlyList<Node>>> atEnd = [];

    /// <summary>Names of values that a part at fault did not give.</summary>
    private readonly HashSet<string> lost = [];

    /// <summary>Names of parameters; those that generated methods have besides are taken.</summary>
    private readonly NameTable inputNames;

    /// <summary>Axes that are known when the program runs, beside b, t and s.</summary>
    private readonly HashSet<string> runTime = [];

    /// <summary>Time axes on which some tokens may be padding.</summary>
    private readonly HashSet<string> padded = [];

    private List<Node> nodes = [];
    private Value? flowed;
    private Scope scope = new(null);
    private int nodesMade;
    private int values;
    private int bracket;
    private bool readsLayer;
    private bool isFull;

    public Elaborator(Session session, DeclarationSpec spec)
    {
        this.session = session;
        this.spec = spec;
        members = new Members(spec.Config);
        sizes = new Unifier(members);
        string[] ofBlocks = ["config", "i", "layer", "name", "next", "pass", "state", "training", "weights", "x"];
        inputNames = new(spec.IsModel ? [.. ofBlocks, "capacity", "inputs", "last", "mask", "outputs", "results", "wanted"] : ofBlocks);
    }

    /// <summary>A key, and the conditions under which it is built.</summary>
    private sealed record KeyUse(string Word, string Key, bool Shared, EquatableArray<string> Conditions, Place Place);

    /// <summary>Names that a bracket may use: those of its own block, else those of the block around it.</summary>
    private sealed class Scope(Scope? outer)
    {
        public Dictionary<string, Value> Names { get; } = new(StringComparer.Ordinal);

        public IReadOnlyList<Value> Current { get; set; } = [];

        public Value? Find(string name) => Names.TryGetValue(name, out var value) ? value : outer?.Find(name);

        public IEnumerable<string> All => Names.Keys.Concat(outer?.All ?? []);
    }

    public DeclarationSpec Spec => spec;

    /// <summary>What flows: usually one value, several after <c>From("a", "b")</c>, none at the head of a model or after a part at fault.</summary>
    public IReadOnlyList<Value> Current
    {
        get => scope.Current;
        set => scope.Current = value;
    }

    /// <summary>The declaration with all that it uses.</summary>
    public ClosedSpec Closed => session.Closed;

    /// <summary>A declaration by its full name; null where it is none.</summary>
    public DeclarationSpec? Declaration(string name) => session.Find(name);

    /// <summary>The graph of a used block.</summary>
    public Graph GraphOf(DeclarationSpec block) => session.GraphOf(block);

    /// <summary>Weights of a block at this key; null where they are not known.</summary>
    public void Nest(string prefix, IReadOnlyList<string>? keysOfBlock) => nested.AddRange((keysOfBlock ?? ["*"]).Select(k => KeyText.Below(prefix, k)));

    /// <summary>Tables that a head may be tied to, by key.</summary>
    public IDictionary<string, (Size Rows, Size Width)> Embeddings => embeddings;

    /// <summary>What is collected for the model here: by name, with its axes.</summary>
    public IList<(string Name, IReadOnlyList<Axis> Axes)> Collections => collections;

    /// <summary>Something here asks which layer this is.</summary>
    public void ReadLayer(bool reads = true) => readsLayer |= reads;

    /// <summary>What is built here asks which layer it is in: a model says 0.</summary>
    public void HandLayer(bool reads) => readsLayer |= reads && !spec.IsModel;

    public Graph Run()
    {
        ReadAxes();
        ReadInputs();
        RunBrackets(spec.Brackets, top: true);

        // A bracket that ends in a number for the whole batch, a loss, leaves what flowed before it.
        var result = scope.Current.FirstOrDefault() is { Axes.Count: 0 } ? flowed : scope.Current.FirstOrDefault();
        atEnd.ForEach(check => check(nodes));
        if (result is null && spec.Brackets.Count > 0 && !session.IsTroubled)
        {
            Report(Problems.NothingDeclared, Place.Class, spec.SimpleName);
        }

        if (spec.Brackets.Count == 0 && session.Problems.All(p => p.Id is not (Problems.BaseUnknown or Problems.DerivesItself or Problems.BeyondBounds)))
        {
            Report(Problems.NothingDeclared, Place.Class, spec.SimpleName);
        }

        var deviation = CheckInitialValues();
        var adapter = CheckAdapter();
        CheckKeys();
        var parameters = CloseSizes(result);
        CheckPresets();
        var graph = new Graph(spec, members)
        {
            Inputs = inputs,
            Nodes = CloseNodes(nodes),
            Result = result,
            Outputs = outputs,
            Embeddings = embeddings.ToDictionary(e => e.Key, e => (sizes.Resolve(e.Value.Rows), sizes.Resolve(e.Value.Width))),
            Collections = collections.Select(c => (c.Name, CloseAxes(c.Axes))).ToList(),
            Parameters = parameters,
            Keys = [.. keys.Select(k => k.Key), .. nested],
            Maps = maps,
            Adapter = adapter,
            Checks = sizes.Open.Select(o => new SizeCheck(sizes.Resolve(o.Left), sizes.Resolve(o.Right), o.What)).ToList(),
            Deviation = deviation,
            ReadsLayer = readsLayer,
            Losses = losses,
            Padded = padded,
        };
        foreach (var value in inputs.Select(i => i.Output).Concat(graph.AllNodes.SelectMany(n => n.Outputs)))
        {
            value.Close(sizes.Resolve);
        }

        foreach (var node in Unread.In(graph).Where(Graph.Holds<IHandsOver>))
        {
            Report(Problems.PartPlace, node.Place, node.Operation.Blocks.Count == 0 ? "Collect" : "A block that collects", "where its result is read as well");
        }

        return StateAnalysis.Of(graph);
    }

    private IReadOnlyList<Axis> CloseAxes(IReadOnlyList<Axis> axes) => [.. axes.Select(a => a.Size is null ? a : a with { Size = sizes.Resolve(a.Size) })];

    /// <summary>The nodes with everything known of their sizes put in.</summary>
    private IReadOnlyList<Node> CloseNodes(IReadOnlyList<Node> open) =>
        Graph.Rewrite(open, body => new Body(CloseNodes(body.Nodes), body.Result)).Select(n => n.With(n.Operation.MapSizes(sizes.Resolve))).ToList();

    private (Setting, string)? CheckInitialValues()
    {
        HandLayer(InitialFunctions.ReadLayer(spec));
        foreach (var part in spec.HeaderParts("Init").Concat(spec.HeaderParts("Group")))
        {
            if (part.Text(0) is { } pattern && !part.Place.Whole && !KeyText.MayMatch(pattern, keys.Select(k => k.Key).Concat(nested)))
            {
                Report(Problems.KeyUnknown, part.Place.At(0), pattern, Suggest(pattern, keys.Select(k => k.Key).Where(k => k.Length > 0)));
            }
        }

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

        return spec.HeaderParts("Defaults").FirstOrDefault(p => !p["Deviation"].IsNull) is { } defaults
            ? (NumberOf(defaults["Deviation"], defaults.PlaceOf("Deviation"), "0.02"), defaults["Deviation"].Text)
            : null;
    }

    private void ReadAxes()
    {
        foreach (var axis in spec.HeaderParts("Axis"))
        {
            if (axis.Text(0) is { } name && axis[1].IsNull)
            {
                runTime.Add(name);
            }
            else if (axis.Text(0) is { } sized)
            {
                axisSizes[sized] = SizeOf(axis[1], axis.Place.At(1)) ?? sizes.Fresh();
            }
        }
    }

    private void ReadInputs()
    {
        var declared = spec.HeaderParts("Input").ToList();
        if (spec.IsModel && declared.Count == 0)
        {
            AddInput("input_ids", "b t", Place.Class, mask: "attention_mask", steps: true, optional: false);
        }

        if (!spec.IsModel && declared.All(d => d.Text(0) != "x"))
        {
            AddInput("x", null, Place.Class, null, steps: true, optional: false);
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
                name,
                input.Text(1) ?? (spec.IsModel || name == "x" ? null : HandedOn(name)),
                input.Place,
                input.Text("Mask"),
                spec.IsModel ? says || (alone && declared.All(d => d["Steps"].Text != "true")) : name == "x",
                input["Optional"].Text == "true");
        }

        scope.Current = inputs.Count > 0 ? [inputs[0].Output] : [];

        // A block does not know whether what it is given is padded; what steps may always be.
        padded.UnionWith(inputs.Where(i => !spec.IsModel || i.Steps || i.Mask is not null).Select(i => i.Output.PassAxis).OfType<string>());
    }

    private string TimeOf(PartSpec input) =>
        (input.Text(1) ?? "b t d").Split(' ').FirstOrDefault(a => a != "b" && (Axis.IsRunTime(a) || runTime.Contains(a))) ?? "";

    /// <summary>The axes of an input that names none: as the first block that it is handed to names them; null where none does.</summary>
    private string? HandedOn(string input)
    {
        foreach (var part in spec.Brackets.SelectMany(b => b.Parts).Where(p => p.Types.Count > 0))
        {
            var with = part.Bindings();
            foreach (var declared in part.Types.Select(session.Find))
            {
                var formal = declared is null || declared.IsModel ? null : session.GraphOf(declared).Inputs
                    .Skip(1).FirstOrDefault(i => (with.TryGetValue(i.Name, out var bound) ? bound : i.Name) == input);
                if (formal is not null)
                {
                    return string.Join(" ", formal.Output.Axes.Select(a => a.Name));
                }
            }
        }

        return null;
    }

    private void AddInput(string name, string? axes, Place place, string? mask, bool steps, bool optional)
    {
        var shape = axes is null ? (IReadOnlyList<Axis>)[new Axis("b", null), new Axis("t", null), new Axis("d", AxisSize("width"))] : ReadAxisList(axes);
        var isIds = shape.Count <= 2 && shape.All(a => a.Size is null);
        var value = new Value(values++, name == "x" ? "x" : inputNames.Take(Names.Camel(name)), shape, isIds);
        value.Name(name, value.Hint);
        inputs.Add(new GraphInput(name, value, mask, steps, optional, place));
        scope.Names[name] = value;
    }

    /// <summary>Axes by name: <c>"b t h d"</c>.</summary>
    public IReadOnlyList<Axis> ReadAxisList(string axes) =>
        axes.Split([' '], StringSplitOptions.RemoveEmptyEntries)
            .Select(a => Axis.IsRunTime(a) || runTime.Contains(a) ? new Axis(a, null)
                : Invariant.TryRead(a, out int n) ? new Axis(a, Size.Of(n)) : new Axis(a, AxisSize(a)))
            .ToArray();

    /// <summary>The size of a named axis, one for the whole declaration.</summary>
    public Size AxisSize(string name) => axisSizes.TryGetValue(name, out var size) ? size : axisSizes[name] = sizes.Fresh();

    private void RunBrackets(IReadOnlyList<BracketSpec> brackets, bool top)
    {
        for (var i = 0; i < brackets.Count; i++)
        {
            if (nodesMade >= MostNodes)
            {
                if (!isFull)
                {
                    isFull = true;
                    Report(Problems.BeyondBounds, brackets[i].Parts[0].Place, spec.SimpleName, "parts", Invariant.Text(MostNodes));
                }

                return;
            }

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
                RunChoice(first, brackets[i], next);
                i += next is null ? 0 : 1;
            }
            else
            {
                RunBracket(brackets[i].Parts);
            }

            flowed = top && scope.Current.FirstOrDefault() is { Axes.Count: > 0 } value ? value : flowed;
        }
    }

    private void RunChoice(PartSpec head, BracketSpec then, BracketSpec? otherwise)
    {
        var condition = head[0].IsNull ? Setting.True : TruthOf(head[0], head.Place.At(0), Setting.True);
        var incoming = scope.Current;
        var positive = head.Name == "When";

        (IReadOnlyList<Node> Nodes, Value? Result, PartSpec? As) Branch(BracketSpec? branch, bool holds)
        {
            var (outerNodes, outerScope) = (nodes, scope);
            (nodes, scope) = ([], new Scope(scope) { Current = incoming });
            conditions.Add((holds ? "" : "!") + head.Text(0));
            var parts = branch?.Parts.Skip(1).ToList() ?? [];
            RunBracket(parts);
            conditions.RemoveAt(conditions.Count - 1);
            var branched = (nodes, scope.Current.FirstOrDefault(), parts.LastOrDefault() is { Name: "As" } last ? last : null);
            (nodes, scope) = (outerNodes, outerScope);
            return branched;
        }

        var (thenNodes, thenResult, thenAs) = Branch(then, positive);
        var (elseNodes, elseResult, elseAs) = otherwise is null ? ([], incoming.FirstOrDefault(), null) : Branch(otherwise, !positive);
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

        var (first, second) = (new Body(thenNodes, thenResult), new Body(elseNodes, elseResult));
        var reads = incoming.Concat(first.Outer).Concat(second.Outer).Distinct().ToList();
        var named = thenAs ?? elseAs;
        var value = Add(head, session.Language.Choice(condition, nodesMade, first, second), reads, named?.Text(0) ?? thenResult.Hint, thenResult.Axes,
            thenResult.IsIds);
        scope.Current = [value];
        if (named?.Text(0) is { } name)
        {
            Name(name, value, named.Place.At(0));
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

    private void RunBracket(IReadOnlyList<PartSpec> parts)
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
                    scope.Current = NamedAll(part);
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
            RunPart(part);
            if (session.Problems.Count > before && ReferenceEquals(scope.Current, flow) && part.Name is not ("As" or "Output"))
            {
                scope.Current = [];
            }
        }

        if (residual is not null && scope.Current.Count > 0 && residualPart is not null)
        {
            var branch = scope.Current[0];
            var last = parts.LastOrDefault(p => !Vocabulary.Modifiers.Contains(p.Name)) ?? residualPart;
            if (!AreNumbers(residual, residualPart.Place, "what it adds")
                || !Same(branch, residual, last.Place, Problems.ResidualWidth, "the branch", "the residual"))
            {
                scope.Current = [];
                return;
            }

            scope.Current = [Add(residualPart, session.Language.Sum, [residual, branch], "h", residual.Axes)];
        }
    }

    private void RunPart(PartSpec part)
    {
        if (Sugar.KeysOf(part.Name) is (var wanted, var example) && Sugar.Keys(part.Text(0) ?? "") is { } keyed && keyed.Length != wanted)
        {
            Report(Problems.KeysOfSugar, part.Place.At(0), part.Name, wanted.ToString(CultureInfo.InvariantCulture), part.Text(0) ?? "",
                keyed.Length == 1 ? "one key" : $"{keyed.Length.ToString(CultureInfo.InvariantCulture)} keys", example);
        }

        if (Sugar.WordsOf(part.Name) is (var option, var called, var words))
        {
            WordOf(part[option], part.PlaceOf(option), called, words);
        }

        if (new Addresses(session.Language.Vocabulary, spec, Report).Opened(part) is { } expansion)
        {
            if (Single(part) is not { } x)
            {
                return;
            }

            var outer = scope;
            scope = new Scope(scope) { Current = [x] };
            scope.Names["x"] = x;
            RunBrackets(expansion, top: false);
            outer.Current = scope.Current;
            scope = outer;
            return;
        }

        switch (part.Name)
        {
            case "As":
                if (Single(part) is { } named && part.Text(0) is { } name)
                {
                    Name(name, named, part.Place.At(0));
                }
                else
                {
                    lost.Add(part.Text(0) ?? "");
                }

                break;
            case "Output":
                AddOutput(part);
                break;
            case "Replace":
                Report(
                    spec.Base.Length == 0 ? Problems.ReplaceAlone : Problems.PartPlace,
                    part.Place,
                    "Replace",
                    "first in its bracket: it says what the rest of the bracket replaces");
                break;
            default:
                session.Language.Find(part.Name).Check(part, this);
                break;
        }
    }

    private void AddOutput(PartSpec part)
    {
        if (Single(part) is not { } value || part.Text(0) is not { } name)
        {
            return;
        }

        // Outputs become properties.
        if (outputs.Any(o => Names.Camel(o.Name) == Names.Camel(name)))
        {
            Report(Problems.OutputTwice, part.Place.At(0), name);
            return;
        }

        if (!spec.IsModel && conditions.Count > 0)
        {
            Report(Problems.PartPlace, part.Place, "Output", "outside of When and Unless: whoever uses the block reads it");
            return;
        }

        if (!spec.IsModel && !part["Loss"].IsNull)
        {
            Report(Problems.PartPlace, part.PlaceOf("Loss"), "Loss", "in a model");
            return;
        }

        value.Suggest(Names.Camel(name));
        outputs.Add((name, value));
        if (!part["Loss"].IsNull && value.Axes.Count > 0)
        {
            Report(Problems.AxesWrong, part.PlaceOf("Loss"), $"'{name}'", Shape(value), "a number for the whole batch, which a loss is");
        }
        else if (!part["Loss"].IsNull)
        {
            losses.Add((name, NumberOf(part["Loss"], part.PlaceOf("Loss"), "1")));
        }
    }

    /// <summary>A check that is made when all brackets are read, of the nodes outside of conditions.</summary>
    public void AtEnd(Action<IReadOnlyList<Node>> check) => atEnd.Add(check);

    /// <summary>The value that flows; reports where none does.</summary>
    public Value? Single(PartSpec part)
    {
        if (scope.Current.Count == 0 && !session.IsTroubled)
        {
            Report(Problems.PartPlace, part.Place, part.Name, "after a value: begin the bracket with From");
        }

        return scope.Current.FirstOrDefault();
    }

    /// <summary>The value that flows, where something can be computed with it: ids are looked up and moved only.</summary>
    public Value? Numbers(PartSpec part) => Single(part) is { } x && AreNumbers(x, part.Place, "the value") ? x : null;

    /// <summary>Whether a value holds numbers; reports where it holds ids.</summary>
    public bool AreNumbers(Value value, Place place, string which)
    {
        if (value.IsIds)
        {
            Report(Problems.AxesWrong, place, which, Shape(value), "numbers: with ids nothing is computed");
        }

        return !value.IsIds;
    }

    /// <summary>The value that flows, where it has channels.</summary>
    public Value? Channels(PartSpec part)
    {
        if (Single(part) is not { } x)
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

    /// <summary>A value by its name; reports where there is none.</summary>
    public Value? Named(string name, Place place)
    {
        if (scope.Find(name) is { } value)
        {
            return value;
        }

        if (!lost.Contains(name))
        {
            Report(Problems.NameUnknown, place, name, Suggest(name, ValueNames));
        }

        return null;
    }

    /// <summary>The values that a part's arguments name.</summary>
    public IReadOnlyList<Value> NamedAll(PartSpec part) => part.Arguments.Select((a, i) => Named(a.Text, part.Place.At(i))).OfType<Value>().ToList();

    public Value? Find(string name) => scope.Find(name);

    public IEnumerable<string> ValueNames => scope.All.Distinct();

    /// <summary>Whether a part at fault would have given a value of this name.</summary>
    public bool IsLost(string name) => lost.Contains(name);

    public void Lose(IEnumerable<string> names) => lost.UnionWith(names);

    /// <summary>Gives a value a name; reports where that is taken.</summary>
    public void Name(string name, Value value, Place place)
    {
        if (scope.Names.ContainsKey(name))
        {
            Report(Problems.NameTwice, place, name);
            return;
        }

        scope.Names[name] = value;
        value.Name(name, Names.Camel(name));
    }

    /// <summary>Whether some tokens along a time axis may be padding.</summary>
    public bool IsPadded(string axis) => padded.Contains(axis);

    /// <summary>
    /// A new time axis of what a part makes; false, and reported, where the name is another axis's, or where the part stands under a condition (the axis would
    /// then be or not be).
    /// </summary>
    /// <param name="part">The part.</param>
    /// <param name="name">The axis.</param>
    /// <param name="place">Where it is named.</param>
    /// <param name="isPadded">Whether some of its tokens may be padding.</param>
    public bool OpensAxis(PartSpec part, string name, Place place, bool isPadded)
    {
        if (conditions.Count > 0)
        {
            Report(Problems.PartPlace, part.Place, part.Name, "outside of When and Unless: it makes a time axis");
            return false;
        }

        if (!IsAxisName(name) || name == "b" || HasAxis(name))
        {
            Report(Problems.AxesWrong, place, "the new time axis", $"'{name}'", "a name that no axis has here");
            return false;
        }

        if (isPadded)
        {
            padded.Add(name);
        }

        return true;
    }

    /// <summary>A name for a time axis that no value has yet.</summary>
    public string FreshAxis(string wanted)
    {
        var name = wanted;
        for (var i = 2; HasAxis(name); i++)
        {
            name = wanted + i.ToString(System.Globalization.CultureInfo.InvariantCulture);
        }

        return name;
    }

    private static bool IsAxisName(string name) =>
        name.Length > 0 && char.IsLetter(name[0]) && name.All(c => char.IsLetterOrDigit(c) || c == '_');

    private bool HasAxis(string name) => axisSizes.ContainsKey(name)
        || inputs.Select(i => i.Output).Concat(Graph.Flatten(nodes).SelectMany(n => n.Outputs)).Any(v => v.Axes.Any(a => a.Size is null && a.Name == name));

    /// <summary>Whether rows of one element of this axis may be given to this block: its first input is [b, t, axis, d].</summary>
    public bool IsForEach(string axis) =>
        !spec.IsModel && inputs[0].Output.Axes.Count == 4 && inputs[0].Output.Axes[2].Size is not null && inputs[0].Output.Axes[2].Name == axis;

    /// <summary>The node that makes a value, outside of conditions; null where none does.</summary>
    public Node? MakerOf(Value value) => nodes.FirstOrDefault(n => n.Outputs.Contains(value));

    /// <summary>Two nodes in the place of one, one after the other.</summary>
    public Value Divide(Node node, Operation first, Operation second, string hint)
    {
        var between = new Value(values++, hint, node.Output.Axes, node.Output.IsIds);
        var at = nodes.IndexOf(node);
        nodes[at] = node.With(first, outputs: [between]);
        nodes.Insert(at + 1, node.With(second, [between, .. node.Inputs.Skip(1)]));
        nodesMade++;
        return between;
    }

    /// <summary>A node with one output, which it returns; it holds numbers unless it is said that it holds ids.</summary>
    public Value Add(PartSpec part, Operation operation, IReadOnlyList<Value> reads, string hint, IReadOnlyList<Axis> axes, bool isIds = false) =>
        AddAll(part, operation, reads, [(hint, axes, isIds)])[0];

    /// <summary>A node with several outputs, which it returns.</summary>
    public IReadOnlyList<Value> AddAll(
        PartSpec part, Operation operation, IReadOnlyList<Value> reads, IReadOnlyList<(string Hint, IReadOnlyList<Axis> Axes, bool IsIds)> gives)
    {
        var made = gives.Select(g => new Value(values++, g.Hint, g.Axes, g.IsIds)).ToList();
        nodes.Add(new Node(operation, reads, made, bracket, part.Place));
        nodesMade++;
        return made;
    }

    public void Report(string id, Place place, params string[] arguments) => session.Problems.Add(new Problem(id, place, arguments.ToEquatable()));

    public static string Suggest(string name, IEnumerable<string> candidates) => Problem.Suggest(name, candidates);

    /// <summary>The axes with another size of the last one.</summary>
    public static IReadOnlyList<Axis> WithLast(Value x, Size size) =>
        x.Axes.Select((a, i) => i == x.Axes.Count - 1 ? a with { Size = size } : a).ToList();

    /// <summary>A function's types, as a diagnostic puts them.</summary>
    public static string Signature(FunctionSpec function) =>
        $"{function.Returns} ({string.Join(", ", function.Parameters.Select(p => Names.Simple(p.Type) + " " + p.Name))})";
}
