using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Checking;
using Dsl.Generators.Lowering;
using Dsl.Generators.Reading;

namespace Dsl.Generators.Emitting;

/// <summary>
/// Writes one form of a graph as statements, bracket by bracket. A value lives from its statement to the end of its bracket; one that a later bracket
/// reads is disposed after the last bracket that does.
/// </summary>
internal sealed class FormEmitter(Graph graph, Fields fields, CodeWriter code, bool stateful)
{
    private readonly Dictionary<Value, string> names = new();
    // Some names are arguments and locals of a model's forms alone.
    private readonly NameTable locals = new(
        ["config", "layer", "weights", "pass", "state", "training", "i", "next", "taken", .. graph.Spec.IsModel
            ? new[] { "last", "wanted", "results" }
            : [], .. graph.IsLearner ? new[] { "fast", "slope" } : [], .. fields.Names]);
    private readonly StateNames states = new(graph);
    private readonly HashSet<Value> kept = [];
    private readonly Dictionary<(Node Node, string Weight), string> views = new();
    private readonly HashSet<Value> bare = [];
    private string lastComment = "";

    /// <summary>The time axis that the stateful form steps along.</summary>
    private string? Stepping => graph.Inputs.Where(i => i.Steps).Select(i => i.Output.TimeAxis).FirstOrDefault();

    public void Bind(Value value, string name) => names[value] = locals.Take(name);

    /// <summary>A value that the caller takes over: it is not disposed here.</summary>
    public void Keep(Value value) => kept.Add(value);

    public string NameOf(Value value) => names[value];

    /// <summary>In the stateful form values that the state keeps are read from it.</summary>
    public void BindHeldIfStateful()
    {
        if (!stateful)
        {
            return;
        }

        foreach (var value in states.Held)
        {
            names[value] = $"state.{states.Of(value)}.Value!";
        }
    }

    /// <summary>Disposes what outlived its bracket and has no using declaration.</summary>
    public void DisposeBare()
    {
        foreach (var value in bare)
        {
            code.Line($"{names[value]}.Dispose();");
        }
    }

    /// <summary>What <c>Begin</c> does after its nodes: keeps values, and begins the blocks below.</summary>
    public void EmitKeeping()
    {
        foreach (var value in states.Held)
        {
            code.Line($"state.{states.Of(value)}.Hold({names[value]}.{(graph.Inputs.Any(i => i.Output == value) ? "clone()" : "alias()")});");
        }

        foreach (var use in states.Form.Begins)
        {
            var memory = use.Inputs.Skip(1).Where(states.Form.IsMemory).ToList();
            var arguments = string.Join(", ", memory.Select(m => names[m]).Concat(memory.Select(m => m.TimeAxis).OfType<string>().Distinct().Select(PassOf)));
            var kept = $"state.{states.Of(use)}";
            void One(string target, string state)
            {
                if (use.Blocks.Count == 1)
                {
                    code.Line($"{target}.Begin({arguments}, {state});");
                    return;
                }

                code.Block($"switch ({target})", () =>
                {
                    foreach (var block in use.Blocks.Where(b => b.Graph is not null))
                    {
                        code.Lines($"case {fields.TypeOf(block)} block:\n    block.Begin({arguments}, ({fields.TypeOf(block)}.State){state}!);\n    break;");
                    }
                });
            }

            if (use is RepeatNode)
            {
                code.Block($"for (var i = 0; i < {fields[use]}.Length; i++)", () => One(fields[use] + "[i]", kept + "[i]"));
            }
            else
            {
                One(fields[use], kept);
            }
        }
    }

    /// <summary>From now on the value goes by another local, which disposes itself.</summary>
    public void Rebind(Value value, string name) => names[value] = name;

    /// <summary>Whether a value that outlives its bracket has no using declaration.</summary>
    public bool NeedsDispose(Value value) => bare.Contains(value);

    public bool Has(Value value) => names.ContainsKey(value);

