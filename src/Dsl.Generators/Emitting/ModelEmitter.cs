using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Lowering;
using Dsl.Generators.Model;

namespace Dsl.Generators.Emitting;

/// <summary>Writes a declared model: what a block has, and inputs, outputs, state, files and counts.</summary>
internal sealed partial class ModelEmitter
{
    private readonly Forms forms;
    private readonly Graph graph;
    private readonly DeclarationSpec spec;
    private readonly CodeWriter constructor = new();
    private readonly Fields fields;
    private readonly StateNames? states;
    private readonly BracketMethods methods;
    private readonly OutputTree outputs;
    private readonly string config;
    private readonly string reader;
    private CodeWriter code = new();

    private ModelEmitter(Forms forms)
    {
        this.forms = forms;
        graph = forms.Parallel;
        spec = graph.Spec;
        outputs = new OutputTree(graph);
        fields = new Fields(forms);
        fields.Build(constructor);
        states = forms.Stateful is { } stateful ? new StateNames(stateful, fields) : null;
        methods = new BracketMethods(fields);
        config = fields.Text.ShortType(spec.Config.Name);
        reader = fields.Text.ShortType(ConfigEmitter.ReaderName(spec.Config));
    }

    public static string Emit(Forms forms) => new ModelEmitter(forms).Emit();

    private IEnumerable<(GraphInput Input, string Name)> InputNames => graph.Inputs.Select(i => (i, i.Output.Hint));

    private IEnumerable<string> Masks() => graph.Inputs.Select(i => i.Mask).OfType<string>().Distinct();

    private FormText Text(FormKind kind) => new(fields, states, methods, kind);

    private string Emit()
    {
        // The members come first: they say which fields there are.
        methods.Write(() =>
        {
            code = new CodeWriter();
            ForwardForm();
            if (states is not null)
            {
                AdvanceForm(states);
            }
        });
        foreach (var method in methods.Texts)
        {
            code.Line();
            code.Lines(method.TrimEnd('\n'));
        }

        if (states is not null)
        {
            StateClass(states);
        }

        ByName();
        ClassMembers.Shared(code, forms, fields);
        Results();
        var members = code.ToString();
        code = new CodeWriter();
        Declared.Head(code, spec, fields.Text.HasKernels, $"{spec.SimpleName}, written from its declaration.");
        var origin = states is null ? $"GeneratedModel<{config}>" : $"GeneratedModel<{config}, {fields.Text.Self}.State>";
        code.Block($"partial class {spec.SimpleName} : {origin}", () =>
        {
            Contract();
            ClassMembers.Fields(code, forms, fields);
            Constructors();
            code.Lines(members.TrimEnd('\n'));
        });
        Declared.Tail(code, spec);
        return code.ToString();
    }

    /// <summary>What is known without a run.</summary>
    private void Contract()
    {
        static string Listed(IEnumerable<string> names) => Writing.List(names, Writing.Text);
        code.Line($"private static readonly ModelContract<{config}> Contract = new()");
        code.Block(null, () =>
        {
            code.Line($"Inputs = {Listed(graph.Inputs.Select(i => i.Name).Concat(Masks()))},");
            code.Line($"Outputs = {Listed(graph.Outputs.Select(o => o.Name))},");
            var headInputs = outputs.Outputs.Skip(graph.Outputs.Count).Select(o => o.Name).ToList();
            if (headInputs.Count > 0)
            {
                code.Line($"HeadInputs = {Listed(headInputs)},");
            }

            var saved = spec.Architectures.Count > 0 || spec.Config.SavedAs.Length == 0 ? spec.Architectures : new[] { spec.Config.SavedAs }.ToEquatable();
            if (saved.Count > 0)
            {
                code.Line($"Architectures = {Listed(saved)},");
            }

            if (spec.Config.ModelType.Length > 0)
            {
                code.Line($"ModelType = {Writing.Text(spec.Config.ModelType)},");
            }

            code.Line($"Values = {reader}.Values,");
            KeyRules();
            if (graph.Losses.Count > 0)
            {
                code.Line($"Losses = config => {Writing.List(graph.Losses, l => $"({Writing.Text(l.Output)}, {l.Weight.ToCode()})")},");
            }

            if (ClassMembers.Fusions(forms, fields) is { Count: > 0 } fusions)
            {
                code.List("Fusions =", fusions, ",");
            }

            if (graph.NotStateful is { } reason)
            {
                code.Line($"NotStateful = {Writing.Text(reason)},");
            }

            if (graph.Holds<IGroupsRows>())
            {
                code.Line("GroupsRows = true,");
            }
        }, ";");
        code.Line();
    }

    private void KeyRules()
    {
        var layouts = spec.HeaderParts("Keys")
            .Select(l => $"KeyLayout.Parse({l[0].ToSource()}, {Writing.List(l.Arguments.Skip(1), a => Renaming(a, l.Text("Under")))})").ToList();
        var ignored = spec.HeaderParts("Ignore").SelectMany(i => i.Arguments).Select(a => a.ToSource()).ToList();
        var same = spec.HeaderParts("Same").Select(s => $"({s[0].ToSource()}, {Writing.List(s.Arguments.Skip(1), a => a.ToSource())})").ToList();
        var folders = spec.HeaderParts("Folder").Select(f => $"new({f[0].ToSource()}, {f[1].ToSource()})").ToList();
        var rules = new[] { ("Layouts", layouts), ("Ignored", ignored), ("Same", same), ("Folders", folders) }.Where(l => l.Item2.Count > 0).ToList();
        if (rules.Count > 0)
        {
            code.Line("Keys = new()");
            code.Block(null, () => rules.ForEach(rule => code.List(rule.Item1 + " =", rule.Item2, ",")), ",");
        }
    }

