using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Checking;
using Dsl.Generators.Fusing;
using Dsl.Generators.Lowering;
using Dsl.Generators.Reading;

namespace Dsl.Generators.Emitting;

/// <summary>Writes a declared model: what a block has, and inputs, outputs, state, files and counts.</summary>
internal sealed class ModelEmitter
{
    private readonly Graph graph;
    private readonly DeclarationSpec spec;
    private readonly CodeWriter code = new();
    private readonly IReadOnlyList<string> notes;
    private readonly Fields fields;
    private readonly StateNames states;
    private readonly string config;

    private ModelEmitter(Graph graph)
    {
        this.graph = graph;
        spec = graph.Spec;
        notes = Passes.Run(graph);
        states = new StateNames(graph);
        fields = new Fields(graph);
        config = fields.ShortType(spec.Config.Name);
    }

    public static string Emit(Graph graph) => new ModelEmitter(graph).Emit();

    private bool Stateful => graph.NotStateful is null;

    private string LogitsName => graph.Outputs.Any(o => o.Name == "logits") ? "logits" : graph.Outputs[graph.Outputs.Count - 1].Name;

    private string Emit()
    {
        if (graph.Outputs.Count == 0)
        {
            graph.Outputs.Add(("output", graph.Result!));
        }

        var constructor = new CodeWriter();
        fields.Build(constructor);
        BlockEmitter.Head(code, spec, graph, $"{spec.SimpleName}, written from its declaration.");
        code.Block($"partial class {spec.SimpleName} : GeneratedModel", () =>
        {
            foreach (var activation in BlockEmitter.ActivationFields(graph))
            {
                code.Line(activation);
            }

            code.Line($"private readonly {config} config;");
            foreach (var field in fields.Declarations)
            {
                code.Line(field);
            }

            code.Line();
            Constructors(constructor);
            Facts();
            ForwardForm();
            if (Stateful)
            {
                AdvanceForm();
            }
            else
            {
                NoState();
            }

            Files();
            Contract();
            Results();
        });
        BlockEmitter.Tail(code, spec);
        return code.ToString();
    }

    private void Constructors(CodeWriter body)
    {
        code.Lines($"""
            /// <summary>A model with new weights, drawn from torch's generator.</summary>
            /// <param name="config">Its sizes and options.</param>
            /// <param name="dtype">Element type of its weights.</param>
            /// <param name="device">Where they live; on <c>torch.META</c> nothing is allocated.</param>
            /// <exception cref="ConfigException">Sizes do not fit one another.</exception>
            public {spec.SimpleName}({config} config, ScalarType dtype = ScalarType.Float32, Device? device = null)
                : this(config, new Weights(dtype, device))
            """);
        code.Block(null, () => { });
        code.Line();
        code.Line($"/// <summary>A model over a table of weights, which it then owns.</summary>");
        code.Line($"public {spec.SimpleName}({config} config, Weights weights)");
        code.Line($"    : base({Constant.OfText(spec.SimpleName).ToSource()}, weights)");
        code.Block(null, () =>
        {
            code.Line("this.config = config;");
            code.Line($"{ConfigEmitter.ReaderName(spec.Config)}.Check(config);");
            BlockEmitter.Checks(code, graph);
            code.Lines(body.ToString().TrimEnd('\n'));
            foreach (var frozen in spec.HeaderParts("Group").Where(g => g["Rate"].Text is "0" or "0.0"))
            {
                code.Line($"weights.Freeze({frozen[0].ToSource()});  // rate 0");
            }

            foreach (var group in spec.HeaderParts("Group").Where(g => g["Rate"].Text is not ("0" or "0.0") && !(g["Rate"].IsNull && g["Decay"].IsNull)))
            {
                var factors = new[] { "Decay", "Rate" }.Where(o => !group[o].IsNull).Select(o => $", {o.ToLowerInvariant()}: {group[o].ToSource()}");
                code.Line($"weights.Group({group[0].ToSource()}{string.Concat(factors)});");
            }

            foreach (var line in InitialValues.Of(spec))
            {
                code.Line(line);
            }
        });
        code.Line();
    }

    private void Facts()
    {
        code.Lines($$"""
            /// <summary>The configuration it was built from.</summary>
            public {{config}} Configuration => config;

            /// <summary>How many numbers a model of this configuration holds, shared ones counted once. Nothing is allocated.</summary>
            public static long ParameterCount({{config}} config)
            {
                using var model = new {{fields.Self}}(config, ScalarType.Float32, torch.META);
                return model.Weights.Count;
            }

            """);
    }

