using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Checking;
using Dsl.Generators.Lowering;
using Dsl.Generators.Reading;
using Dsl.Generators.Scalar;

namespace Dsl.Generators.Emitting;

/// <summary>What a block builds once and its forms read: weights, tables, masks, scales, blocks. One entry for each node that needs one.</summary>
internal sealed class Fields
{
    private readonly Graph graph;
    private readonly NameTable taken;
    private readonly Dictionary<Node, string> ofNode = new();
    private readonly Dictionary<Node, string> masks = new();
    private readonly Dictionary<Node, string> scales = new();
    private readonly Dictionary<string, string> shared = new();
    private readonly List<string> declarations = [];
    private readonly List<string> methods = [];
    private readonly HashSet<string> copies = [];
    private readonly Dictionary<string, string> tensorMethods = new();
    private readonly Dictionary<(Node Node, string Name), string> functionWeights = new();
    private readonly HashSet<Node> conditional;

    public Fields(Graph graph)
    {
        this.graph = graph;
        taken = new NameTable(
        [
            "config", "layer", "weights", "pass", "state", "training", "x", "name", "i", "next", graph.Spec.SimpleName, .. Inherited, .. graph.Spec.OwnMembers,
        ]);
        foreach (var parameter in graph.Parameters.Concat(graph.Inputs.Select(i => i.Output.Hint)))
        {
            taken.Take(parameter);
        }

        conditional = new HashSet<Node>(graph.AllNodes.Except(graph.Nodes));
    }

    /// <summary>What every module has by a name that a key could give to a field.</summary>
    private static readonly string[] Inherited =
    [
        "advance", "apply", "buffers", "children", "cpu", "cuda", "eval", "forward", "load", "modules", "parameters", "save", "to", "train",
    ];

    /// <summary>Declarations of the fields, in the order in which they are built.</summary>
    public IReadOnlyList<string> Declarations => declarations;

    /// <summary>Names that no local may hide.</summary>
    public IEnumerable<string> Names => declarations.Select(d => d.TrimEnd(';').Split(' ').Last());

    public string this[Node node] => ofNode[node] + (conditional.Contains(node) ? "!" : "");

    /// <summary>Whether the node stands in a branch, so that a config may leave it out.</summary>
    public bool IsConditional(Node node) => conditional.Contains(node);

    public string MaskOf(AttendNode attend) =>
        attend.MaskFunction is null ? attend.Mask == "causal" ? "MaskRule.Causal" : "MaskRule.Full" : masks[attend] + (conditional.Contains(attend) ? "!" : "");

    public string MaskFieldOf(AttendNode attend) => MaskOf(attend).TrimEnd('!');

    /// <summary>The field of a scalar function's own weight.</summary>
    public string WeightOf(Node node, string parameter) => functionWeights[(node, parameter)];

    public string ScaleOf(AttendNode attend) => scales[attend];

    /// <summary>Which layer this block is; a model is none.</summary>
    private string OwnLayer => graph.Spec.IsModel ? "0" : "layer";

    /// <summary>The constructor's statements.</summary>
    public void Build(CodeWriter code) => Build(graph.Nodes, code);