    /// <summary>Emits the nodes in groups of one bracket each. <paramref name="after"/> are values read after these nodes.</summary>
    public void Emit(IReadOnlyList<Node> nodes, IReadOnlyCollection<Value> after, Action<CodeWriter>? beforeEnd = null)
    {
        var groups = new List<List<Node>>();
        foreach (var node in nodes)
        {
            if (groups.Count == 0 || groups[groups.Count - 1][0].Bracket != node.Bracket)
            {
                groups.Add([]);
            }

            groups[groups.Count - 1].Add(node);
        }

        var toDispose = new List<(Value Value, int LastGroup)>();
        for (var g = 0; g < groups.Count; g++)
        {
            var made = groups[g].SelectMany(n => n.Outputs).ToList();
            var escaping = made.Where(v => after.Contains(v) || groups.Skip(g + 1).SelectMany(x => x).Any(n => n.Reads(v))).ToList();
            if (g > 0)
            {
                code.Line();
            }

            if (groups[g][0].Bracket < graph.Spec.Brackets.Count)
            {
                var source = "// " + BlockEmitter.Short(graph.Spec.Brackets[groups[g][0].Bracket].ToSource());
                if (source != lastComment)
                {
                    code.Line(source);
                }

                lastComment = source;
            }

            var local = made.Count - escaping.Count;
            if (local > 0 && escaping.Count == 1)
            {
                var result = escaping[0];
                names[result] = locals.Take(result.Hint);
                bare.Add(result);
                code.Line($"Tensor {names[result]};");
                code.Block(null, () => EmitGroup(groups[g], result));
            }
            else
            {
                EmitGroup(groups[g], null, escaping);
            }

            foreach (var value in escaping.Where(v => !after.Contains(v) && !kept.Contains(v)))
            {
                // Flat groups have said using already.
                if (local > 0 && escaping.Count == 1)
                {
                    toDispose.Add((value, Enumerable.Range(0, groups.Count).Last(i => groups[i].Any(n => n.Reads(value)))));
                }
            }

            foreach (var (value, _) in toDispose.Where(d => d.LastGroup == g).ToList())
            {
                code.Line($"{names[value]}.Dispose();");
                bare.Remove(value);
            }
        }

        beforeEnd?.Invoke(code);
    }

    private void EmitGroup(IReadOnlyList<Node> nodes, Value? result, IReadOnlyCollection<Value>? escaping = null)
    {
        foreach (var node in nodes)
        {
            Emit(node, result, escaping ?? []);
        }
    }

    /// <summary>The left side of a statement that makes a value.</summary>
    private string Target(Value value, Value? result)
    {
        if (value == result)
        {
            return names[value];
        }

        if (!names.ContainsKey(value))
        {
            names[value] = locals.Take(value.Hint);
        }

        return (kept.Contains(value) ? "var " : "using var ") + names[value];
    }

    private void Emit(Node node, Value? result, IReadOnlyCollection<Value> escaping)
    {
        if (node is IfNode choice)
        {
            EmitChoice(choice, result);
            return;
        }

        if (node is PackedLinearNode or SplitNode)
        {
            EmitSeveral(node, result);
            return;
        }

        if (node is RepeatNode repeat)
        {
            EmitRepeat(repeat, result);
            return;
        }

        if (node is RecurrenceNode recurrence)
        {
            foreach (var (name, _, _) in recurrence.Function.Weights.Where(w => recurrence.Function.Views.ContainsKey(w.Name)))
            {
                var view = views[(node, name)] = locals.Take(name + "Axes");
                code.Line($"using var {view} = {fields.WeightOf(node, name)}.Value.view({string.Join(", ", recurrence.Function.Views[name].Select(Code))});");
            }
        }

        code.Line($"{Target(node.Output, result)} = {Expression(node)};{Comment(node)}");
    }

    private void EmitSeveral(Node node, Value? result)
    {
        var x = names[node.Inputs[0]];
        var parts = locals.Take(node is PackedLinearNode ? Together(node.Outputs.Select(o => o.Hint).ToList()) : "parts");
        code.Line(node is PackedLinearNode
            ? $"using var {parts} = {fields[node]}.ApplyParts({x});  // one product"
            : $"using var {parts} = Slices.Split({x}, [{string.Join(", ", ((SplitNode)node).Sizes.Select(Code))}]);  // views");
        for (var i = 0; i < node.Outputs.Count; i++)
        {
            var output = node.Outputs[i];
            if (output == result || kept.Contains(output))
            {
                var target = Target(output, result);
                code.Line($"{target} = {parts}[{i}].alias();");
            }
            else
            {
                names[output] = $"{parts}[{i}]";
            }
        }
    }

