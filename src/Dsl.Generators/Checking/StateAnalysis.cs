using System.Linq;
using Dsl.Generators.Lowering;

namespace Dsl.Generators.Checking;

/// <summary>Whether a graph has a stateful form, and whether that form keeps anything; and whether it asks which layer it is.</summary>
internal static class StateAnalysis
{
    public static void Run(Graph graph)
    {
        var stepping = graph.Inputs.Where(i => i.Steps).Select(i => i.Output.TimeAxis).FirstOrDefault();
        foreach (var node in graph.AllNodes)
        {
            graph.ReadsLayer |= node switch
            {
                AttendNode attend => new[] { attend.MaskFunction, attend.Score }.Any(f => f?.Spec.Parameters.Any(p => p.Name == "layer") == true),
                RepeatNode => false,
                UseNode use => use.Blocks.Any(b => b.Graph?.ReadsLayer == true),
                LearnNode learn => learn.Blocks.Any(b => b.Graph?.ReadsLayer == true),
                _ => false,
            };
            switch (node)
            {
                case AttendNode attend when attend.Inputs[1].TimeAxis == stepping && attend.Inputs[0].TimeAxis == stepping:
                    graph.HasState = true;
                    if (!attend.IsCausal)
                    {
                        graph.NotStateful ??= $"the mask '{attend.MaskFunction?.Spec.Name ?? attend.Mask}' of its attention is not provably causal";
                    }

                    break;
                case ShiftNode or RecurrenceNode or CausalConvolutionNode or LearnNode:
                    graph.HasState = true;
                    break;
                case UseNode use when use.Inputs[0].TimeAxis == stepping:
                    foreach (var block in use.Blocks)
                    {
                        graph.HasState |= block.Graph?.HasState ?? block.Own!.Steps;
                        graph.NotStateful ??= block.Graph is { NotStateful: { } reason } ? $"{Reading.Names.Simple(block.TypeName)}: {reason}" : null;
                        graph.NotStateful ??= Remembered(use, block, stepping) is { } input
                            ? $"{Reading.Names.Simple(block.TypeName)} remembers '{input}', which grows with the sequence" : null;
                        graph.NotStateful ??= block.Own is { Steps: false } ? $"the layer {Reading.Names.Simple(block.TypeName)} declares no step" : null;
                    }

                    break;
                case PoolNode:
                    graph.NotStateful ??= "it pools over the whole sequence";
                    break;
                case UncompiledNode uncompiled:
                    graph.NotStateful ??= $"{uncompiled.Word} is not compiled yet";
                    break;
            }
        }

        graph.HasState |= new StatefulForm(graph).HasMemory;
        if (stepping is null)
        {
            graph.NotStateful ??= "none of its inputs steps";
        }
    }

    /// <summary>An input that the block computes once (it has a time axis of its own there), though here it is along the axis that steps.</summary>
    private static string? Remembered(UseNode use, BlockUse block, string? stepping) => block.Graph is not { HasState: true } inner ? null
        : inner.Inputs.Zip(use.Inputs, (formal, given) => (Formal: formal, Given: given)).Skip(1)
            .FirstOrDefault(p => p.Given.TimeAxis == stepping && p.Formal.Output.TimeAxis != inner.Inputs[0].Output.TimeAxis).Formal?.Name;
}