    private void Build(IEnumerable<Node> nodes, CodeWriter code)
    {
        foreach (var node in nodes)
        {
            switch (node)
            {
                case IfNode choice:
                    var then = choice.Then;
                    var otherwise = choice.Otherwise;
                    code.Block($"if ({choice.Condition.Code})", () => Build(then, code));
                    if (Graph.Flatten(otherwise).Any(HasField))
                    {
                        code.Block("else", () => Build(otherwise, code));
                    }

                    break;
                case LinearNode { IsPlain: false } grouped:
                    Add(node, "GroupedProduct", FieldName(
                        grouped.Storage.Weight is { } named && grouped.Key.Length == 0 ? named : grouped.Key), GroupedLinear(grouped), code);
                    break;
                case LinearNode linear:
                    Add(node, "Product", FieldName(linear.Storage.Weight is { } own && linear.Key.Length == 0 ? own : linear.Key), Linear(linear), code);
                    break;
                case PackedLinearNode packed:
                    Add(node, "Products", PackedName(packed), Packed(packed), code);
                    break;
                case NormNode norm:
                    Add(node, "Norm", FieldName(norm.Key is null or "" ? norm.Storage.Weight ?? "norm" : norm.Key), Norm(norm), code);
                    break;
                case EmbeddingNode embedding:
                    Add(node, "Embedding", FieldName(embedding.Key), $"weights.Embedding({Key(embedding.Key)}, {Code(embedding.Rows)}, "
                        + $"{Code(embedding.Width)}{(embedding.Shared ? ", shared: true" : "")}"
                        + $"{(embedding.Padding is { } none ? ", padding: " + none.Code : "")})", code);
                    break;
                case PositionsNode positions:
                    Add(node, "PositionEmbedding", FieldName(positions.Key), $"weights.Positional({Key(positions.Key)}, {Code(positions.Rows)}, "
                        + $"{Code(positions.Width)}{(positions.Offset.Code == "0" ? "" : ", offset: " + positions.Offset.Code)})", code);
                    break;
                case ParameterNode parameter:
                    Add(node, "Weight", FieldName(parameter.Key), $"weights.Tensor({Key(parameter.Key)}, ["
                        + $"{string.Join(", ", parameter.Shape.Select(Code))}])", code);
                    break;
                case CausalConvolutionNode convolution:
                    Add(node, "CausalConvolution", FieldName(convolution.Key), $"weights.CausalConvolution({Key(convolution.Key)}, "
                        + $"{Code(convolution.Width)}, {Code(convolution.Kernel)}, bias: {convolution.Bias.Code})", code);
                    break;
                case PointwiseNode or RecurrenceNode:
                    FunctionWeights(node, (node as PointwiseNode)?.Function ?? ((RecurrenceNode)node).Function, code);
                    if (node is RecurrenceNode { Transfer: { } transfer } paired)
                    {
                        Lengths(paired, transfer, code);
                    }

                    if (node is RecurrenceNode { Convolves: true } recurrence)
                    {
                        code.Line($"weights.Convolution<{Kernel(recurrence.Function)}>();");
                    }

                    break;
                case LearnNode learn:
                    Learner(learn, code);
                    if (learn.RowRate is { } rowRate)
                    {
                        FunctionWeights(node, rowRate, code);
                    }

                    break;
                case RotaryNode rotary:
                    Share(node, "Rotary", "rotary", Rotary(rotary), code);
                    break;
                case AttendNode attend:
                    if (attend.MaskFunction is { } function)
                    {
                        masks[attend] = Shared("MaskRule", function.Spec.Name, Mask(attend, function), code, conditional.Contains(attend));
                    }

                    scales[attend] = attend.Scale.Code is "1.0" or "1" ? "1.0" : Shared("double", "scale", attend.Scale.Code, code, false);
                    break;
                case RepeatNode repeat:
                    Repeat(repeat, code);
                    break;
                case UseNode use:
                    Use(use, code);
                    break;
            }
        }
    }

    private static bool HasField(Node node) =>
        node is LinearNode or PackedLinearNode or NormNode or EmbeddingNode or PositionsNode or ParameterNode or PointwiseNode or RecurrenceNode
            or CausalConvolutionNode or RotaryNode or UseNode or AttendNode or LearnNode;

    private void Add(Node node, string type, string wanted, string value, CodeWriter code)
    {
        var name = taken.Take(wanted);
        ofNode[node] = name;
        declarations.Add($"private readonly {type}{(conditional.Contains(node) ? "?" : "")} {name};");
        code.Line($"{name} = {value};");
    }

    private void Share(Node node, string type, string wanted, string value, CodeWriter code) =>
        ofNode[node] = Shared(type, wanted, value, code, conditional.Contains(node));

    /// <summary>Equal values are built once.</summary>
    private string Shared(string type, string wanted, string value, CodeWriter code, bool nullable)
    {
        var id = type + (nullable ? "?" : "") + " " + value;
        if (!shared.TryGetValue(id, out var name) || nullable)
        {
            name = taken.Take(Elaborator.Camel(wanted));
            shared[id] = name;
            declarations.Add($"private readonly {type}{(nullable ? "?" : "")} {name};");
            code.Line($"{name} = {value};");
        }

        return name;
    }