    /// <summary>One name for several: <c>qProj, kProj, vProj</c> is <c>qkvProj</c>, <c>up, gate</c> is <c>upGate</c>.</summary>
    private static string Together(IReadOnlyList<string> hints)
    {
        var tail = hints.Select(LastWord).Distinct().Count() == 1 ? LastWord(hints[0]) : "";
        var heads = hints.Select(h => h.Substring(0, h.Length - tail.Length)).ToList();
        if (heads.Any(h => h.Length == 0))
        {
            (tail, heads) = ("", hints.ToList());
        }

        return (heads.All(h => h.Length == 1)
            ? string.Concat(heads)
            : string.Concat(heads.Select((h, i) => i == 0 ? h : char.ToUpperInvariant(h[0]) + h.Substring(1)))) + tail;

        static string LastWord(string hint) => hint.Substring(Enumerable.Range(0, hint.Length).LastOrDefault(i => char.IsUpper(hint[i])));
    }

    private void EmitChoice(IfNode choice, Value? result)
    {
        var target = choice.Output;
        if (target != result)
        {
            names[target] = locals.Take(target.Hint);
            code.Line($"Tensor {names[target]};");
        }

        code.Block($"if ({choice.Condition.Code})", () => Branch(choice.Then, choice.ThenResult));
        code.Block("else", () => Branch(choice.Otherwise, choice.OtherwiseResult));
        if (target != result && !kept.Contains(target))
        {
            code.Line($"using var {locals.Take(names[target] + "Scope")} = {names[target]};");
        }

        void Branch(List<Node> nodes, Value branchResult)
        {
            foreach (var node in nodes)
            {
                if (node.Outputs.Contains(branchResult) && node.Outputs.Count == 1)
                {
                    names[branchResult] = names[target];
                    Emit(node, branchResult, []);
                }
                else
                {
                    Emit(node, null, []);
                }
            }

            if (nodes.All(n => !(n.Outputs.Contains(branchResult) && n.Outputs.Count == 1)))
            {
                code.Line($"{names[target]} = {names[branchResult]}.alias();  // the identity");
            }
        }
    }

    private void EmitRepeat(RepeatNode repeat, Value? result)
    {
        var steps = stateful && repeat.Inputs[0].TimeAxis == Stepping && repeat.Blocks.Any(HasState);
        var name = result == repeat.Output ? names[repeat.Output] : names[repeat.Output] = locals.Take(repeat.Output.Hint);
        code.Line($"{(result == repeat.Output ? "" : "var ")}{name} = {names[repeat.Inputs[0]]}.alias();");
        var extra = Extra(repeat, steps);
        code.Block($"for (var i = 0; i < {fields[repeat]}.Length; i++)", () =>
        {
            code.Line($"var next = {Call(repeat, fields[repeat] + "[i]", name, extra, steps, "state." + states.Of(repeat) + "[i]")};");
            code.Line($"{name}.Dispose();");
            code.Line($"{name} = next;");
        });
        if (result != repeat.Output && !kept.Contains(repeat.Output))
        {
            code.Line($"using var {locals.Take(name + "Scope")} = {name};");
        }
    }

    private static bool HasState(BlockUse block) => block.Graph?.HasState ?? block.Own!.Steps;

    /// <summary>The arguments after x; a block that steps has kept what it needs of the memory.</summary>
    private string Extra(UseNode use, bool steps) =>
        string.Concat(use.Inputs.Skip(1).Where(i => !(steps && states.Form.IsMemory(i))).Select(i => ", " + names[i]));

