using System.Linq;
using Dsl.Generators.Model;
using Dsl.Generators.Reading;

namespace Dsl.Generators.Emitting;

/// <summary>The stateful form, and its state.</summary>
internal sealed partial class ModelEmitter
{
    private void AdvanceForm(StateNames states)
    {
        var logits = graph.Outputs.First(o => o.Name == LogitsName).Value;
        var step = states.Form.Step;
        var nodes = step.NodesFor([logits], []).ToList();
        var input = graph.Inputs.First(i => i.Steps);
        code.Lines($$"""
            /// <summary>The stateful form: reads tokens after those that the state has read.</summary>
            /// <param name="{{input.Output.Hint}}">int64 [batch, n], n at least 1.</param>
            /// <param name="state">Read and advanced.</param>
            /// <param name="mask">[batch, n], 1 for a real token; null when all are. Padding may stand left or right.</param>
            /// <param name="last">Only each row's last real token.</param>
            /// <returns>{{LogitsName}}, [batch, n, ...], or [batch, 1, ...] with <paramref name="last"/>.</returns>
            """);
        code.Block($"public Tensor Advance(Tensor {input.Output.Hint}, State state, Tensor? mask = null, bool last = false)", () =>
        {
            code.Line("using var off = torch.no_grad();  // a state carries no gradient");
            code.Line($"using var pass = Pass.Next({input.Output.Hint}, mask, state.Timeline);");
            foreach (var axis in MemoryAxes)
            {
                var real = $"state.{StateNames.RealOf(axis)}.Value ?? throw new InvalidOperationException(\"the state has read no "
                    + $"{states.Form.MemoryInputs.First(i => i.Output.TimeAxis == axis).Name}: call Begin first\")";
                code.Line($"var {axis}Real = {real};");
                code.Line($"using var {axis}Pass = Pass.Over({axis}Real, {axis}Real);");
            }

            var form = new FormWriter(step, fields, code, states);
            form.BindHeld();
            form.Bind(input.Output, input.Output.Hint);
            form.Keep(logits);

            // What follows the last node that looks across time needs only the token asked for.
            var cut = nodes.FindLastIndex(n => n.Operation.InTime(n, step.Stepping) != InTime.PerToken);
            var frontier = cut < 0 ? null : nodes[cut].Outputs.FirstOrDefault();
            if (frontier is null
                || frontier == logits
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
                if (form.NeedsDispose(frontier))
                {
                    code.Line($"{whole}.Dispose();");
                }

                form.Rebind(frontier, "taken");
                form.Write(nodes.Skip(cut + 1).ToList(), [logits]);
                code.Line($"return {form.NameOf(logits)};");
            }
        });
        StateClass(states);
        code.Line();
        code.Line("/// <inheritdoc/>");
        code.Line("public override ModelState NewState(int batch, int capacity = 0) => new State(this, batch, capacity);");
        if (states.Form.HasMemory)
        {
            BeginForm(states);
        }
        code.Line();
        code.Line("/// <inheritdoc/>");
        code.Line("public override Tensor Advance(Tensor tokens, ModelState state, Tensor? mask = null, bool last = false) =>");
        code.Line("    Advance(tokens, state as State ?? throw new ArgumentException("
            + "$\"the state is a {state.GetType().FullName}, expected one that this model made\", nameof(state)), mask, last);");
        code.Line();

        bool IsWeight(Value v) => step.Nodes.Any(n => n.Inputs.Count == 0 && n.Outputs.Contains(v));
    }

    private void StateClass(StateNames states)
    {
        code.Line();
        code.Line("/// <summary>What the model keeps between calls of <c>Advance</c>.</summary>");
        code.Block("public sealed class State : ModelState", () =>
        {
            code.Line($"private readonly {fields.Text.Self} model;");
            code.Line("private readonly int capacity;");
            code.Line();
            code.Line($"internal State({fields.Text.Self} model, int batch, int capacity)");
            code.Line("    : base(batch, capacity)");
            code.Block(null, () =>
            {
                code.Line("this.model = model;");
                code.Line("this.capacity = capacity;");
                foreach (var axis in MemoryAxes)
                {
                    code.Line($"{StateNames.RealOf(axis)} = Own(new HeldValue());");
                }

                states.Build(code, "model", "this");
            });
            foreach (var axis in MemoryAxes)
            {
                code.Line();
                code.Line("/// <summary>[batch, time], 1 for a real token of the memory.</summary>");
                code.Line($"public HeldValue {StateNames.RealOf(axis)} {{ get; }}");
            }

            states.Properties(code);
            code.Line();
            code.Line("/// <inheritdoc/>");
            code.Line("protected override ModelState Fresh() => new State(model, Batch, capacity);");
        });
    }

    private void NoState()
    {
        var reason = Constant.OfText($"{spec.SimpleName} has no stateful form: {graph.NotStateful}").ToSource();
        code.Line("/// <inheritdoc/>");
        code.Line($"public override ModelState NewState(int batch, int capacity = 0) => throw new NotSupportedException({reason});");
        code.Line();
        code.Line("/// <inheritdoc/>");
        code.Line("public override Tensor Advance(Tensor tokens, ModelState state, Tensor? mask = null, bool last = false) => "
            + $"throw new NotSupportedException({reason});");
        code.Line();
    }
}
