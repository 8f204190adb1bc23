using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Lowering;
using Dsl.Generators.Model;

namespace Dsl.Generators.Emitting;

/// <summary>Writes a declared block: its constructor, its parallel form and its stateful form.</summary>
internal sealed class BlockEmitter
{
    private readonly Forms forms;
    private readonly Graph graph;
    private readonly DeclarationSpec spec;
    private readonly CodeWriter code = new();
    private readonly Fields fields;
    private readonly CodeWriter constructor = new();
    private readonly StateNames? states;
    private readonly BracketMethods methods;

    private BlockEmitter(Forms forms)
    {
        this.forms = forms;
        graph = forms.Parallel;
        spec = graph.Spec;
        fields = new Fields(forms);
        fields.Build(constructor);
        states = forms.Stateful is { } stateful && graph.HasState ? new StateNames(stateful, fields) : null;
        methods = new BracketMethods(fields);
    }

    public static string Emit(Forms forms) => new BlockEmitter(forms).Emit();

    private string Emit()
    {
        // The members come first: they say which fields there are.
        var learner = forms.Learner is { WhyNot: null } learns ? learns : null;
        CodeWriter body = new();
        methods.Write(() =>
        {
            body = new CodeWriter();
            Forward(body);
            if (states is not null)
            {
                Advance(body, states);
            }
        });
        foreach (var method in methods.Texts)
        {
            body.Line();
            body.Lines(method.TrimEnd('\n'));
        }

        if (states is not null)
        {
            State(body, states);
        }
        else if (graph.NotStateful is { } reason)
        {
            body.Line();
            body.Line($"// No stateful form: {reason}.");
        }

        if (learner is not null)
        {
            LearnerEmitter.Emit(learner, new FormText(fields, null, methods, FormKind.Parallel), body);
        }

        ClassMembers.Shared(body, forms, fields);
        body.Line();
        body.Line("/// <summary>What the compiler fused here.</summary>");
        body.List("public static IReadOnlyList<string> Fusions { get; } =", ClassMembers.Fusions(forms, fields), ";");

        Declared.Head(code, spec, fields.Text.HasKernels, $"A block of {spec.Config.SimpleName}, written from its declaration.");
        code.Block($"partial class {spec.SimpleName} : GeneratedModule{(learner is null ? "" : ", ILearner")}", () =>
        {
            ClassMembers.Fields(code, forms, fields);
            Constructor();
            code.Line();
            code.Lines(body.ToString().TrimEnd('\n'));
        });
        Declared.Tail(code, spec);
        return code.ToString();
    }

    private void Constructor()
    {
        var parameters = new List<string> { $"{fields.Text.ShortType(spec.Config.Name)} config", "Weights weights" };
        parameters.AddRange(graph.Parameters.Select(p => $"long {p}"));
        if (graph.ReadsLayer)
        {
            parameters.Add("int layer");
        }

        code.Line("/// <summary>Declares the weights at the cursor's key.</summary>");
        code.Line($"public {spec.SimpleName}({string.Join(", ", parameters)})");
        code.Line($"    : base({Writing.Text(spec.SimpleName)}, weights)");
        code.Block(null, () =>
        {
            code.Line("this.config = config;");
            if (graph.ReadsLayer)
            {
                code.Line("this.layer = layer;");
            }

            foreach (var line in fields.SizesKept)
            {
                code.Line(line);
            }

            ClassMembers.Checks(code, graph);
            code.Lines(constructor.ToString().TrimEnd('\n'));
            foreach (var line in TrainingGroups.Of(spec).Concat(InitialValues.Of(spec)))
            {
                code.Line(line);
            }
        });
    }

    private string Signature(bool stateful)
    {
        var parameters = new List<string>();
        foreach (var input in graph.Inputs.Where(i => !(stateful && states!.Form.MemoryInputs.Contains(i))))
        {
            parameters.Add($"Tensor {input.Output.Hint}");
        }

        foreach (var axis in PassAxes())
        {
            parameters.Add($"Pass {(axis == graph.MainAxis ? "pass" : axis + "Pass")}");
        }

        if (stateful)
        {
            parameters.Add("State state");
        }

        parameters.AddRange(graph.Outputs.Select(o => $"out Tensor {Names.Out(o.Name)}"));

        return string.Join(", ", parameters);
    }