    private string Call(UseNode use, string target, string x, string extra, bool steps, string state)
    {
        var passes = Passes(use);
        if (use.Blocks.Count == 1)
        {
            return steps ? $"{target}.Advance({x}{extra}, {passes}, {state})" : $"{target}.Forward({x}{extra}, {passes})";
        }

        var arms = use.Blocks.Select((b, i) => HasState(b) && steps
            ? $"{fields.TypeOf(b)} block{i + 1} => block{i + 1}.Advance({x}{extra}, {passes}, ({fields.TypeOf(b)}.State){state}!)"
            : $"{fields.TypeOf(b)} block{i + 1} => block{i + 1}.Forward({x}{extra}, {passes})");
        return $"{target} switch {{ {string.Join(", ", arms)}, _ => throw new System.InvalidOperationException(\"unreachable\") }}";
    }

    /// <summary>
    /// The pass of the block's own time axis, then those of its other time axes in the order of its inputs; several of them may be one axis here.
    /// </summary>
    private string Passes(UseNode use)
    {
        var formal = use.Blocks[0].Graph is { } block ? block.Inputs.Select(i => i.Output.TimeAxis) : use.Inputs.Select(i => i.TimeAxis);
        var axes = formal.Zip(use.Inputs, (axis, given) => (Axis: axis, Given: given.TimeAxis)).Where(a => a.Axis is not null).GroupBy(a => a.Axis);
        return string.Join(", ", axes.Select(a => PassOf(a.First().Given)));
    }

    public string PassOf(string? axis) => axis is null || axis == MainAxis ? "pass" : axis + "Pass";

    private string? MainAxis => graph.Spec.IsModel ? Stepping ?? graph.Inputs.Select(i => i.Output.TimeAxis).FirstOrDefault() : graph.Inputs[0].Output.TimeAxis;

