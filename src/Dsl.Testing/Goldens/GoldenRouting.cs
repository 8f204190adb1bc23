using System;
using System.Collections.Generic;
using System.Linq;
using System.Text.RegularExpressions;
using TorchSharp;
using static TorchSharp.torch;

namespace Dsl.Testing;

/// <summary>What routers answer, layer by layer, and the loss that the model adds to its own.</summary>
internal static partial class GoldenRouting
{
    /// <summary>The comparisons of cases with routers.</summary>
    internal static IReadOnlyList<GoldenCheck> Checks { get; } =
    [
        new("routers' logits", name => OfLayer().IsMatch(name), Logits),
        new("loss_with_aux", (run, reference) => run.Attempt("out.loss_with_aux", () =>
        {
            IReadOnlyDictionary<string, Tensor> outputs = run.Model.Run(run.Inputs, [.. run.Loss!.Reads, .. run.Model.Losses.Select(loss => loss.Output)]);
            Tensor sum = run.Loss.Loss(run.Case, outputs);
            foreach ((string output, double weight) in run.Model.Losses)
            {
                sum = sum.add(outputs[output], Dsl.Runtime.Scalars.Of(weight));
            }

            run.Compare("out.loss_with_aux", sum, reference, tolerance: GoldenTolerance.Loss(run.Dtype));
        })),
    ];

    /// <summary>Each routed layer's, a row a token: of [b, t, layers, experts].</summary>
    private static void Logits(GoldenRun run) => run.Attempt("out.router_logits", () =>
    {
        Tensor all = run.Model.Run(run.Inputs, "router_logits")["router_logits"];
        foreach ((string name, Tensor reference) in run.Case.Outputs.Where(output => OfLayer().IsMatch(output.Key)))
        {
            long layer = long.Parse(name["router_logits".Length..], System.Globalization.CultureInfo.InvariantCulture);
            run.Compare("out." + name, all.select(2, layer).reshape(-1, all.shape[3]), reference);
        }
    });

    [GeneratedRegex(@"^router_logits\d+$")]
    private static partial Regex OfLayer();
}
