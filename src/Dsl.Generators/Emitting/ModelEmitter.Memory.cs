using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Checking;
using Dsl.Generators.Model;
using Dsl.Generators.Reading;

namespace Dsl.Generators.Emitting;

/// <summary>How a state begins that has a memory to read: what the stepping input does not enter is computed once.</summary>
internal sealed partial class ModelEmitter
{
    /// <summary>Time axes that the steps have passes along: of the inputs beside the one that steps, and of what is made of them.</summary>
    private static IEnumerable<string> MemoryAxes(StateNames states) =>
        states.Form.MemoryInputs.Select(i => i.Output.PassAxis).Concat(states.Form.Kept.Select(v => v.OrderedAxis)).OfType<string>().Distinct();

    /// <summary>Runs once what the stepping input does not enter.</summary>
    private void BeginForm(StateNames states)
    {
        var inputs = states.Form.MemoryInputs;
        var masks = inputs.Select(i => i.Mask).OfType<string>().Distinct().ToList();
        var optional = string.Concat(masks.Select(m => $", Tensor? {Names.Camel(m)} = null"));
        var entry = MemoryAxes(states).Count() == 1
            && states.Form.Entry is { } found
            && found.Value.OrderedAxis == MemoryAxes(states).First()
            && (masks.Count == 0 || inputs.Any(i => i.Output.PassAxis == found.Value.OrderedAxis))
            ? states.Form.Entry
            : null;
        code.Line();
        code.Line("/// <summary>A state that has read everything but the tokens it steps along: what depends on these inputs alone is computed here, "
            + "once.</summary>");
        code.Block($"public State Begin({string.Join(", ", inputs.Select(i => $"Tensor {i.Output.Hint}"))}{optional}, int capacity = 0)", () =>
        {
            code.Line("using var off = torch.no_grad();  // a state carries no gradient");
            if (entry is null)
            {
                code.Line($"var state = new State(this, checked((int){inputs[0].Output.Hint}.shape[0]), capacity);");
            }

            var own = inputs.Select(i => i.Output.PassAxis).FirstOrDefault(a => a is not null);
            var form = new FormWriter(Text(FormKind.Stateful), states.Form.Begin, code) { Timeless = own is null ? "pass" : own + "Pass" };
            if (own is null)
            {
                // Of images: nothing that is asked of this pass is about their tokens.
                code.Line($"using var pass = Pass.Over((int){inputs[0].Output.Hint}.shape[0], 1, {inputs[0].Output.Hint}.device);");
            }

            foreach (var input in MemoryAxes(states).Select(a => inputs.FirstOrDefault(i => i.Output.PassAxis == a)).OfType<GraphInput>())
            {
                var axis = input.Output.PassAxis!;
                var mask = input.Mask is { } m ? Names.Camel(m) : "null";
                code.Line($"using var {form.PassOf(axis)} = Pass.Over({input.Output.Hint}, {mask});");
                if (entry is null)
                {
                    var real = input.IsIds ? $"torch.ones_like({input.Output.Hint})" : form.PassOf(axis) + ".RealTokens()";
                    code.Line($"state.{StateNames.RealOf(axis)}.Hold({(input.Mask is null ? "" : mask + "?.clone() ?? ")}{real});");
                }
            }

            foreach (var input in inputs)
            {
                form.Bind(input.Output, input.Output.Hint);
            }

            if (entry is var (_, value))
            {
                form.Write(states.Form.AtEntry(value).Before, [value]);
                code.Line($"var state = BeginWith({string.Join(", ", new[] { form.NameOf(value) }.Concat(masks.Select(Names.Camel)))}, capacity);");
            }
            else
            {
                form.Write(states.Form.Begin.NodesFor(states.Form.Kept, []), [.. states.Form.Kept]);
                foreach (var axis in MemoryAxes(states).Where(a => inputs.All(i => i.Output.PassAxis != a)))
                {
                    code.Line($"state.{StateNames.RealOf(axis)}.Hold({form.PassOf(axis)}.RealTokens());");
                }

                form.WriteKeeping(states);
            }

            code.Line("return state;");
        });
        if (entry is var (name, memory))
        {
            BeginWith(states, name, memory, masks, optional);
        }

        code.Line();
        code.Line("/// <inheritdoc/>");
        var optionals = masks.Select(m => $"OptionalInput(inputs, {Constant.OfText(m).ToSource()})");
        var whole = $"Begin({string.Join(", ", inputs.Select(i => $"Input(inputs, {Constant.OfText(i.Name).ToSource()})").Concat(optionals))}, capacity)";
        code.Line("public override ModelState Begin(IReadOnlyDictionary<string, Tensor> inputs, int capacity = 0) =>");
        code.Line(entry is var (given, _)
            ? $"    OptionalInput(inputs, {Constant.OfText(given).ToSource()}) is {{ }} ready ? BeginWith("
                + $"{string.Join(", ", new[] { "ready" }.Concat(optionals))}, capacity) : {whole};"
            : $"    {whole};");
    }

    /// <summary>The same from what an encoder has given before.</summary>
    private void BeginWith(StateNames states, string output, Value entry, List<string> masks, string optional)
    {
        var axis = entry.TimeAxis!;
        var form = new FormWriter(Text(FormKind.Stateful), states.Form.Begin, code) { Timeless = axis + "Pass" };
        code.Line();
        code.Line($"/// <summary>The same from <c>{output}</c>, which an earlier run has given.</summary>");
        form.Bind(entry, entry.Hint);
        var memory = form.NameOf(entry);
        code.Block($"public State BeginWith(Tensor {memory}{optional}, int capacity = 0)", () =>
        {
            code.Line("using var off = torch.no_grad();  // a state carries no gradient");
            code.Line($"var state = new State(this, checked((int){memory}.shape[0]), capacity);");
            var ones = $"torch.ones([{memory}.shape[0], {memory}.shape[1]], dtype: ScalarType.Int64, device: {memory}.device)";
            var real = masks.Count > 0 ? $"{Names.Camel(masks[0])}?.clone() ?? {ones}" : ones;
            code.Line($"var {axis}Real = state.{StateNames.RealOf(axis)}.Hold({real});");
            code.Line($"using var {form.PassOf(axis)} = Pass.Over({axis}Real, {axis}Real);");
            form.Write(states.Form.AtEntry(entry).After, [.. states.Form.Kept]);
            form.WriteKeeping(states);
            code.Line("return state;");
        });
    }
}
