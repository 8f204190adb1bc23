using System.Linq;
using Dsl.Generators.Model;
using Dsl.Generators.Reading;

namespace Dsl.Generators.Emitting;

/// <summary>Constructors, and what is known without a run.</summary>
internal sealed partial class ModelEmitter
{
    private void Constructors()
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
            ClassMembers.Checks(code, graph);
            code.Lines(constructor.ToString().TrimEnd('\n'));
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
                using var model = new {{fields.Text.Self}}(config, ScalarType.Float32, torch.META);
                return model.Weights.Count;
            }

            """);
    }
}
