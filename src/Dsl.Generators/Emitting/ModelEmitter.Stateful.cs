using System.Linq;
using Dsl.Generators.Model;
using Dsl.Generators.Reading;

namespace Dsl.Generators.Emitting;

/// <summary>The stateful form, and its state.</summary>
internal sealed partial class ModelEmitter
{
    private void AdvanceForm(StateNames states)
    {
        var (name, logits) = graph.Stepped!.Value;
        var step = states.Form.Step;
        var nodes = step.NodesFor([logits], []).ToList();
        var input = graph.Inputs.First(i => i.Steps);
        code.Line();
        code.Line($"/// <summary>The stateful form: <c>{name}</c> of tokens after those that the state has read.</summary>");
        code.Block($"public override Tensor Advance(Tensor {input.Output.Hint}, State state, Tensor? mask = null, bool last = false)", () =>
        {
            code.Line("using var off = torch.no_grad();  // a state carries no gradient");
            code.Line($"using var pass = Pass.Next({input.Output.Hint}, mask, state.Timeline);");
            foreach (var axis in MemoryAxes(states))
            {
                var read = states.Form.MemoryInputs.FirstOrDefault(i => i.Output.PassAxis == axis) ?? states.Form.MemoryInputs[0];
                var real = $"state.{StateNames.RealOf(axis)}.Value ?? throw new InvalidOperationException(\"the state has read no "
                    + $"{read.Name}: call Begin first\")";
                code.Line($"var {axis}Real = {real};");
                code.Line($"using var {axis}Pass = Pass.Over({axis}Real, {axis}Real);");
            }

            var form = new FormWriter(Text(FormKind.Stateful), step, code);
            form.BindHeld(states);
            form.Bind(input.Output, input.Output.Hint);
            form.Keep(logits);

            // What follows the last node that looks across time needs only the token asked for.
            var cut = nodes.FindLastIndex(n => n.Operation.InTime(n, step.Stepping) != InTime.PerToken || n.Operation.Bodies.Count > 0);
            var frontier = cut < 0 ? null : nodes[cut].Outputs.FirstOrDefault();
            if (frontier is null
                || frontier == logits
                || frontier.Axes.Count < 2
                || !frontier.Axes[1].IsTime
                || nodes.Skip(cut + 1).SelectMany(n => n.Inputs).Any(v => v != frontier && nodes.Take(cut + 1).Any(n => n.Outputs.Contains(v)) && !IsWeight(v)))
            {
                form.Write(nodes, [logits]);
                code.Line($"return last ? Slices.TakeLast({form.NameOf(logits)}, pass) : {form.NameOf(logits)};");
            }
            else
            {
                form.Write(nodes.Take(cut + 1).ToList(), [frontier]);
                var whole = form.NameOf(frontier);
                code.Line();
                code.Line("// From here on each token stands for itself.");
                code.Line($"using var taken = last ? pass.Last({whole}) : {whole}.alias();");
                form.Rebind(frontier, "taken");
                form.WriteReturning(nodes.Skip(cut + 1).ToList(), logits);
            }
        });
        code.Line();
        code.Line("/// <inheritdoc/>");
        code.Line("public override State NewState(int batch, int capacity = 0) => new(this, batch, capacity);");
        if (states.Form.HasMemory)
        {
            BeginForm(states);
        }

        bool IsWeight(Value v) => step.Nodes.Any(n => n.Inputs.Count == 0 && n.Outputs.Contains(v));
    }

    private void StateClass(StateNames states)
    {
        code.Line();
        code.Line("/// <summary>What the model keeps between calls of <c>Advance</c>.</summary>");
        code.Block("public sealed class State : GeneratedState", () =>
        {
            code.Line($"internal State({fields.Text.Self} model, int batch, int capacity)");
            code.Line("    : base(model, batch, capacity)");
            code.Block(null, () =>
            {
                foreach (var axis in MemoryAxes(states))
                {
                    code.Line($"{StateNames.RealOf(axis)} = Own(new HeldValue());");
                }

                states.Build(code, "model", "this");
            });
            foreach (var axis in MemoryAxes(states))
            {
                code.Line();
                code.Line("/// <summary>[batch, time], 1 for a real token of the memory.</summary>");
                code.Line($"public HeldValue {StateNames.RealOf(axis)} {{ get; }}");
            }

            states.Properties(code);
        });
    }
}