    private string Linear(LinearNode linear)
    {
        if (linear.TiedTo is { } tied)
        {
            var bias = linear.Bias.IsFalse ? "" : $", bias: {linear.Bias.Code}{(linear.Storage.Bias is { } own ? $", biasKey: {Key(own)}" : "")}";
            bias += linear.Storage.BiasAxes is null or "out" ? "" : $", biasStored: {Quoted(linear.Storage.BiasAxes)}";
            return $"weights.Head({Key(linear.Key)}, {Code(linear.In)}, {Code(linear.Out)}, tiedTo: {Key(tied)}, tied: {linear.Tied.Code}{bias})";
        }

        var stored = linear.Storage.WeightAxes is null or "out in" ? "" : $", stored: {Quoted(linear.Storage.WeightAxes)}";
        stored += linear.Storage.BiasAxes is null or "out" ? "" : $", biasStored: {Quoted(linear.Storage.BiasAxes)}";
        var weight = linear.Storage.Weight is { } w ? $", weightKey: {Key(linear.Key.Length == 0 ? w : linear.Key + "." + w)}" : "";
        var biasKey = linear.Storage.Bias is { } b ? $", biasKey: {Key(linear.Key.Length == 0 ? b : linear.Key + "." + b)}" : "";
        return $"weights.Product({Key(linear.Key)}, {Code(linear.In)}, {Code(linear.Out)}, bias: {linear.Bias.Code}{stored}{weight}{biasKey})";
    }

    private string GroupedLinear(LinearNode linear)
    {
        var groups = string.Join(", ", linear.Groups.Select(g => $"({Quoted(g.Name)}, {Code(g.Size)})"));
        var bias = Key(Below(linear.Key, linear.Storage.Bias ?? "bias"));
        bias = linear.Bias.IsTrue ? bias : linear.Bias.IsFalse ? "null" : $"{linear.Bias.Code} ? {bias} : null";
        return $"weights.GroupedProduct([{groups}], {Code(linear.In)}, {Code(linear.Out)}, {Key(Below(linear.Key, linear.Storage.Weight ?? "weight"))}, "
            + $"{Quoted(linear.Storage.WeightAxes ?? "out in")}, "
            + $"{bias}, {Quoted(linear.Storage.BiasAxes ?? string.Join(" ", linear.Groups.Select(g => g.Name).Append("out")))})";
    }

    private static string Quoted(string text) => Reading.Constant.OfText(text).ToSource();

    private static string Below(string? key, string name) => key is null or "" ? name : key + "." + name;

    private string Packed(PackedLinearNode packed)
    {
        var biases = packed.Parts.Select(p => p.Bias.Code).Distinct().ToList();
        var bias = biases.Count == 1 ? biases[0] : "[" + string.Join(", ", packed.Parts.Select(p => p.Bias.Code)) + "]";
        return $"weights.Products([{string.Join(", ", packed.Parts.Select(p => Key(p.Key)))}], {Code(packed.Parts[0].In)}, ["
            + $"{string.Join(", ", packed.Parts.Select(p => Code(p.Out)))}], bias: {bias})";
    }

    private string Norm(NormNode norm)
    {
        if (norm.Storage is { Weight: null, Bias: null } && norm.Spans.Count == 0)
        {
            return norm.RootMeanSquare
                ? $"weights.RmsNorm({KeyOrNull(norm.Key)}, {Code(norm.Width)}, {norm.Eps.Code})"
                : $"weights.LayerNorm({KeyOrNull(norm.Key)}, {Code(norm.Width)}, {norm.Eps.Code}{(norm.Bias.IsTrue ? "" : ", bias: " + norm.Bias.Code)})";
        }

        var sizes = norm.Spans.ToDictionary(s => s.Name, s => s.Size);
        var shape = sizes.Count == 0
            ? Code(norm.Width)
            : string.Join(
                ", ",
                StoredAxes.Parse(norm.Storage.WeightAxes!, out _)!.Groups.Select(
                    g => g.Count == 0 ? "1" : Code(g.Select(n => sizes[n]).Aggregate((a, b) => a * b))));
        var weight = $"weights.Tensor({Key(Below(norm.Key, norm.Storage.Weight ?? "weight"))}, [{shape}], Initializer.Ones)";
        var bias = norm.Bias.IsFalse
            ? "null"
            : $"{(norm.Bias.IsTrue ? "" : norm.Bias.Code + " ? ")}weights.Tensor({Key(Below(norm.Key, norm.Storage.Bias ?? "bias"))}, [{shape}], "
                + $"Initializer.Zeros){(norm.Bias.IsTrue ? "" : " : null")}";
        var spans = sizes.Count == 0 ? "" : $", spans: [{string.Join(", ", norm.Spans.Select(s => Code(s.Size)))}]";
        return $"weights.Norm(NormKind.{(norm.RootMeanSquare ? "RootMeanSquare" : "Layer")}, {weight}, {bias}, {Code(norm.Width)}, {norm.Eps.Code}{spans})";
    }

