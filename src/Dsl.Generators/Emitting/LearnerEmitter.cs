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
    private readonly FormText text;
    private readonly CodeWriter code;

    private LearnerEmitter(LearnerForm form, FormText text, CodeWriter code) => (this.form, this.text, this.code) = (form, text, code);

    private Graph Graph => form.Graph;

    public static void Emit(LearnerForm form, FormText text, CodeWriter code)
    {
        var emitter = new LearnerEmitter(form, text, code);
        var maps = string.Join(", ", form.FastMaps.Select(f => text.Fields.Of(f.Operation, text.Fields.PathOf(f), "").ToCode()));
        code.Line();
        code.Line("/// <inheritdoc/>");
        code.Line($"public IReadOnlyList<GroupedProduct> FastMaps => [{maps}];");
        code.Line();
        code.Line("/// <inheritdoc/>");
        code.Block("public Tensor Read(Tensor x, FastPass fast)", emitter.Read);
        code.Line();
        code.Line("/// <inheritdoc/>");
        code.Block("public void Learn(Tensor x, System.Func<Tensor, Tensor> slope, FastPass fast)", emitter.Learn);
    }

    private void Read()
    {
        var written = Forward("Apply");
        code.Line($"return {written.NameOf(Graph.Result!)};");
    }

    /// <summary>The block's statements, with its fast maps asked of the pass.</summary>
    private FormWriter Forward(string ofFast)
    {
        var written = new FormWriter(text, Graph, code) { HasPass = false };
        written.Bind(Graph.Inputs[0].Output, "x");
        foreach (var node in Graph.Nodes)
        {
            // Autograd may come back to any value: none is disposed here.
            written.Keep(node.Output);
            if (form.FastMaps.Contains(node))
            {
                written.Bind(node.Output, node.Output.Hint);
                code.Line($"var {written.NameOf(node.Output)} = fast.{ofFast}({Index(node)}, {written.NameOf(node.Inputs[0])});");
            }
            else
            {
                written.Write(node);
            }
        }

        return written;
    }

    private string Index(Node fast) => Constant.Of(form.FastMaps.ToList().IndexOf(fast)).ToSource();

    private void Learn()
    {
        var written = Forward("AtStart");
        var slopes = new Dictionary<Value, List<string>>();
        code.Line();
        code.Line("// The way back.");
        var first = written.Local(Graph.Result!.Hint + "Slope");
        code.Line($"var {first} = slope({written.NameOf(Graph.Result)});");
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
                gradient = written.Local(node.Output.Hint + "Slope");
                code.Line($"var {gradient} = {given[0]}{string.Concat(given.Skip(1).Select(g => $".Plus({g})"))};");
            }

            var isFast = form.FastMaps.Contains(node);
            if (isFast)
            {
                code.Line($"fast.Learn({Index(node)}, {written.NameOf(node.Inputs[0])}, {gradient});");
            }

            for (var i = 0; i < node.Inputs.Count; i++)
            {
                if (form.Moves(node.Inputs[i]))
                {
                    Pass(written, slopes, node.Inputs[i], isFast ? $"fast.Back({Index(node)}, {gradient})" : written.Back(node, i, gradient));
                }
            }
        }
    }

    /// <summary>A contribution to a value's gradient, under a name of its own unless it has one.</summary>
    private void Pass(FormWriter written, Dictionary<Value, List<string>> slopes, Value to, string contribution)
    {
        var name = contribution;
        if (contribution.Any(c => !char.IsLetterOrDigit(c) && c is not ('_' or '@')))
        {
            name = written.Local(to.Hint + "Slope");
            code.Line($"var {name} = {contribution};");
        }

        if (!slopes.TryGetValue(to, out var all))
        {
            slopes[to] = all = [];
        }

        all.Add(name);
    }
}