    /// <summary>The axes that it is given passes along; where none of its inputs has any (weights, images), one of its user's.</summary>
    private IEnumerable<string?> PassAxes() => graph.Inputs.Select(i => i.Output.PassAxis).OfType<string>().Distinct().DefaultIfEmpty(graph.MainAxis);

    private static string ShapeOf(Value value) =>
        "[" + string.Join(
            ", ",
            value.Axes.Select(
                a => a.Size is null
                    ? a.Name switch { "b" => "batch", "t" => "time", "s" => "time", var n => n }
                    : a.Size.Spell().TrimStart('@'))) + "]";

    private void Forward(CodeWriter code)
    {
        code.Line("/// <summary>The parallel form: "
            + $"{string.Join(", ", graph.Inputs.Select(i => $"<c>{i.Output.Hint}</c> {ShapeOf(i.Output)}"))} to "
            + $"{ShapeOf(graph.Result!)}.</summary>");
        code.Block($"public Tensor Forward({Signature(stateful: false)})", () => Body(new FormWriter(Text(FormKind.Parallel), graph, code), graph, code));
    }

    private FormText Text(FormKind kind) => new(fields, states, methods, kind);

    private void Advance(CodeWriter code, StateNames states)
    {
        code.Line();
        code.Line("/// <summary>The stateful form: the tokens after those that the state has read.</summary>");
        code.Block($"public Tensor Advance({Signature(stateful: true)})", () =>
        {
            var form = new FormWriter(Text(FormKind.Stateful), states.Form.Step, code);
            form.BindHeld(states);
            Body(form, states.Form.Step, code);
        });
        if (states.Form.HasMemory)
        {
            Begin(code, states);
        }
    }

    /// <summary>What depends on the memory alone.</summary>
    private void Begin(CodeWriter code, StateNames states)
    {
        var memory = states.Form.MemoryInputs;
        var parameters = memory.Select(i => $"Tensor {i.Output.Hint}")
            .Concat(memory.Select(i => i.Output.PassAxis).OfType<string>().Distinct().Select(a => $"Pass {a}Pass"));
        code.Line();
        code.Line("/// <summary>Computes once what depends on the memory alone, and keeps it in the state.</summary>");
        code.Block($"public void Begin({string.Join(", ", parameters)}, State state)", () =>
        {
            var form = new FormWriter(Text(FormKind.Stateful), states.Form.Begin, code) { Timeless = memory[0].Output.TimeAxis + "Pass" };
            foreach (var input in memory)
            {
                form.Bind(input.Output, input.Output.Hint);
            }

            form.Write(states.Form.Begin.NodesFor(states.Form.Kept, []), [.. states.Form.Kept]);
            form.WriteKeeping(states);
        });
    }

    private static void Body(FormWriter form, Graph graph, CodeWriter code)
    {
        foreach (var input in graph.Inputs.Where(i => !form.Has(i.Output)))
        {
            form.Bind(input.Output, input.Output.Hint);
        }

        if (graph.Outputs.Count == 0)
        {
            form.WriteReturning(graph.NodesFor([graph.Result!], []), graph.Result!);
            return;
        }

        // Whoever calls owns each of them: one that is made here is handed over once.
        var nodes = graph.NodesFor(graph.Results, []);
        graph.Results.ToList().ForEach(form.Keep);
        form.Write(nodes, graph.Results);
        var given = new HashSet<Value>();
        string Given(Value value) => form.NameOf(value) + (nodes.Any(n => n.Outputs.Contains(value)) && given.Add(value) ? "" : ".alias()");
        foreach (var (name, value) in graph.Outputs)
        {
            code.Line($"{Names.Out(name)} = {Given(value)};");
        }

        code.Line($"return {Given(graph.Result!)};");
    }

    private void State(CodeWriter code, StateNames states)
    {
        code.Line();
        code.Line("/// <summary>What the block keeps between calls of <c>Advance</c>.</summary>");
        code.Block($"public sealed class State(ModelState owner, {fields.Text.Self} block)", () => states.Properties(code, "block", "owner"));
    }
}