    private string Rotary(RotaryNode rotary)
    {
        var arguments = new List<string> { rotary.Width?.Code ?? Code(rotary.HeadWidth), $"Theta: {rotary.Theta.Code}" };
        if (rotary.Pairs == "neighbours")
        {
            arguments.Add("Pairs: RotaryPairs.Neighbours");
        }

        if (rotary.Frequency is { } frequency)
        {
            arguments.Add($"Scaling: {frequency.Code}");
        }

        if (rotary.Context is { } context)
        {
            arguments.Add($"MaxPositions: {context.Code}");
        }

        if (rotary.Position is { } position)
        {
            var call = position.Spec.Parameters.Count > 1 ? "position => " + Host(position) + "(position, config)" : Host(position);
            arguments.Add($"Position: {call}, PositionName: {Reading.Constant.OfText(position.Spec.Name).ToSource()}");
        }

        return $"weights.Rotary(new RotarySpec({string.Join(", ", arguments)}))";
    }

    private string Mask(AttendNode attend, FunctionUse function)
    {
        var facts = MaskProof.Of(function);
        if (facts?.Exact is { } exact)
        {
            return exact;
        }

        var arguments = function.Spec.Parameters.Select(p => p.Name is "query" or "key" or "layer" ? p.Name : "config");
        var name = function.Spec.Parameters.Any(p => p.Name == "layer")
            ? $"$\"{function.Spec.Name}({{layer}})\""
            : Reading.Constant.OfText(function.Spec.Name).ToSource();
        return $"weights.Mask({name}, () => MaskRule.Rule({name}, causal: {(attend.IsCausal ? "true" : "false")}, window: {facts?.Window ?? "null"}, "
            + $"(query, key) => {Host(function)}({string.Join(", ", arguments)})))";
    }

    /// <summary>How this class calls a function: by its name where it may, else a copy of it.</summary>
    public string Host(FunctionUse function)
    {
        if (function.Spec.Owner == graph.Spec.Name)
        {
            return Hidden(function.Spec.Name) ? function.Spec.Owner + "." + function.Spec.Name : function.Spec.Name;
        }

        if (function.Scalar is null || HostEmitter.MayCall(function.Scalar, graph.Spec.Name, graph.Spec.Functions.Contains(function.Spec)))
        {
            return function.Spec.Owner + "." + function.Spec.Name;
        }

        if (!copies.Contains(function.Spec.Name))
        {
            copies.Add(function.Spec.Name);
            methods.AddRange(HostEmitter.Methods(function.Scalar, function.Spec.Name, graph.Spec.Name));
        }

        return function.Spec.Name;
    }

    /// <summary>A scalar function over whole tensors, as a method of this class. Returns the method's name.</summary>
    public string TensorMethod(FunctionUse function) => TensorMethod(function, function.Scalar!, "OfTensors");

    /// <summary>What a score rule adds to the scores, over whole tensors.</summary>
    public string BiasMethod(FunctionUse function, ScalarFunction added) => TensorMethod(function, added, "Bias");

