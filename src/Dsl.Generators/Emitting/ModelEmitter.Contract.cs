using System.Linq;
using Dsl.Generators.Checking;
using Dsl.Generators.Model;
using Dsl.Generators.Reading;

namespace Dsl.Generators.Emitting;

/// <summary>What tools ask a model by name: files, inputs and outputs.</summary>
internal sealed partial class ModelEmitter
{
    private void Files()
    {
        var reader = ConfigEmitter.ReaderName(spec.Config);
        code.Lines($$"""
            /// <summary>A published checkpoint: a folder with <c>config.json</c> and safetensors.</summary>
            /// <exception cref="CheckpointException">Tensors are missing, unexpected or of another shape; all are named, and nothing was loaded.</exception>
            /// <exception cref="ConfigException">The config says what this model does not do.</exception>
            public static {{fields.Text.Self}} Load(string folder, ScalarType dtype = ScalarType.Float32, Device? device = null)
            {
                var model = new {{fields.Text.Self}}({{reader}}.Load(folder), new Weights(dtype, device, initialize: false));
                model.LoadWeights(folder);
                model.eval();
                return model;
            }

            """);
        code.Line("/// <inheritdoc/>");
        code.Line($"protected override void SaveConfig(string folder) => {reader}.Save(folder, config, ["
            + $"{string.Join(", ", spec.Architectures.Take(1).Select(a => Constant.OfText(a).ToSource()))}]);");
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
        string Listed(System.Collections.Generic.IEnumerable<string> names) => string.Join(", ", names.Select(n => Constant.OfText(n).ToSource()));
        code.Lines($$"""
            /// <inheritdoc/>
            public override System.Collections.Generic.IReadOnlyList<string> Inputs { get; } = [{{Listed(inputs)}}];

            /// <inheritdoc/>
            public override System.Collections.Generic.IReadOnlyList<string> Outputs { get; } = [{{Listed(graph.Outputs.Select(o => o.Name))}}];

            /// <inheritdoc/>
            public override object Config => config;

            """);
        code.Line("/// <inheritdoc/>");
        const string tensors = "System.Collections.Generic.IReadOnlyDictionary<string, Tensor>";
        code.Block($"public override {tensors} Run({tensors} inputs, params string[] outputs)", () =>
        {
            code.Line("var wanted = outputs.Length == 0 ? Wanted.All : Wanted.None;");
            code.Block("foreach (var output in outputs)", () =>
            {
                code.Line("wanted |= output switch");
                code.Block(null, () =>
                {
                    foreach (var output in outputs.Outputs)
                    {
                        code.Line($"{Constant.OfText(output.Name).ToSource()} => Wanted.{Property(output.Name)},");
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
            foreach (var name in outputs.Outputs.Select(o => o.Name))
            {
                var property = Property(name);
                code.Line($"Deliver(named, {Constant.OfText(name).ToSource()}, results.{property}, (wanted & Wanted.{property}) != 0);");
            }

            code.Line("return named;");
        });
        code.Line();
        Heads();
        code.Line("/// <inheritdoc/>");
        code.Line("protected override System.Collections.Generic.IReadOnlyList<string> Fused => Fusions;");
        ClassMembers.Shared(code, forms, fields);
    }

    private void Heads()
    {
        var heads = outputs.Heads.ToList();
        if (heads.Count == 0)
        {
            return;
        }

        code.Line("/// <inheritdoc/>");
        code.Line("public override OutputHead? HeadOf(string output) => output switch");
        code.Block(null, () =>
        {
            foreach (var (name, head) in heads)
            {
                code.Line($"{Constant.OfText(name).ToSource()} => new OutputHead({Constant.OfText(outputs.InputOf(head).Name).ToSource()}, {fields.Of(head.Operation, fields.PathOf(head), "").Name}),");
            }

            code.Line("_ => null,");
        }, ";");
        code.Line();
    }

    private void Results()
    {
        code.Line();
        code.Line("/// <summary>The outputs of <see cref=\"Forward\"/>, to be combined.</summary>");
        code.Line("[Flags]");
        code.Block("public enum Wanted", () =>
        {
            code.Line("None = 0,");
            for (var i = 0; i < outputs.Outputs.Count; i++)
            {
                code.Line($"{Property(outputs.Outputs[i].Name)} = {1 << i},");
            }

            code.Line($"All = {(1 << graph.Outputs.Count) - 1},");
        });
        code.Line();
        code.Line("/// <summary>What a run computed; disposing it disposes the tensors.</summary>");
        code.Block("public sealed class Results : IDisposable", () =>
        {
            foreach (var output in outputs.Outputs)
            {
                var shape = string.Join(", ", output.Value.Axes.Select(a => a.Size is null ? a.Name == "b" ? "batch" : "time" : graph.Spell(a.Size)));
                var use = output.Head is { } head ? $", what the head of <see cref=\"{Property(head)}\"/> reads" : "";
                code.Line($"/// <summary>[{shape}]{use}; null where it was not wanted.</summary>");
                code.Line($"public Tensor? {Property(output.Name)} {{ get; set; }}");
                code.Line();
            }

            code.Line("/// <inheritdoc/>");
            code.Block("public void Dispose()", () =>
            {
                foreach (var output in outputs.Outputs)
                {
                    code.Line($"{Property(output.Name)}?.Dispose();");
                }
            });
        });
    }
}