    /// <summary>A node as C#, over the names of its inputs.</summary>
    public string Expression(Node node)
    {
        var x = node.Inputs.Count > 0 ? names[node.Inputs[0]] : "";
        string At(int i) => names[node.Inputs[i]];
        switch (node)
        {
            case EmbeddingNode:
                return $"{fields[node]}.Apply({x})";
            case PositionsNode:
                return $"{fields[node]}.AddTo({x}, {PassOf(node.Inputs[0].TimeAxis)})";
            case LinearNode { Adds: true, Dropout: { } dropped }:
                return $"{fields[node]}.ApplyAdd({x}, {At(1)}, {dropped.Code}, {PassOf(node.Inputs[0].TimeAxis)})";
            case LinearNode { Adds: true }:
                return $"{fields[node]}.ApplyAdd({x}, {At(1)})";
            case LinearNode { Activation: { } activation }:
                return $"{fields[node]}.Apply({x}, {Activation(activation)})";
            case LinearNode or NormNode:
                return $"{fields[node]}.Apply({x})";
            case ParameterNode:
                return $"{fields[node]}.Value.alias()";
            case RearrangeNode rearrange:
                return Rearrange(rearrange, x);
            case SliceNode slice:
                return $"{x}.narrow(-1, {Code(slice.Start)}, {Code(slice.Length)})";
            case ConcatNode:
                return $"torch.cat([{string.Join(", ", node.Inputs.Select(i => names[i]))}], dim: -1)";
            case SumNode { Inputs.Count: 2 }:
                return $"{x}.Plus({At(1)})";
            case SumNode:
                return $"Slices.Sum({x}, {At(1)}, [{string.Join(", ", node.Inputs.Skip(2).Select(i => names[i]))}])";
            case GateNode { Activation: { } activation }:
                return $"Activations.Gate({x}, {At(1)}, {Activation(activation)})";
            case GateNode:
                return $"{x} * {At(1)}";
            case ActivateNode activate:
                return $"{Activation(activate.Activation)}.Apply({x})";
            case DropoutNode dropout:
                return $"Dropout.Apply({x}, {dropout.Probability.Code}, {PassOf(node.Inputs[0].TimeAxis)})";
            case PointwiseNode pointwise:
                return $"{fields.TensorMethod(pointwise.Function)}({Arguments(pointwise)})";
            case RecurrenceNode recurrence:
                var own = recurrence.Function.Weights.ToDictionary(
                    w => w.Name, w => views.TryGetValue((node, w.Name), out var view) ? view : fields.WeightOf(node, w.Name) + ".Value");
                var values = new Queue<string>(node.Inputs.Select(i => names[i]));
                var arguments = recurrence.Function.Scalar!.Parameters.Where(
                    f => f.Role is Scalar.ScalarRole.Value or Scalar.ScalarRole.Parameter or Scalar.ScalarRole.Derived)
                    .Select(f =>
                        f.Role == Scalar.ScalarRole.Value ? values.Dequeue() : f.Role == Scalar.ScalarRole.Derived ? fields[node] + ".ReadOut()" : own[f.Name]);
                var keeps = stateful && node.Inputs[0].TimeAxis == Stepping;
                var along = PassOf(node.Inputs[0].TimeAxis);
                if (recurrence.Transfer is { } transfer && !keeps)
                {
                    var read = transfer.Function.Scalar!.Of(Scalar.ScalarRole.Parameter).Select(f => own[f.Name]);
                    return $"Transfer.Run<{fields.TransferKernel(transfer)}>({along}, {fields[node]}, {Settings(transfer.Function)}, {x}, "
                        + $"{string.Join(", ", read)})";
                }

                var call = $"<{fields.Kernel(recurrence.Function)}>({along}, ";
                var rest = $"{Settings(recurrence.Function)}, {string.Join(", ", arguments)})";
                return recurrence.Convolves && !keeps
                    ? $"Convolution.Run{call}{rest}"
                    : $"Recurrence.Run{call}{(keeps ? "state." + states.Of(node) : "null")}, {rest}";
            case ShiftNode:
                return $"PastInputs.Shift({x}, {PassOf(node.Inputs[0].TimeAxis)}{(stateful ? ", state." + states.Of(node) : "")})";
            case CausalConvolutionNode:
                return $"{fields[node]}.Apply({x}, {PassOf(node.Inputs[0].TimeAxis)}{(stateful ? ", state." + states.Of(node) : "")})";
            case RotaryNode:
                return $"{fields[node]}.Apply({x}, {PassOf(node.Inputs[0].TimeAxis)})";
            case AttendNode attend:
                return Attend(attend);
            case PoolNode pool:
                return $"Pool.{char.ToUpperInvariant(pool.Kind[0])}{pool.Kind.Substring(1)}({x}, {PassOf(node.Inputs[0].TimeAxis)})";
            case LearnNode learn:
                return Learn(learn);
            case UseNode use:
                var steps = stateful && use.Inputs[0].TimeAxis == Stepping && use.Blocks.Any(HasState);
                return Call(
                    use,
                    fields[use],
                    x,
                    Extra(use, steps),
                    steps,
                    "state." + states.Of(use) + (fields.IsConditional(use) && use.Blocks.Count == 1 && use.Blocks[0].Own is null ? "!" : ""));
            default:
                throw new InvalidOperationException($"no text for {node.GetType().Name}");
        }
    }

    private string Attend(AttendNode attend)
    {
        var (q, k, v) = (attend.Inputs[0], attend.Inputs[1], attend.Inputs[2]);
        var pass = PassOf(q.TimeAxis);
        var dropout = attend.Dropout is { } p ? $", dropout: {p.Code}" : "";
        var score = attend.Score is { } rule ? Score(rule, attend.Inputs.Skip(3).Select(t => names[t]).ToList()) : "";
        if (stateful && k.TimeAxis == Stepping && q.TimeAxis == Stepping)
        {
            var rotary = unrotated.TryGetValue(attend, out var r) ? $", rotateKeys: {fields[r]}" : "";
            return $"CachedAttention.Attend({names[q]}, {names[k]}, {names[v]}, state.{states.Of(attend)}, {fields.MaskOf(attend)}, "
                + $"{fields.ScaleOf(attend)}, {pass}{rotary}{score})";
        }

        var memory = k.TimeAxis == q.TimeAxis ? "" : $", memory: {PassOf(k.TimeAxis)}";
        return $"Attention.Attend({names[q]}, {names[k]}, {names[v]}, {fields.MaskOf(attend)}, {fields.ScaleOf(attend)}, {pass}{dropout}{score}{memory})";
    }

