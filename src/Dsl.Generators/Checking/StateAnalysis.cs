using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Model;

namespace Dsl.Generators.Checking;

/// <summary>Whether a graph has a stateful form, and whether that form keeps anything.</summary>
internal static class StateAnalysis
{
    public static Graph Of(Graph graph)
    {
        var stepping = graph.Stepping;
        var reason = Graph.Flatten(graph.Needed).Select(n => n.Operation.WhyNotStateful(n, stepping)).FirstOrDefault(r => r is not null);

        reason ??= Unbegun(graph, stepping);

        // What stands beside the axis that steps is computed once and kept.
        var remembers = graph.Inputs.Any(i => !i.Steps && i.Output.TimeAxis is { } axis && axis != stepping);
        return graph with
        {
            NotStateful = reason ?? (stepping is null ? "none of its inputs steps" : null),
            HasState = remembers || graph.Keeping.Any(),
        };
    }

    /// <summary>What could not be computed once: it reads the memory together with an input that only the steps are given.</summary>
    private static string? Unbegun(Graph graph, string? stepping)
    {
        var memory = new HashSet<Value>(graph.Inputs.Where(i => !i.Steps && i.Output.TimeAxis is { } axis && axis != stepping).Select(i => i.Output));
        var steps = new HashSet<Value>(graph.Inputs.Where(i => i.Output.TimeAxis == stepping).Select(i => i.Output));
        var timeless = graph.Inputs.Where(i => i.Output.TimeAxis is null).ToDictionary(i => i.Output, i => i.Name);
        if (!graph.Spec.IsModel && graph.Inputs.FirstOrDefault(i => memory.Contains(i.Output) && i.Output.PassAxis is null) is { } image)
        {
            return $"it remembers the image '{image.Name}', which only a model can";
        }

        var openers = graph.Openers;
        foreach (var node in graph.Nodes)
        {
            if (!graph.Spec.IsModel && stepping is not null && node.Inputs.Any(memory.Contains)
                && node.Outputs.FirstOrDefault(openers.ContainsKey) is { } opened)
            {
                return $"it makes the time axis '{openers[opened]}' of what it remembers, which only a model can";
            }

            if (node.Inputs.Any(steps.Contains))
            {
                steps.UnionWith(node.Outputs);

                // A block that keeps something of a memory must be given it before it steps, so from outside of conditions.
                if (Graph.Flatten([node]).FirstOrDefault(n => n != node && n.Operation.Blocks.Any(b => b.Graph is not null)
                    && n.Operation.InTime(n, stepping) is InTime.Shifted or InTime.Accumulating
                    && n.Inputs.Skip(1).Any(v => v.TimeAxis is { } along && along != stepping && !memory.Contains(v))) is { } hidden)
                {
                    return $"{Names.Simple(hidden.Operation.Blocks[0].TypeName)} remembers a value that is made under a condition";
                }
            }
            else if (node.Inputs.Any(memory.Contains))
            {
                memory.UnionWith(node.Outputs);
                if (node.Inputs.FirstOrDefault(timeless.ContainsKey) is { } alone)
                {
                    return $"what it makes of its memory reads '{timeless[alone]}' too, which it is given at each step";
                }
            }
            else if (node.Inputs.FirstOrDefault(timeless.ContainsKey) is { } from)
            {
                foreach (var output in node.Outputs)
                {
                    timeless[output] = timeless[from];
                }
            }
        }

        if (stepping is null || !graph.Spec.IsModel || graph.Results.Count == 0)
        {
            return null;
        }

        var given = graph.Results[0];
        return !steps.Contains(given) ? $"its output does not depend on '{graph.Inputs.First(i => i.Steps).Name}', which steps"
            : given.TimeAxis is { } other && other != stepping ? $"its output runs along '{other}', which does not step"
            : null;
    }
}