    private string TensorMethod(FunctionUse function, ScalarFunction scalar, string suffix)
    {
        var id = $"{function.Spec.Owner}.{function.Spec.Name} {suffix}";
        if (tensorMethods.TryGetValue(id, out var known))
        {
            return known;
        }

        var score = function.Spec.Kind == FunctionKind.Score;
        var arguments = new Dictionary<string, string>();
        var parameters = new List<string>();
        foreach (var parameter in scalar.Parameters)
        {
            switch (parameter.Name)
            {
                case "score" when suffix == "Bias":
                    parameters.Add("Tensor like");
                    arguments["score"] = "like";
                    break;
                case "query" when score:
                    arguments["query"] = "place.Query";
                    break;
                case "key" when score:
                    arguments["key"] = "place.Key";
                    break;
                case "head" when score:
                    arguments["head"] = "place.Head";
                    break;
                case "place" when parameter.Role == ScalarRole.Index:
                    parameters.Add("Tensor place");
                    arguments["place"] = "place";
                    break;
                default:
                    if (parameter.Role is ScalarRole.Value or ScalarRole.Parameter or ScalarRole.Table)
                    {
                        parameters.Add("Tensor " + Literals.Name(parameter.Name));
                        arguments[parameter.Name] = Literals.Name(parameter.Name);
                    }

                    break;
            }
        }

        if (score)
        {
            parameters.Insert(1, "ScorePlace place");
        }

        var emitted = TensorEmitter.Emit(scalar, arguments, "config", graph.Spec.Name);
        var name = taken.Take(function.Spec.Name + suffix);
        tensorMethods[id] = name;
        methods.Add($"private Tensor {name}({string.Join(", ", parameters)})\n{{\n"
            + $"{string.Join("\n", emitted.Body.TrimEnd().Split('\n').Select(l => l.Length == 0 ? l : "    " + l))}\n}}");
        methods.AddRange(emitted.Methods);
        return name;
    }

    /// <summary>The kernel of a recurrence, as a type inside this class. Returns its name.</summary>
    public string Kernel(FunctionUse function)
    {
        var id = function.Spec.Owner + "." + function.Spec.Name + " kernel";
        if (!tensorMethods.TryGetValue(id, out var name))
        {
            tensorMethods[id] = name = taken.Take(function.Spec.Name + "Kernel");
            methods.Add(KernelEmitter.Emit(function.Scalar!, name, "internal").TrimEnd('\n'));
        }

        return name;
    }

    /// <summary>The field of a transfer function's length.</summary>
    private void Lengths(RecurrenceNode node, TransferUse transfer, CodeWriter code)
    {
        var parameters = transfer.Function.Scalar!.Of(ScalarRole.Parameter).ToDictionary(p => p.Name);
        string Held(string name) => $"({Reading.Constant.OfText(parameters[name].Axes).ToSource()}, {WeightOf(node, name).TrimEnd('!')})";
        var read = transfer.Lengthen.Spec.Parameters.Skip(3).Select(p => p.Name).Where(parameters.ContainsKey).ToList();
        string Of(ScalarParameter weight) => (weight.Kind, weight.Span) switch
        {
            (ScalarKind.Complex, true) => "Complexes",
            (ScalarKind.Complex, false) => "Complex",
            (_, true) => "Numbers",
            _ => "Number",
        };
        var arguments = transfer.Lengthen.Spec.Parameters.Skip(3)
            .Select(p => !parameters.TryGetValue(p.Name, out var weight) ? "config" : $"place.{Of(weight)}({read.IndexOf(p.Name)})");
        Add(node, "TransferLength", FieldName(transfer.Nodes),
            $"weights.TransferLength({Key(transfer.Nodes)}, {Held(transfer.ReadOut)}, [{string.Join(", ", read.Select(Held))}], (readOut, from, to, "
                + $"place) => {Host(transfer.Lengthen)}(readOut, from, to{string.Concat(arguments.Select(a => ", " + a))}))", code);
    }

    /// <summary>The text of a transfer function over whole tensors, as a type inside this class. Returns its name.</summary>
    public string TransferKernel(TransferUse transfer)
    {
        var id = transfer.Function.Spec.Owner + "." + transfer.Function.Spec.Name + " transfer";
        if (!tensorMethods.TryGetValue(id, out var name))
        {
            tensorMethods[id] = name = taken.Take(transfer.Function.Spec.Name + "Transfer");
            methods.Add(KernelEmitter.EmitTransfer(transfer.Function.Scalar!, name, "private").TrimEnd('\n'));
        }

        return name;
    }

    /// <summary>Methods that the forms call.</summary>
    public IReadOnlyList<string> Methods => methods;