    /// <summary>A rule that only adds is built once for all layers that add the same; any other changes the scores of each.</summary>
    private string Score(FunctionUse rule, IReadOnlyList<string> tables)
    {
        var read = string.Concat(tables.Select(t => ", " + t));
        if (Scalar.AdditiveScore.Added(rule.Scalar!) is not { } added)
        {
            return $", score: (scores, place) => {fields.TensorMethod(rule)}(scores, place{read})";
        }

        var name = (rule.Spec.Owner + "." + rule.Spec.Name).Replace("global::", "");
        var identity = rule.Scalar!.Parameters.Any(p => p.Name == "layer") ? $"$\"{name} {{layer}}\"" : Constant.OfText(name).ToSource();
        return $", bias: new ScoreBias({identity}, (like, place) => {fields.BiasMethod(rule, added)}(like, place{read}){read})";
    }

    /// <summary>What a kernel reads of the config, as a list.</summary>
    private static string Settings(FunctionUse function) => $"[{string.Join(", ", Scalar.KernelEmitter.Settings(function.Scalar!))}]";

    /// <summary>A local of the method that no value goes by.</summary>
    public string Local(string name) => locals.Take(name);

    /// <summary>Values and weights of a pointwise function, in its order.</summary>
    public string Arguments(PointwiseNode pointwise)
    {
        var weights = pointwise.Function.Weights.ToDictionary(w => w.Name, w => fields.WeightOf(pointwise, w.Name) + ".Value");
        var flowing = new Queue<string>(pointwise.Inputs.Select(i => names[i]));
        return string.Join(", ", pointwise.Function.Scalar!.Parameters.Where(f => f.Role is Scalar.ScalarRole.Value or Scalar.ScalarRole.Parameter)
            .Select(f => f.Role == Scalar.ScalarRole.Value ? flowing.Dequeue() : weights[f.Name]));
    }

    private string Learn(LearnNode learn)
    {
        var (x, target, read) = (names[learn.Inputs[0]], names[learn.Inputs[1]], names[learn.Inputs[2]]);
        var rate = learn.Inputs.Count > 3 ? $", rate: {names[learn.Inputs[3]]}" : "";
        var weights = learn.RowRate?.Scalar!.Of(Scalar.ScalarRole.Parameter).Select(p => ", " + fields.WeightOf(learn, p.Name) + ".Value") ?? [];
        var rows = learn.RowRate is null ? "" : $", rowRate: places => {fields.TensorMethod(learn.RowRate)}(places{string.Concat(weights)})";
        var kept = stateful && learn.Inputs[0].TimeAxis == Stepping ? ", state: state." + states.Of(learn) : "";
        var loss = fields.SlopeMethod(learn.Loss, learn.Loss.Scalar!.Of(Scalar.ScalarRole.Value).First().Name);
        return $"Learning.Run({fields[learn]}, {Code(learn.Every)}, {loss}, {x}, {target}, {read}, {PassOf(learn.Inputs[0].TimeAxis)}{rate}{rows}{kept})";
    }

    private readonly Dictionary<AttendNode, RotaryNode> unrotated = new();

    /// <summary>In the stateful form keys whose frequencies may read the length are kept unrotated: the cache rotates them. Rewrites the graph.</summary>
    public void LeaveKeysUnrotated()
    {
        foreach (var attend in graph.Nodes.OfType<AttendNode>().ToList())
        {
            if (graph.Nodes.OfType<RotaryNode>().FirstOrDefault(r => r.Output == attend.Inputs[1]) is { Frequency: not null } rotary
                && graph.Nodes.Count(n => n.Inputs.Contains(rotary.Output)) == 1)
            {
                graph.Nodes.Remove(rotary);
                unrotated[attend] = rotary;
                attend.Inputs[1] = rotary.Inputs[0];
            }
        }
    }

