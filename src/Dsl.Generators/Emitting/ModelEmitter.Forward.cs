using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Checking;
using Dsl.Generators.Model;

namespace Dsl.Generators.Emitting;

/// <summary>The parallel form.</summary>
internal sealed partial class ModelEmitter
{
    private string InputParameters()
    {
        var required = InputNames.Where(i => !i.Input.Optional).Select(i => $"Tensor {i.Name}");
        var optional = InputNames.Where(i => i.Input.Optional)
            .Select(i => $"Tensor? {i.Name} = null")
            .Concat(Masks().Select(m => $"Tensor? {Names.Camel(m)} = null"));
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
            code.Line($"/// <param name=\"{Names.Camel(mask)}\">[batch, time], 1 for a real token; null when all are.</param>");
        }

        code.Line("/// <param name=\"wanted\">Which outputs.</param>");
        code.Block($"public Results Forward({InputParameters()}, Wanted wanted = Wanted.All)", () =>
        {
            OpenPasses();
            code.Line("var results = new Results();");
            var form = new FormWriter(graph, fields, code);
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
        var emitter = new FormWriter(graph, fields, code);
        foreach (var axis in graph.Inputs.Select(i => i.Output.TimeAxis).OfType<string>().Distinct())
        {
            var input = graph.Inputs.First(i => i.Output.TimeAxis == axis);
            var mask = graph.Inputs.Where(i => i.Output.TimeAxis == axis).Select(i => i.Mask).FirstOrDefault(m => m is not null);
            code.Line(input.IsIds
                ? $"using var {emitter.PassOf(axis)} = Pass.Over({input.Output.Hint}, {(mask is null ? "null" : Names.Camel(mask))}, training);"
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

    /// <summary>What every output needs, then what only some need, under their flags.</summary>
    private void EmitOutputs(FormWriter form)
    {
        foreach (var output in outputs.Outputs)
        {
            form.Keep(output.Value);
        }

        var given = new HashSet<Value>(graph.Inputs.Select(i => i.Output));
        Deliver(form, outputs.Outputs.Where(o => given.Contains(o.Value)), given);
        EmitGroup(form, outputs.Root, given);
        code.Line();
    }

    private void EmitGroup(FormWriter form, OutputGroup group, HashSet<Value> given)
    {
        var made = new HashSet<Value>(group.Nodes.SelectMany(n => n.Outputs));
        var results = outputs.Outputs.Where(o => made.Contains(o.Value)).ToList();
        var later = group.Inner.SelectMany(i => i.AllNodes).SelectMany(n => n.Inputs).Concat(results.Select(o => o.Value)).ToList();
        form.Write(group.Nodes, later);
        Deliver(form, results, given);
        foreach (var inner in group.Inner)
        {
            code.Line();
            var flags = inner.Outputs.Select(o => $"Wanted.{Property(o.Name)}").ToList();
            code.Block($"if ((wanted & {(flags.Count == 1 ? flags[0] : $"({string.Join(" | ", flags)})")}) != 0)", () => EmitGroup(form, inner, given));
        }

        foreach (var value in made.Where(v => later.Contains(v) && results.All(o => o.Value != v) && form.NeedsDispose(v)))
        {
            code.Line($"{form.NameOf(value)}.Dispose();");
        }
    }

    /// <summary>Hands outputs over; of a value that is somebody's already, a second handle.</summary>
    private void Deliver(FormWriter form, IEnumerable<RunOutput> made, HashSet<Value> given)
    {
        foreach (var output in made.ToList())
        {
            code.Line($"results.{Property(output.Name)} = {form.NameOf(output.Value)}{(given.Add(output.Value) ? "" : ".alias()")};");
        }
    }
}
