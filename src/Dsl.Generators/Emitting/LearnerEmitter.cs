using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Lowering;

namespace Dsl.Generators.Emitting;

/// <summary>
/// Writes what makes a block learnable within a sequence: the block read with changed fast weights, and the way back from its result to each fast map,
/// derived node by node. What it writes is made of operations that autograd can differentiate once more.
/// </summary>
internal sealed class LearnerEmitter
{
    private readonly Graph graph;
    private readonly Fields fields;
    private readonly CodeWriter code;
    private readonly LearnerForm form;

    private LearnerEmitter(Graph graph, Fields fields, CodeWriter code)
    {
        this.graph = graph;
        this.fields = fields;
        this.code = code;
        form = new LearnerForm(graph);
    }

    public static void Emit(Graph graph, Fields fields, CodeWriter code)
    {
        var emitter = new LearnerEmitter(graph, fields, code);
        code.Line();
        code.Line("/// <inheritdoc/>");
        var maps = string.Join(", ", emitter.form.FastMaps.Select(f => fields[f]));
        code.Line($"public System.Collections.Generic.IReadOnlyList<GroupedProduct> FastMaps => [{maps}];");
        code.Line();
        code.Line("/// <inheritdoc/>");
        code.Block("public Tensor Read(Tensor x, FastPass fast)", emitter.Read);
        code.Line();
        code.Line("/// <inheritdoc/>");
        code.Block("public void Learn(Tensor x, System.Func<Tensor, Tensor> slope, FastPass fast)", emitter.Learn);
    }

    private void Read()
    {
        var text = Forward("Apply");
        code.Line($"return {text.NameOf(graph.Result!)};");
    }

    /// <summary>The block's statements, with its fast maps asked of the pass.</summary>
    private FormEmitter Forward(string ofFast)
    {
        var text = new FormEmitter(graph, fields, code, stateful: false);
        text.Bind(graph.Inputs[0].Output, "x");
        foreach (var node in graph.Nodes)
        {
            var value = node is LinearNode { Fast: true } fast ? $"fast.{ofFast}({Index(fast)}, {text.NameOf(node.Inputs[0])})" : text.Expression(node);
            text.Bind(node.Output, node.Output.Hint);
            code.Line($"var {text.NameOf(node.Output)} = {value};");
        }

        return text;
    }

    private int Index(LinearNode fast) => form.FastMaps.ToList().IndexOf(fast);

    private void Learn()
    {
        var text = Forward("AtStart");
        var slopes = new Dictionary<Value, List<string>>();
        code.Line();
        code.Line("// The way back.");
        var first = text.Local(graph.Result!.Hint + "Slope");
        code.Line($"var {first} = slope({text.NameOf(graph.Result)});");
        slopes[graph.Result] = [first];
        foreach (var node in graph.Nodes.AsEnumerable().Reverse())
        {
            if (!slopes.TryGetValue(node.Output, out var given))
            {
                continue;
            }

            var gradient = given[0];
            if (given.Count > 1)
            {
                gradient = text.Local(node.Output.Hint + "Slope");
                code.Line($"var {gradient} = {given[0]}{string.Concat(given.Skip(1).Select(g => $".Plus({g})"))};");
            }

            if (node is LinearNode { Fast: true } fast)
            {
                code.Line($"fast.Learn({Index(fast)}, {text.NameOf(node.Inputs[0])}, {gradient});");
            }

            for (var i = 0; i < node.Inputs.Count; i++)
            {
                if (form.Moves(node.Inputs[i]))
                {
                    Pass(text, slopes, node.Inputs[i], Back(text, node, i, gradient));
                }
            }
        }
    }

    /// <summary>A contribution to a value's gradient, under a name of its own unless it has one.</summary>
    private void Pass(FormEmitter text, Dictionary<Value, List<string>> slopes, Value to, string contribution)
    {
        var name = contribution;
        if (contribution.Any(c => !char.IsLetterOrDigit(c) && c is not ('_' or '@')))
        {
            name = text.Local(to.Hint + "Slope");
            code.Line($"var {name} = {contribution};");
        }

        if (!slopes.TryGetValue(to, out var all))
        {
            slopes[to] = all = [];
        }

        all.Add(name);
    }

    /// <summary>What a node passes back to one of its inputs.</summary>
    private string Back(FormEmitter text, Node node, int input, string gradient)
    {
        string At(int i) => text.NameOf(node.Inputs[i]);
        switch (node)
        {
            case LinearNode { Fast: true } fast:
                return $"fast.Back({Index(fast)}, {gradient})";
            case LinearNode:
                return $"{fields[node]}.Back({gradient})";
            case NormNode:
                return $"{fields[node]}.Back({At(0)}, {gradient})";
            case ActivateNode activate:
                return $"{FormEmitter.Activation(activate.Activation)}.Back({At(0)}, {gradient})";
            case GateNode { Activation: { } activation }:
                return input == 0
                    ? $"{gradient} * {FormEmitter.Activation(activation)}.Apply({At(1)})"
                    : $"{FormEmitter.Activation(activation)}.Back({At(1)}, {gradient} * {At(0)})";
            case GateNode:
                return $"{gradient} * {At(1 - input)}";
            case PointwiseNode pointwise:
                var value = pointwise.Function.Scalar!.Of(Scalar.ScalarRole.Value).ElementAt(input).Name;
                return $"{gradient} * {fields.SlopeMethod(pointwise.Function, value)}({text.Arguments(pointwise)})";
            default:
                // A sum.
                return gradient;
        }
    }
}