    private void FunctionWeights(Node node, FunctionUse function, CodeWriter code)
    {
        foreach (var (name, key, shape) in function.Weights)
        {
            var field = taken.Take(Elaborator.Camel(key.Length == 0 ? name : key));
            functionWeights[(node, name)] = field + (conditional.Contains(node) ? "!" : "");
            declarations.Add($"private readonly Weight{(conditional.Contains(node) ? "?" : "")} {field};");
            code.Line($"{field} = weights.Tensor({Key(key)}, [{string.Join(", ", shape.Select(Code))}]);");
        }
    }

    /// <summary>The derivative of a pointwise function by one of its values, as a method of this class. Returns the method's name.</summary>
    public string SlopeMethod(FunctionUse function, string value)
    {
        var id = $"{function.Spec.Owner}.{function.Spec.Name} slope {value}";
        if (!tensorMethods.TryGetValue(id, out var name))
        {
            var by = function.Scalar!.Of(ScalarRole.Value).First().Name == value ? "" : "By" + char.ToUpperInvariant(value[0]) + value.Substring(1);
            tensorMethods[id] = name = taken.Take(function.Spec.Name + "Slope" + by);
            methods.Add($"/// <summary>The derivative of {function.Spec.Name} by {value}.</summary>\n"
                + KernelEmitter.Slope(function.Scalar!, name, value).TrimEnd('\n'));
        }

        return name;
    }

    private void Learner(LearnNode learn, CodeWriter code)
    {
        var name = taken.Take(FieldName(learn.Key.Length == 0 ? Reading.Names.Simple(learn.Blocks[0].TypeName) : learn.Key));
        ofNode[learn] = name;
        declarations.Add(
            $"private readonly {(learn.Blocks.Count == 1 ? TypeOf(learn.Blocks[0]) : "ILearner")}{(conditional.Contains(learn) ? "?" : "")} {name};");
        Choose(learn.Blocks, learn.By, name, Scoped(learn.Key), OwnLayer, code);
    }

    private void Use(UseNode use, CodeWriter code)
    {
        if (use.Blocks.Count == 1)
        {
            var block = use.Blocks[0];
            Add(use, TypeOf(block), FieldName(
                use.Key.Length == 0 ? Reading.Names.Simple(block.TypeName) : use.Key), New(block, Scoped(use.Key, use.Shared), OwnLayer), code);
            return;
        }

        var name = taken.Take(FieldName(use.Key.Length == 0 ? Reading.Names.Simple(use.Blocks[0].TypeName) : use.Key));
        ofNode[use] = name;
        declarations.Add($"private readonly GeneratedModule{(conditional.Contains(use) ? "?" : "")} {name};");
        Choose(use, name, Scoped(use.Key, use.Shared), OwnLayer, code);
    }

    private void Repeat(RepeatNode repeat, CodeWriter code)
    {
        var type = repeat.Blocks.Count == 1 ? TypeOf(repeat.Blocks[0]) : "GeneratedModule";
        var name = taken.Take(FieldName(repeat.Key.Length == 0 ? Reading.Names.Simple(repeat.Blocks[0].TypeName) + "s" : LastSegment(repeat.Key)));
        ofNode[repeat] = name;
        declarations.Add($"private readonly {type}[] {name};");
        code.Line($"{name} = new {type}[{Code(repeat.Count)}];");
        // Without a key the blocks' own keys say where the layer's number stands.
        var key = repeat.Key.Contains('{') || repeat.Key.Length == 0 ? repeat.Key : repeat.Key + ".{layer}";
        if (repeat.Shared)
        {
            // Layers of one key are one block: one set of weights, one gradient.
            code.Line($"var {name}ByKey = new System.Collections.Generic.Dictionary<string, {type}>();");
            code.Block($"for (var layer = 0; layer < {name}.Length; layer++)", () =>
            {
                code.Line($"var key = {Key(key)};");
                code.Block($"if (!{name}ByKey.TryGetValue(key, out var block))", () =>
                {
                    Choose(repeat, "block", "weights.At(key)", "layer", code);
                    code.Line($"{name}ByKey[key] = block;");
                });
                code.Line();
                code.Line($"{name}[layer] = block;");
            });
            return;
        }

        code.Block($"for (var layer = 0; layer < {name}.Length; layer++)", () => Choose(repeat, name + "[layer]", Scoped(key), "layer", code));
    }

