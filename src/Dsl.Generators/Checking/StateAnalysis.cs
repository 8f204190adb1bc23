using System.Linq;
using Dsl.Generators.Model;

namespace Dsl.Generators.Checking;

/// <summary>Whether a graph has a stateful form, and whether that form keeps anything.</summary>
internal static class StateAnalysis
{
    public static Graph Of(Graph graph)
    {
        var stepping = graph.Stepping;
        var reason = graph.AllNodes.Select(n => n.Operation.WhyNotStateful(n, stepping)).FirstOrDefault(r => r is not null);

        // What stands beside the axis that steps is computed once and kept.
        var remembers = graph.Inputs.Any(i => !i.Steps && i.Output.TimeAxis is { } axis && axis != stepping);
        return graph with
        {
            NotStateful = reason ?? (stepping is null ? "none of its inputs steps" : null),
            HasState = remembers || graph.AllNodes.Any(n => n.Operation.InTime(n, stepping) is InTime.Shifted or InTime.Accumulating),
        };
    }
}