    private IEnumerable<(InputNode Input, string Name)> InputNames => graph.Inputs.Select(i => (i, i.Output.Hint));

    private string InputParameters()
    {
        var required = InputNames.Where(i => !i.Input.Optional).Select(i => $"Tensor {i.Name}");
        var optional = InputNames.Where(i => i.Input.Optional)
            .Select(i => $"Tensor? {i.Name} = null")
            .Concat(Masks().Select(m => $"Tensor? {Elaborator.Camel(m)} = null"));
        return string.Join(", ", required.Concat(optional));
    }

    private IEnumerable<string> Masks() => graph.Inputs.Select(i => i.Mask).OfType<string>().Distinct();

    private void ForwardForm()
    {
        code.Line("/// <summary>The parallel form. Only what the wanted outputs need is computed.</summary>");
        foreach (var (input, name) in InputNames)
        {
            code.Line($"/// <param name=\"{name}\">{(input.IsIds ? "int64 ids " : "")}[{string.Join(", ", input.Output.Axes.Select(a => a.Size is null ? a.Name == "b" ? "batch" : "time" : graph.Spell(a.Size)))}].</param>");
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
                : $"using var {emitter.PassOf(axis)} = Pass.Over((int){input.Output.Hint}.shape[0], (int){input.Output.Hint}.shape[1], {input.Output.Hint}.device, training);");
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
                code.Line($"results.{property} = {form.NameOf(value)}{(graph.Inputs.Any(x => x.Output == value) || values.Take(i).Contains(value) ? ".alias()" : "")};");
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

    private void AdvanceForm()
    {
        var needs = Needs();
        var logits = graph.Outputs.First(o => o.Name == LogitsName).Value;
        var nodes = states.Form.NodesOfStep(graph).Where(n => needs[n].Contains(LogitsName)).ToList();
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
                var real = $"state.{StateNames.RealOf(axis)}.Value ?? throw new InvalidOperationException(\"the state has read no {states.Form.MemoryInputs.First(i => i.Output.TimeAxis == axis).Name}: call Begin first\")";
                code.Line($"var {axis}Real = {real};");
                code.Line($"using var {axis}Pass = Pass.Over({axis}Real, {axis}Real);");
            }

            var form = new FormEmitter(graph, fields, code, stateful: true);
            form.BindHeldIfStateful();
            form.Bind(input.Output, input.Output.Hint);
            form.Keep(logits);

            // What follows the last node that looks across time needs only the token asked for.
            var cut = nodes.FindLastIndex(n => n is UseNode or AttendNode or IfNode or ShiftNode or RecurrenceNode or CausalConvolutionNode or LearnNode);
            var frontier = cut < 0 ? null : nodes[cut].Outputs.FirstOrDefault();
            if (frontier is null
                || frontier == logits
                || nodes.Skip(cut + 1).SelectMany(n => n.Inputs).Any(v => v != frontier && nodes.Take(cut + 1).Any(n => n.Outputs.Contains(v)) && !IsWeight(v)))
            {
                form.Emit(nodes, [logits]);
                code.Line($"return last ? Slices.TakeLast({form.NameOf(logits)}, pass) : {form.NameOf(logits)};");
            }
            else
            {
                form.Emit(nodes.Take(cut + 1).ToList(), [frontier]);
                var whole = form.NameOf(frontier);
                code.Line();
                code.Line("// From here on each token stands for itself.");
                code.Line($"using var taken = last ? pass.Last({whole}) : {whole}.alias();");
                if (form.NeedsDispose(frontier))
                {
                    code.Line($"{whole}.Dispose();");
                }

                form.Rebind(frontier, "taken");
                form.Emit(nodes.Skip(cut + 1).ToList(), [logits]);
                code.Line($"return {form.NameOf(logits)};");
            }
        });
        code.Line();
        code.Line("/// <summary>What the model keeps between calls of <c>Advance</c>.</summary>");
        code.Block("public sealed class State : ModelState", () =>
        {
            code.Line($"private readonly {fields.Self} model;");
            code.Line("private readonly int capacity;");
            code.Line();
            code.Line($"internal State({fields.Self} model, int batch, int capacity)");
            code.Line("    : base(batch, capacity)");
            code.Block(null, () =>
            {
                code.Line("this.model = model;");
                code.Line("this.capacity = capacity;");
                foreach (var axis in MemoryAxes)
                {
                    code.Line($"{StateNames.RealOf(axis)} = Own(new HeldValue());");
                }

                BlockEmitter.StateBuild(code, fields, states, "model", "this");
            });
            foreach (var axis in MemoryAxes)
            {
                code.Line();
                code.Line("/// <summary>[batch, time], 1 for a real token of the memory.</summary>");
                code.Line($"public HeldValue {StateNames.RealOf(axis)} {{ get; }}");
            }

            BlockEmitter.StateProperties(code, fields, states);
            code.Line();
            code.Line("/// <inheritdoc/>");
            code.Line("protected override ModelState Fresh() => new State(model, Batch, capacity);");
        });
        code.Line();
        code.Line("/// <inheritdoc/>");
        code.Line("public override ModelState NewState(int batch, int capacity = 0) => new State(this, batch, capacity);");
        if (states.Form.HasMemory)
        {
            BeginForm();
        }
        code.Line();
        code.Line("/// <inheritdoc/>");
        code.Lines("""
            public override Tensor Advance(Tensor tokens, ModelState state, Tensor? mask = null, bool last = false) =>
                Advance(tokens, state as State ?? throw new ArgumentException($"the state is a {state.GetType().FullName}, expected one that this model made", nameof(state)), mask, last);
            """);
        code.Line();

        bool IsWeight(Value v) => graph.Nodes.Any(n => n is ParameterNode && n.Outputs.Contains(v));
    }

    private IEnumerable<string> MemoryAxes => states.Form.MemoryInputs.Select(i => i.Output.TimeAxis!).Distinct();

    /// <summary>Runs once what the stepping input does not enter.</summary>
    private void BeginForm()
    {
        var inputs = states.Form.MemoryInputs;
        var masks = inputs.Select(i => i.Mask).OfType<string>().Distinct().ToList();
        var optional = string.Concat(masks.Select(m => $", Tensor? {Elaborator.Camel(m)} = null"));
        var entry = MemoryAxes.Count() == 1 ? states.Form.Entry(graph) : null;
        code.Line();
        code.Line("/// <summary>A state that has read everything but the tokens it steps along: what depends on these inputs alone is computed here, once.</summary>");
        code.Block($"public State Begin({string.Join(", ", inputs.Select(i => $"Tensor {i.Output.Hint}"))}{optional}, int capacity = 0)", () =>
        {
            code.Line("using var off = torch.no_grad();  // a state carries no gradient");
            if (entry is null)
            {
                code.Line($"var state = new State(this, checked((int){inputs[0].Output.Hint}.shape[0]), capacity);");
            }

            var form = new FormEmitter(graph, fields, code, stateful: false);
            foreach (var axis in MemoryAxes)
            {
                var input = inputs.First(i => i.Output.TimeAxis == axis);
                var mask = input.Mask is { } m ? Elaborator.Camel(m) : "null";
                code.Line($"using var {form.PassOf(axis)} = Pass.Over({input.Output.Hint}, {mask});");
                if (entry is null)
                {
                    code.Line(
                        $"state.{StateNames.RealOf(axis)}.Hold({(input.Mask is null ? "" : mask + "?.clone() ?? ")}torch.ones_like({input.Output.Hint}));");
                }
            }

            foreach (var input in inputs)
            {
                form.Bind(input.Output, input.Output.Hint);
            }

            if (entry is var (_, value))
            {
                form.Emit(states.Form.AtEntry(graph, value).Before, [value]);
                code.Line($"var state = BeginWith({string.Join(", ", new[] { form.NameOf(value) }.Concat(masks.Select(Elaborator.Camel)))}, capacity);");
            }
            else
            {
                form.Emit(states.Form.NodesOfBegin(graph), [.. states.Form.Held, .. states.Form.Begins.SelectMany(u => u.Inputs.Skip(1))]);
                form.EmitKeeping();
            }

            form.DisposeBare();
            code.Line("return state;");
        });
        if (entry is var (name, memory))
        {
            BeginWith(name, memory, masks, optional);
        }

        code.Line();
        code.Line("/// <inheritdoc/>");
        var optionals = masks.Select(m => $"OptionalInput(inputs, {Constant.OfText(m).ToSource()})");
        var whole = $"Begin({string.Join(", ", inputs.Select(i => $"Input(inputs, {Constant.OfText(i.Name).ToSource()})").Concat(optionals))}, capacity)";
        code.Line("public override ModelState Begin(System.Collections.Generic.IReadOnlyDictionary<string, Tensor> inputs, int capacity = 0) =>");
        code.Line(entry is var (given, _)
            ? $"    OptionalInput(inputs, {Constant.OfText(given).ToSource()}) is {{ }} ready ? BeginWith({string.Join(", ", new[] { "ready" }.Concat(optionals))}, capacity) : {whole};"
            : $"    {whole};");
    }

    /// <summary>The same from what an encoder has given before.</summary>
    private void BeginWith(string output, Value entry, List<string> masks, string optional)
    {
        var axis = entry.TimeAxis!;
        var form = new FormEmitter(graph, fields, code, stateful: false);
        code.Line();
        code.Line($"/// <summary>The same from <c>{output}</c>, which an earlier run has given.</summary>");
        form.Bind(entry, entry.Hint);
        var memory = form.NameOf(entry);
        code.Block($"public State BeginWith(Tensor {memory}{optional}, int capacity = 0)", () =>
        {
            code.Line("using var off = torch.no_grad();  // a state carries no gradient");
            code.Line($"var state = new State(this, checked((int){memory}.shape[0]), capacity);");
            var ones = $"torch.ones([{memory}.shape[0], {memory}.shape[1]], dtype: ScalarType.Int64, device: {memory}.device)";
            var real = masks.Count > 0 ? $"{Elaborator.Camel(masks[0])}?.clone() ?? {ones}" : ones;
            code.Line($"var {axis}Real = state.{StateNames.RealOf(axis)}.Hold({real});");
            code.Line($"using var {form.PassOf(axis)} = Pass.Over({axis}Real, {axis}Real);");
            form.Emit(states.Form.AtEntry(graph, entry).After, [.. states.Form.Held, .. states.Form.Begins.SelectMany(u => u.Inputs.Skip(1))]);
            form.EmitKeeping();
            form.DisposeBare();
            code.Line("return state;");
        });
    }

    private void NoState()
    {
        var reason = Constant.OfText($"{spec.SimpleName} has no stateful form: {graph.NotStateful}").ToSource();
        code.Line("/// <inheritdoc/>");
        code.Line($"public override ModelState NewState(int batch, int capacity = 0) => throw new NotSupportedException({reason});");
        code.Line();
        code.Line("/// <inheritdoc/>");
        code.Line($"public override Tensor Advance(Tensor tokens, ModelState state, Tensor? mask = null, bool last = false) => throw new NotSupportedException({reason});");
        code.Line();
    }

    private void Files()
    {
        var reader = ConfigEmitter.ReaderName(spec.Config);
        code.Lines($$"""
            /// <summary>A published checkpoint: a folder with <c>config.json</c> and safetensors.</summary>
            /// <exception cref="CheckpointException">Tensors are missing, unexpected or of another shape; all are named, and nothing was loaded.</exception>
            /// <exception cref="ConfigException">The config says what this model does not do.</exception>
            public static {{fields.Self}} Load(string folder, ScalarType dtype = ScalarType.Float32, Device? device = null)
            {
                var model = new {{fields.Self}}({{reader}}.Load(folder), new Weights(dtype, device, initialize: false));
                model.LoadWeights(folder);
                model.eval();
                return model;
            }

            """);
        code.Line("/// <inheritdoc/>");
        code.Line($"protected override void SaveConfig(string folder) => {reader}.Save(folder, config, [{string.Join(", ", spec.Architectures.Take(1).Select(a => Constant.OfText(a).ToSource()))}]);");
        code.Line();
        code.Line("/// <inheritdoc/>");
        var layouts = spec
            .HeaderParts("Keys")
            .Select(l => $"KeyLayout.Parse({l[0].ToSource()}, [{string.Join(", ", l.Arguments.Skip(1).Select(a => a.ToSource()))}])")
            .ToList();
        var ignored = spec.HeaderParts("Ignore").SelectMany(i => i.Arguments).Select(a => a.ToSource()).ToList();
        var same = spec.HeaderParts("Same").Select(s => $"({s[0].ToSource()}, [{string.Join(", ", s.Arguments.Skip(1).Select(a => a.ToSource()))}])").ToList();
        var lists = new[] { ("Layouts", layouts), ("Ignored", ignored), ("Same", same) }.Where(l => l.Item2.Count > 0).ToList();
        code.Line($"public override KeyRules KeyRules {{ get; }} = new(){(lists.Count == 0 ? ";" : "")}");
        if (lists.Count > 0)
        {
            code.Block(null, () =>
            {
                foreach (var (name, items) in lists)
                {
                    code.Line($"{name} = [{string.Join(", ", items)}],");
                }
            }, ";");
        }

        code.Line();
    }

    private void Contract()
    {
        var inputs = graph.Inputs.Select(i => i.Name).Concat(Masks());
        code.Lines($$"""
            /// <inheritdoc/>
            public override System.Collections.Generic.IReadOnlyList<string> Inputs { get; } = [{{string.Join(", ", inputs.Select(i => Constant.OfText(i).ToSource()))}}];

            /// <inheritdoc/>
            public override System.Collections.Generic.IReadOnlyList<string> Outputs { get; } = [{{string.Join(", ", graph.Outputs.Select(o => Constant.OfText(o.Name).ToSource()))}}];

            /// <inheritdoc/>
            public override object Config => config;

            """);
        code.Line("/// <inheritdoc/>");
        code.Block("public override System.Collections.Generic.IReadOnlyDictionary<string, Tensor> Run(System.Collections.Generic.IReadOnlyDictionary<string, Tensor> inputs, params string[] outputs)", () =>
        {
            code.Line("var wanted = outputs.Length == 0 ? Wanted.All : Wanted.None;");
            code.Block("foreach (var output in outputs)", () =>
            {
                code.Line("wanted |= output switch");
                code.Block(null, () =>
                {
                    foreach (var (name, _) in graph.Outputs)
                    {
                        code.Line($"{Constant.OfText(name).ToSource()} => Wanted.{Property(name)},");
                    }

                    code.Line(
                        "_ => throw new ArgumentException($\"output '{output}' is none of this model's: \" + string.Join(\", \", Outputs), nameof(outputs)),");
                }, ";");
            });
            var required = InputNames.Where(i => !i.Input.Optional).Select(i => $"Input(inputs, {Constant.OfText(i.Input.Name).ToSource()})");
            var optional = InputNames.Where(i => i.Input.Optional)
                .Select(i => i.Input.Name)
                .Concat(Masks())
                .Select(n => $"OptionalInput(inputs, {Constant.OfText(n).ToSource()})");
            code.Line($"var results = Forward({string.Join(", ", required.Concat(optional))}, wanted);");
            code.Line("var named = new System.Collections.Generic.Dictionary<string, Tensor>();");
            foreach (var (name, _) in graph.Outputs)
            {
                var property = Property(name);
                code.Line($"Deliver(named, {Constant.OfText(name).ToSource()}, results.{property}, (wanted & Wanted.{property}) != 0);");
            }

            code.Line("return named;");
        });
        code.Line();
        code.Line("/// <inheritdoc/>");
        code.Line("protected override System.Collections.Generic.IReadOnlyList<string> Fused => Fusions;");
        BlockEmitter.Shared(code, graph, fields, notes, spec.SimpleName);
    }

    private void Results()
    {
        code.Line();
        code.Line("/// <summary>The outputs of <see cref=\"Forward\"/>, to be combined.</summary>");
        code.Line("[Flags]");
        code.Block("public enum Wanted", () =>
        {
            code.Line("None = 0,");
            for (var i = 0; i < graph.Outputs.Count; i++)
            {
                code.Line($"{Property(graph.Outputs[i].Name)} = {1 << i},");
            }

            code.Line($"All = {(1 << graph.Outputs.Count) - 1},");
        });
        code.Line();
        code.Line("/// <summary>What a run computed; disposing it disposes the tensors.</summary>");
        code.Block("public sealed class Results : IDisposable", () =>
        {
            foreach (var (name, value) in graph.Outputs)
            {
                code.Line($"/// <summary>[{string.Join(", ", value.Axes.Select(a => a.Size is null ? a.Name == "b" ? "batch" : "time" : graph.Spell(a.Size)))}]; null where it was not wanted.</summary>");
                code.Line($"public Tensor? {Property(name)} {{ get; set; }}");
                code.Line();
            }

            code.Line("/// <inheritdoc/>");
            code.Block("public void Dispose()", () =>
            {
                foreach (var (name, _) in graph.Outputs)
                {
                    code.Line($"{Property(name)}?.Dispose();");
                }
            });
        });
    }

    private static string Property(string name)
    {
        var camel = Elaborator.Camel(name);
        var property = char.ToUpperInvariant(camel[0]) + camel.Substring(1);

        // Members that Results and Wanted have themselves.
        return property is "Results" or "Dispose" or "None" or "All" ? property + "Output" : property;
    }
}