    // Under "bert", "encoder" is "/encoder=bert.encoder".
    private static string Renaming(Constant renaming, string? under) =>
        (under is null || renaming.Text.Contains('=') ? renaming : Constant.OfText($"/{renaming.Text}={under}.{renaming.Text}")).ToSource();

    private void Constructors()
    {
        code.Lines($$"""
            /// <summary>A model with new weights, drawn from torch's generator; on <c>torch.META</c> nothing is allocated.</summary>
            /// <exception cref="ConfigException">Sizes do not fit one another.</exception>
            public {{spec.SimpleName}}({{config}} config, ScalarType dtype = ScalarType.Float32, Device? device = null)
                : this(config, new Weights(dtype, device))
            {
            }

            /// <summary>A model over a table of weights, which it then owns.</summary>
            public {{spec.SimpleName}}({{config}} config, Weights weights)
                : base({{Writing.Text(spec.SimpleName)}}, config, weights, Contract)
            """);
        code.Block(null, () =>
        {
            code.Line($"{reader}.Check(config);");
            ClassMembers.Checks(code, graph);
            code.Lines(constructor.ToString().TrimEnd('\n'));
            foreach (var line in TrainingGroups.Of(spec))
            {
                code.Line(line);
            }

            if (graph.Adapter is { } adapter)
            {
                code.Line(adapter.ToCode());
            }

            foreach (var line in InitialValues.Of(spec))
            {
                code.Line(line);
            }
        });
        code.Lines($$"""

            /// <summary>How many numbers a model of this configuration holds, shared ones counted once. Nothing is allocated.</summary>
            public static long ParameterCount({{config}} config) => Count(weights => new {{fields.Text.Self}}(config, weights));

            /// <summary>A published checkpoint: a folder with <c>config.json</c> and safetensors.</summary>
            /// <exception cref="CheckpointException">Tensors are missing, unexpected or of another shape; all are named.</exception>
            /// <exception cref="ConfigException">The config says what this model does not do.</exception>
            public static {{fields.Text.Self}} Load(string folder, ScalarType dtype = ScalarType.Float32, Device? device = null, LoadOptions? options = null) =>
                Load(folder, dtype, device, options, {{reader}}.Read, (config, weights) => new {{fields.Text.Self}}(config, weights));

            """);
    }

    /// <summary>What tools ask a model by name.</summary>
    private void ByName()
    {
        var required = InputNames.Where(i => !i.Input.Optional).Select(i => $"Input(inputs, {Writing.Text(i.Input.Name)})");
        var optional = InputNames.Where(i => i.Input.Optional)
            .Select(i => i.Input.Name)
            .Concat(Masks())
            .Select(n => $"OptionalInput(inputs, {Writing.Text(n)})");
        code.Line();
        code.Line("/// <inheritdoc/>");
        code.Line("protected override ModelResults Run(IReadOnlyDictionary<string, Tensor> inputs, long wanted) =>");
        code.Line($"    Forward({string.Join(", ", required.Concat(optional))}, (Wanted)wanted);");
        if (outputs.Heads.ToList() is { Count: > 0 } heads)
        {
            code.Line();
            code.Line("/// <inheritdoc/>");
            code.Line("public override OutputHead? HeadOf(string output) =>");
            var choices = heads.Select(h => $"output == {Writing.Text(h.Name)} ? new OutputHead({Writing.Text(outputs.InputOf(h.Head).Name)}, "
                + $"{fields.Of(h.Head.Operation, fields.PathOf(h.Head), "").Name})");
            code.Line($"    {string.Join(" : ", choices)} : null;");
        }
    }

    private void Results()
    {
        code.Line();
        code.Line("/// <summary>The outputs of <see cref=\"Forward\"/>, to be combined.</summary>");
        code.Line("[Flags]");
        code.Block("public enum Wanted : long", () =>
        {
            code.Line("None = 0,");
            for (var i = 0; i < outputs.Outputs.Count; i++)
            {
                code.Line($"{Property(outputs.Outputs[i].Name)} = {Constant.Of(1L << i).ToSource()},");
            }

            code.Line($"All = {Constant.Of((1L << outputs.Outputs.Count) - 1).ToSource()},");
        });
        code.Line();
        code.Line("/// <summary>What a run computed; disposing it disposes the tensors.</summary>");
        code.Block($"public sealed class Results() : ModelResults({Constant.Of(outputs.Outputs.Count).ToSource()})", () =>
        {
            foreach (var (output, i) in outputs.Outputs.Select((o, i) => (o, Constant.Of(i).ToSource())))
            {
                var shape = string.Join(", ", output.Value.Axes.Select(a => a.Size is null ? a.Name == "b" ? "batch" : "time" : graph.Spell(a.Size)));
                var use = output.Head is { } head ? $", what the head of <see cref=\"{Property(head)}\"/> reads" : "";
                if (i != "0")
                {
                    code.Line();
                }

                code.Line($"/// <summary>[{shape}]{use}; null where it was not wanted.</summary>");
                code.Line($"public Tensor? {Property(output.Name)} {{ get => this[{i}]; internal set => this[{i}] = value; }}");
            }
        });
    }

    private static string Property(string name)
    {
        // Members that Results and Wanted have themselves.
        var property = Names.Pascal(name);
        return property is "Results" or "Dispose" or "None" or "All" ? property + "Output" : property;
    }
}