    private string Rearrange(RearrangeNode node, string x)
    {
        var pattern = node.Pattern;
        var lastBefore = pattern.Before[pattern.Before.Count - 1];
        var leading = pattern.Before.Take(pattern.Before.Count - 1).All(g => g.Count == 1);
        if (!pattern.Transposes && leading && lastBefore.Count > 1 && pattern.After.All(g => g.Count == 1))
        {
            return $"{x}.unflatten({pattern.Before.Count - 1}, [{string.Join(", ", lastBefore.Select(n => Code(node.Sizes[n])))}])";
        }

        var lastAfter = pattern.After[pattern.After.Count - 1];
        if (!pattern.Transposes
            && lastAfter.Count > 1
            && pattern.Before.All(g => g.Count == 1)
            && pattern.After.Take(pattern.After.Count - 1).All(g => g.Count == 1))
        {
            return $"{x}.flatten({pattern.Before.Count - lastAfter.Count}, {pattern.Before.Count - 1})";
        }

        var elementary = pattern.Elementary.ToList();
        var sizes = elementary.Select(n => node.Sizes.TryGetValue(n, out var size) ? Code(size) : "-1");
        return $"Slices.Rearrange({x}, [{string.Join(", ", sizes)}], [{string.Join(", ", pattern.Order)}], ["
            + $"{string.Join(", ", pattern.After.Select(g => g.Count))}])";
    }

    private string Code(Size size) => graph.Sizes.Resolve(size).ToCode();

    /// <summary>A literal activation is a field of the class; a config's is read from it.</summary>
    public static string Activation(Setting setting) => BlockEmitter.ActivationField(setting) ?? setting.Code;

    private string Comment(Node node) => node switch
    {
        LinearNode { Adds: true } => "  // the residual inside the product",
        LinearNode { Activation: not null } => "  // the activation inside the product",
        AttendNode { MaskFunction: null, Mask: "causal" } => "  // the mask is causal",
        AttendNode { MaskFunction: { } mask } => $"  // {mask.Spec.Name}",
        RecurrenceNode { Transfer: { } transfer } when !stateful => $"  // a convolution with the kernel of {transfer.Function.Spec.Name}",
        RecurrenceNode { Convolves: true } when !stateful => "  // or the scan, where that costs less",
        _ => "",
    };
}

/// <summary>Names of what the stateful form keeps.</summary>
internal sealed class StateNames
{
    private readonly Dictionary<Node, string> names = new();
    private readonly Dictionary<Value, string> held = new();

    public StateNames(Graph graph)
    {
        Form = new StatefulForm(graph);
        var table = new NameTable("Timeline", "Batch", "Length", "Bytes", "Parts", "Own", "Clone", "Select", "Truncate", "Reset", "Dispose", "Fresh", "State");
        var stepping = graph.Inputs.Where(i => i.Steps).Select(i => i.Output.TimeAxis).FirstOrDefault();
        foreach (var node in graph.AllNodes)
        {
            var name = node switch
            {
                AttendNode attend when attend.Inputs[1].TimeAxis == stepping && attend.Inputs[0].TimeAxis == stepping => "Attended",
                RecurrenceNode recurrence => recurrence.Function.Spec.Name,
                ShiftNode => "Previous",
                LearnNode => "Learnt",
                CausalConvolutionNode => "Convolved",
                UseNode use when use.Inputs[0].TimeAxis == stepping && use.Blocks.Any(b => b.Graph?.HasState ?? b.Own!.Steps) =>
                    Elaborator.Camel(
                        KeyText.Indices(use.Key)
                            .Aggregate(use.Key.Length == 0 ? Names.Simple(use.Blocks[0].TypeName) : use.Key, (k, i) => k.Replace("." + "{" + i + "}", ""))
                            .Split('.')
                            .Last()),
                _ => null,
            };
            if (name is not null)
            {
                names[node] = table.Take(char.ToUpperInvariant(name[0]) + name.Substring(1));
            }
        }

        foreach (var value in Form.Held)
        {
            held[value] = table.Take(char.ToUpperInvariant(value.Hint[0]) + value.Hint.Substring(1));
        }
    }

    public StatefulForm Form { get; }

    /// <summary>Values computed once.</summary>
    public IEnumerable<Value> Held => held.Keys;

    public string Of(Value value) => held[value];

    /// <summary>What says which tokens of a memory are real.</summary>
    public static string RealOf(string axis) => char.ToUpperInvariant(axis[0]) + axis.Substring(1) + "Real";

    public IEnumerable<Node> Nodes => names.Keys;

    public string Of(Node node) => names.TryGetValue(node, out var name) ? name : "";
}