    /// <summary>Builds the block, or the one of several that the config picks.</summary>
    private void Choose(UseNode use, string target, string weights, string layer, CodeWriter code) => Choose(use.Blocks, use.By, target, weights, layer, code);

    private void Choose(IReadOnlyList<BlockUse> blocks, string? by, string target, string weights, string layer, CodeWriter code)
    {
        if (blocks.Count == 1)
        {
            code.Line($"{target} = {New(blocks[0], weights, layer)};");
            return;
        }

        code.Line($"{target} = config.{by} switch");
        code.Block(null, () =>
        {
            foreach (var block in blocks)
            {
                code.Line($"var kind when kind == typeof({TypeOf(block)}) => {New(block, weights, layer)},");
            }

            code.Line($"var kind => throw Require.NoneOf({Reading.Constant.OfText(by!).ToSource()}, kind, "
                + $"{string.Join(", ", blocks.Select(b => $"typeof({TypeOf(b)})"))}),");
        }, ";");
    }

    private string Scoped(string key, bool shared = false) =>
        key.Length == 0 && !shared ? "weights" : $"weights.At({Key(key)}{(shared ? ", shared: true" : "")})";

    private string New(BlockUse block, string weights, string layer)
    {
        var sizes = block.Parameters.Select(p => Code(p.Size));
        if (block.Own is not null)
        {
            return $"{TypeOf(block)}.Create(config, {weights}, {string.Join(", ", sizes)})";
        }

        var arguments = new List<string> { "config", weights };
        arguments.AddRange(sizes);
        if (block.Graph!.ReadsLayer)
        {
            arguments.Add(layer);
        }

        return $"new {TypeOf(block)}({string.Join(", ", arguments)})";
    }

    /// <summary>A type as this namespace writes it.</summary>
    public string TypeOf(BlockUse block) => ShortType(block.TypeName);

    public string ShortType(string full)
    {
        if (Hidden(Reading.Names.Simple(full)) || Reading.Names.Simple(full) is "State" or "Results" or "Wanted")
        {
            return full;
        }

        var prefix = "global::" + graph.Spec.Namespace + ".";
        return graph.Spec.Namespace.Length > 0 && full.StartsWith(prefix, StringComparison.Ordinal) && !full.Substring(prefix.Length).Contains('.')
            ? full.Substring(prefix.Length)
            : full;
    }

    /// <summary>This class, as its own code writes it.</summary>
    public string Self => Hidden(graph.Spec.SimpleName) ? graph.Spec.Name : graph.Spec.SimpleName;

    /// <summary>Whether the name alone would be taken for the runtime's.</summary>
    private bool Hidden(string name) => graph.Spec.Hidden.Any(h => h.Name == name);

    private string Code(Size size) => graph.Sizes.Resolve(size).ToCode();

    private string Key(string key) => KeyText.ToCode(key, graph.Spec.Config);

    private string KeyOrNull(string? key) => key is null ? "null" : Key(key);

    private static string FieldName(string key) =>
        Elaborator.Camel(KeyText.Indices(key).Aggregate(key, (k, i) => k.Replace("{" + i + "}", "")).Replace("..", "."));

    private static string LastSegment(string key)
    {
        var plain = KeyText.Indices(key).Aggregate(key, (k, i) => k.Replace("." + "{" + i + "}", ""));
        return plain.Substring(plain.LastIndexOf('.') + 1);
    }

    /// <summary><c>self_attn.{q,k,v}_proj</c> is <c>selfAttnQKVProj</c>.</summary>
    private static string PackedName(PackedLinearNode packed)
    {
        var keys = packed.Parts.Select(p => p.Key).ToList();
        var start = 0;
        while (keys.All(k => start < k.Length && k[start] == keys[0][start]))
        {
            start++;
        }

        var end = 0;
        while (keys.All(k => end < k.Length - start && k[k.Length - 1 - end] == keys[0][keys[0].Length - 1 - end]))
        {
            end++;
        }

        var middle = string.Join("_", keys.Select(k => k.Substring(start, k.Length - start - end)));
        return FieldName(keys[0].Substring(0, start) + "_" + middle + "_" + keys[0].Substring(keys[0].Length - end));
    }
}
