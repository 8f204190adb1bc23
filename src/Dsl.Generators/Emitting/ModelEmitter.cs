using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Checking;
using Dsl.Generators.Fusing;
using Dsl.Generators.Lowering;
using Dsl.Generators.Reading;

namespace Dsl.Generators.Emitting;

/// <summary>Writes a declared model: what a block has, and inputs, outputs, state, files and counts.</summary>
internal sealed partial class ModelEmitter
{
    private readonly Graph graph;
    private readonly DeclarationSpec spec;
    private readonly CodeWriter code = new();
    private readonly IReadOnlyList<string> notes;
    private readonly Fields fields;
    private readonly StateNames states;
    private readonly OutputTree outputs;
    private readonly string config;

    private ModelEmitter(Graph graph)
    {
        this.graph = graph;
        spec = graph.Spec;
        notes = Passes.Run(graph);
        if (graph.Outputs.Count == 0)
        {
            graph.Outputs.Add(("output", graph.Result!));
        }

        outputs = new OutputTree(graph);
        states = new StateNames(graph);
        fields = new Fields(graph);
        config = fields.ShortType(spec.Config.Name);
    }

    public static string Emit(Graph graph) => new ModelEmitter(graph).Emit();

    private bool Stateful => graph.NotStateful is null;

    private string LogitsName => graph.Outputs.Any(o => o.Name == "logits") ? "logits" : graph.Outputs[graph.Outputs.Count - 1].Name;

    private IEnumerable<(InputNode Input, string Name)> InputNames => graph.Inputs.Select(i => (i, i.Output.Hint));

    private IEnumerable<string> Masks() => graph.Inputs.Select(i => i.Mask).OfType<string>().Distinct();

    private string Emit()
    {
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

    private static string Property(string name)
    {
        var camel = Elaborator.Camel(name);
        var property = char.ToUpperInvariant(camel[0]) + camel.Substring(1);

        // Members that Results and Wanted have themselves.
        return property is "Results" or "Dispose" or "None" or "All" ? property + "Output" : property;
    }
}
