using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Checking;
using Dsl.Generators.Lowering;

namespace Dsl.Generators.Emitting;

/// <summary>The parallel form.</summary>
internal sealed partial class ModelEmitter
{
    private string InputParameters()
    {
        var required = InputNames.Where(i => !i.Input.Optional).Select(i => $"Tensor {i.Name}");
        var optional = InputNames.Where(i => i.Input.Optional)
            .Select(i => $"Tensor? {i.Name} = null")
            .Concat(Masks().Select(m => $"Tensor? {Elaborator.Camel(m)} = null"));
        return string.Join(", ", required.Concat(optional));
    }

    private void ForwardForm()
    {
        code.Line("/// <summary>The parallel form. Only what the wanted outputs need is computed.</summary>");
        foreach (var (input, name) in InputNames)
        {
            code.Line($"/// <param name=\"{name}\">{(input.IsIds ? "int64 ids " : "")}["
                + $"{string.Join(", ", input.Output.Axes.Select(a => a.Size is null ? a.Name == "b" ? "batch" : "time" : graph.Spell(a.Size)))}].</param>");
        }

        foreach (var mask in Masks())
        {
            code.Line($"/// <param name=\"{Elaborator.Camel(mask)}\">[batch, time], 1 for a real token; null when all are.</param>");
        }

        code.Line("/// <param name=\"wanted\">Which outputs.</param>");
        code.Block($"public Results Forward({InputParameters()}, Wanted wanted = Wanted.All)", () =>
        {
            OpenPasses();
            code.Line("var results = new Results();");
            var form = new FormEmitter(graph, fields, code, stateful: false);
            foreach (var (input, name) in InputNames)
            {
                form.Bind(input.Output, name);
            }

            EmitOutputs(form);
            code.Line("return results;");
        });
        code.Line();
    }

    /// <summary>One pass for each time axis, from the first input that has it.</summary>
    private void OpenPasses()
    {
        var emitter = new FormEmitter(graph, fields, code, false);
        foreach (var axis in graph.Inputs.Select(i => i.Output.TimeAxis).OfType<string>().Distinct())
        {
            var input = graph.Inputs.First(i => i.Output.TimeAxis == axis);
            var mask = graph.Inputs.Where(i => i.Output.TimeAxis == axis).Select(i => i.Mask).FirstOrDefault(m => m is not null);
            code.Line(input.IsIds
                ? $"using var {emitter.PassOf(axis)} = Pass.Over({input.Output.Hint}, {(mask is null ? "null" : Elaborator.Camel(mask))}, training);"
                : $"using var {emitter.PassOf(axis)} = Pass.Over((int){input.Output.Hint}.shape[0], (int){input.Output.Hint}.shape[1], "
                    + $"{input.Output.Hint}.device, training);");
        }

        foreach (var (input, name) in InputNames.Where(i => i.Input.Optional))
        {
            var like = graph.Inputs.First(i => i.Output.TimeAxis == input.Output.TimeAxis && !i.Optional);
            code.Line($"using var {name}Default = {name} is null ? torch.zeros_like({like.Output.Hint}) : null;");
            code.Line($"{name} ??= {name}Default!;");
        }
    }

    /// <summary>The trunk that several outputs share, then what each alone needs, under its flag.</summary>
    private void EmitOutputs(FormEmitter form)
    {
        var needs = Needs();
        var values = graph.Outputs.Select(o => o.Value).ToList();
        foreach (var value in values)
        {
            form.Keep(value);
        }

        var single = graph.Outputs.Count == 1;
        var trunk = graph.Nodes.Where(n => needs[n].Count > 1 || (single && needs[n].Count > 0)).ToList();
        var own = graph.Outputs.Select(o => graph.Nodes.Where(n => !single && needs[n].SetEquals([o.Name])).ToList()).ToList();
        var later = own.SelectMany(x => x).SelectMany(n => n.Inputs).Concat(values).ToList();
        form.Emit(trunk, later);
        for (var i = 0; i < graph.Outputs.Count; i++)
        {
            var (name, value) = graph.Outputs[i];
            var property = Property(name);
            if (own[i].Count == 0)
            {
                code.Line($"results.{property} = {form.NameOf(value)}"
                    + $"{(graph.Inputs.Any(x => x.Output == value) || values.Take(i).Contains(value) ? ".alias()" : "")};");
            }
            else
            {
                code.Line();
                code.Block($"if ((wanted & Wanted.{property}) != 0)", () =>
                {
                    form.Emit(own[i], [value]);
                    code.Line($"results.{property} = {form.NameOf(value)};");
                });
            }
        }

        foreach (var value in trunk.SelectMany(n => n.Outputs).Where(v => later.Contains(v) && !values.Contains(v) && form.NeedsDispose(v)))
        {
            code.Line($"{form.NameOf(value)}.Dispose();");
        }

        code.Line();
    }

    /// <summary>For each node the outputs that need it.</summary>
    private Dictionary<Node, HashSet<string>> Needs()
    {
        var needs = graph.Nodes.ToDictionary(n => n, _ => new HashSet<string>());
        foreach (var (name, value) in graph.Outputs)
        {
            var open = new Stack<Value>([value]);
            var seen = new HashSet<Value>();
            while (open.Count > 0)
            {
                var current = open.Pop();
                if (!seen.Add(current) || graph.Nodes.FirstOrDefault(n => n.Outputs.Contains(current)) is not { } node)
                {
                    continue;
                }

                needs[node].Add(name);
                foreach (var input in node.Inputs.Concat(
                    node is IfNode choice
                        ? Graph.Flatten(choice.Then.Concat(choice.Otherwise)).SelectMany(n => n.Inputs).Concat([choice.ThenResult, choice.OtherwiseResult])
                        : []))
                {
                    open.Push(input);
                }
            }
        }

        return needs;
    }
}
