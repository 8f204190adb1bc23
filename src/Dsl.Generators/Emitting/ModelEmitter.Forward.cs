using System.Collections.Generic;
using System.Linq;
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

    private static string Spelt(string axis) => axis switch { "b" => "batch", "t" or "s" => "time", _ => axis };

    private void ForwardForm()
    {
        code.Line("/// <summary>The parallel form. Only what the wanted outputs need is computed.</summary>");
        foreach (var (input, name) in InputNames)
        {
            code.Line($"/// <param name=\"{name}\">{(input.IsIds ? "int64 ids " : "")}["
                + $"{string.Join(", ", input.Output.Axes.Select(a => a.Size is null ? Spelt(a.Name) : graph.Spell(a.Size)))}].</param>");
        }

        foreach (var mask in Masks())
        {
            code.Line($"/// <param name=\"{Names.Camel(mask)}\">[batch, time], 1 for a real token; null when all are.</param>");
        }

        code.Line("/// <param name=\"wanted\">Which outputs.</param>");
        code.Block($"public Results Forward({InputParameters()}, Wanted wanted = Wanted.All)", () =>
        {
            var form = new FormWriter(Text(FormKind.Parallel), graph, code);
            OpenPasses(form);
            code.Line("var results = new Results();");
            foreach (var (input, name) in InputNames)
            {
                form.Bind(input.Output, name);
            }

            var given = new HashSet<Value>(graph.Inputs.Select(i => i.Output));
            foreach (var output in outputs.Outputs.Where(o => given.Contains(o.Value)))
            {
                code.Line($"results.{Property(output.Name)} = Where({Flag(output)}, {form.NameOf(output.Value)});");
            }

            WriteGroup(form, outputs.Root);
            code.Line("return results;");
        });
    }

    /// <summary>One pass for each time axis, from the first input that has it.</summary>
    private void OpenPasses(FormWriter form)
    {
        foreach (var axis in graph.Inputs.Select(i => i.Output.PassAxis).OfType<string>().Distinct())
        {
            var input = graph.Inputs.First(i => i.Output.PassAxis == axis);
            var mask = graph.Inputs.Where(i => i.Output.PassAxis == axis).Select(i => i.Mask).FirstOrDefault(m => m is not null);
            code.Line(input.IsIds || mask is not null
                ? $"using var {form.PassOf(axis)} = Pass.Over({input.Output.Hint}, {(mask is null ? "null" : Names.Camel(mask))}, training);"
                : $"using var {form.PassOf(axis)} = Pass.Over((int){input.Output.Hint}.shape[0], (int){input.Output.Hint}.shape[1], "
                    + $"{input.Output.Hint}.device, training);");
        }

        if (graph.Inputs.All(i => i.Output.TimeAxis is null))
        {
            code.Line($"using var {form.PassOf(null)} = Pass.Over(1, 1, {graph.Inputs[0].Output.Hint}.device, training);  // nothing here has time");
        }

        if (graph.Inputs.All(i => i.Output.PassAxis is null) && graph.Inputs.Any(i => i.Output.TimeAxis is not null))
        {
            // Images alone: what asks for a pass reads no more of it than whether the model trains.
            code.Line($"using var {form.PassOf(graph.MainAxis)} = Pass.Over((int){graph.Inputs[0].Output.Hint}.shape[0], 1, "
                + $"{graph.Inputs[0].Output.Hint}.device, training);");
        }

        foreach (var (input, name) in InputNames.Where(i => i.Input.Optional))
        {
            var like = graph.Inputs.First(i => i.Output.TimeAxis == input.Output.TimeAxis && !i.Optional);
            code.Line($"using var {form.Local(name + "Default")} = {name} is null ? torch.zeros_like({like.Output.Hint}) : null;");
            code.Line($"{name} ??= {name}Default!;");
        }
    }

    /// <summary>What all outputs of a group need, then what only some need, under their flags.</summary>
    private void WriteGroup(FormWriter form, OutputGroup group)
    {
        var made = new HashSet<Value>(group.Nodes.SelectMany(n => n.Outputs));
        var results = outputs.Outputs.Where(o => made.Contains(o.Value)).ToList();

        // Under its own flag alone, an output needs no second handle.
        var own = group.Outputs.Count == 1 ? results.FirstOrDefault(r => r == group.Outputs[0] && results.All(o => o == r || o.Value != r.Value)) : null;
        if (own is not null)
        {
            form.Keep(own.Value);
        }

        form.Write(group.Nodes, [.. group.Inner.SelectMany(i => i.AllNodes).SelectMany(n => n.Inputs), .. results.Select(o => o.Value)]);
        foreach (var output in results)
        {
            var value = form.NameOf(output.Value);
            code.Line($"results.{Property(output.Name)} = {(output == own ? value : $"Where({Flag(output)}, {value})")};");
        }

        foreach (var inner in group.Inner)
        {
            code.Line();
            var flags = inner.Outputs.Select(o => $"Wanted.{Property(o.Name)}").ToList();
            code.Block($"if ((wanted & {(flags.Count == 1 ? flags[0] : $"({string.Join(" | ", flags)})")}) != 0)", () => WriteGroup(form, inner));
        }
    }

    private static string Flag(RunOutput output) => $"(wanted & Wanted.{Property(output.Name)}) != 0";
}
