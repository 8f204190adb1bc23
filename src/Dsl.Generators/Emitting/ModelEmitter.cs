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
    private readonly OutputTree outputs;
    private readonly string config;
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
        config = fields.Text.ShortType(spec.Config.Name);
    }

    public static string Emit(Forms forms) => new ModelEmitter(forms).Emit();

    private string LogitsName => graph.Outputs.Any(o => o.Name == "logits") ? "logits" : graph.Outputs[graph.Outputs.Count - 1].Name;

    private IEnumerable<(GraphInput Input, string Name)> InputNames => graph.Inputs.Select(i => (i, i.Output.Hint));

    private IEnumerable<string> Masks() => graph.Inputs.Select(i => i.Mask).OfType<string>().Distinct();

    private string Emit()
    {
        // The members come first: they say which fields there are.
        ForwardForm();
        if (states is not null)
        {
            AdvanceForm(states);
        }
        else
        {
            NoState();
        }

        Files();
        Contract();
        Results();
        var members = code.ToString();
        code = new CodeWriter();
        Declared.Head(code, spec, fields.Text.HasKernels, $"{spec.SimpleName}, written from its declaration.");
        code.Block($"partial class {spec.SimpleName} : GeneratedModel", () =>
        {
            ClassMembers.Fields(code, forms, fields);
            Constructors();
            Facts();
            code.Lines(members.TrimEnd('\n'));
        });
        Declared.Tail(code, spec);
        return code.ToString();
    }

    private static string Property(string name)
    {
        var camel = Names.Camel(name);
        var property = char.ToUpperInvariant(camel[0]) + camel.Substring(1);

        // Members that Results and Wanted have themselves.
        return property is "Results" or "Dispose" or "None" or "All" ? property + "Output" : property;
    }
}
