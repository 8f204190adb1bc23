using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Lowering;
using Dsl.Generators.Model;

namespace Dsl.Generators.Emitting;

/// <summary>
/// Writes what makes a block learnable within a sequence: the block read with changed fast weights, and the way back from its result to each fast map,
/// derived node by node. What it writes is made of operations that autograd can differentiate once more.
/// </summary>
internal sealed class LearnerEmitter
{
    private readonly LearnerForm form;
    private readonly Fields fields;
    private readonly CodeWriter code;

    private LearnerEmitter(LearnerForm form, Fields fields, CodeWriter code) => (this.form, this.fields, this.code) = (form, fields, code);

    private Graph Graph => form.Graph;

    public static void Emit(LearnerForm form, Fields fields, CodeWriter code)
    {
        var emitter = new LearnerEmitter(form, fields, code);
        var maps = string.Join(", ", form.FastMaps.Select(f => fields.Of(f.Operation, fields.PathOf(f), "").ToCode()));
        code.Line();
        code.Line("/// <inheritdoc/>");
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
        code.Line($"return {text.NameOf(Graph.Result!)};");
    }

    /// <summary>The block's statements, with its fast maps asked of the pass.</summary>
    private FormWriter Forward(string ofFast)
    {
        var text = new FormWriter(Graph, fields, code);
        text.Bind(Graph.Inputs[0].Output, "x");
        foreach (var node in Graph.Nodes)
        {
            // Autograd may come back to any value: none is disposed here.
            text.Keep(node.Output);
            if (form.FastMaps.Contains(node))
            {
                text.Bind(node.Output, node.Output.Hint);
                code.Line($"var {text.NameOf(node.Output)} = fast.{ofFast}({Index(node)}, {text.NameOf(node.Inputs[0])});");
            }
            else
            {
                text.Write(node, null);
            }
        }

        return text;
    }

    private string Index(Node fast) => Constant.Of(form.FastMaps.ToList().IndexOf(fast)).ToSource();

    private void Learn()
    {
        var text = Forward("AtStart");
        var slopes = new Dictionary<Value, List<string>>();
        code.Line();
        code.Line("// The way back.");
        var first = text.Local(Graph.Result!.Hint + "Slope");
        code.Line($"var {first} = slope({text.NameOf(Graph.Result)});");
        slopes[Graph.Result] = [first];
        foreach (var node in Graph.Nodes.Reverse())
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

            var isFast = form.FastMaps.Contains(node);
            if (isFast)
            {
                code.Line($"fast.Learn({Index(node)}, {text.NameOf(node.Inputs[0])}, {gradient});");
            }

            for (var i = 0; i < node.Inputs.Count; i++)
            {
                if (form.Moves(node.Inputs[i]))
                {
                    Pass(text, slopes, node.Inputs[i], isFast ? $"fast.Back({Index(node)}, {gradient})" : text.Back(node, i, gradient));
                }
            }
        }
    }

    /// <summary>A contribution to a value's gradient, under a name of its own unless it has one.</summary>
    private void Pass(FormWriter text, Dictionary<Value, List<string>> slopes, Value to, string contribution)
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
}
