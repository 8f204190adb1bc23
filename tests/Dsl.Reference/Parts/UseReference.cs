using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Model;
using Dsl.Reference.Interpreting;
using Ops = Dsl.Generators.Parts;

namespace Dsl.Reference.Parts;

/// <summary>A block of another declaration at a key, or the one of several that the config picks.</summary>
internal sealed class UseReference : PartReference<Ops.Use>
{
    protected override void Compute(Node node, Ops.Use operation, Frame frame)
    {
        BlockUse block = Picked(operation.All, operation.By, frame, frame.Layer);
        frame.Set(node.Output, Result(block, frame, frame.Absolute(operation.Key), frame.Layer, frame.Get(node.Inputs[0]), node.Inputs, node.Outputs));
    }

    /// <summary>The block whose type a config member names (of the layer, if it is a function).</summary>
    internal static BlockUse Picked(IReadOnlyList<BlockUse> blocks, Ops.BlockChoice? by, Frame frame, int layer)
    {
        if (by is null)
        {
            return blocks[0];
        }

        var type = (Type)SettingReader.Member(frame.Run.Config, by.Member, layer)!;
        return blocks.FirstOrDefault(b => frame.Run.FindType(b.TypeName) == type)
            ?? throw new InvalidOperationException($"'{by.Member}' gives {type}, which is none of the blocks");
    }

    /// <summary>What a block gives for a value, reading the rest of the node's inputs as they are; its outputs are set where it is used.</summary>
    internal static NumberArray Result(BlockUse block, Frame frame, string key, int layer, NumberArray x, IReadOnlyList<Value> inputs,
        IReadOnlyList<Value>? outputs = null)
    {
        if (block.Graph is null)
        {
            return OwnLayer.Result(block, frame, key, layer, x, inputs);
        }

        Frame inner = Inner(block, frame, key, layer, inputs);
        Graph graph = inner.Graph;
        inner.Set(graph.Inputs[0].Output, x);
        for (int i = 1; i < graph.Inputs.Count; i++)
        {
            inner.Set(graph.Inputs[i].Output, frame.Get(inputs[i]));
        }

        inner.Compute(graph.Nodes);
        for (int i = 0; i < graph.Outputs.Count && outputs is not null; i++)
        {
            frame.Set(outputs[i + 1], inner.Get(graph.Outputs[i].Value));
        }

        return inner.Get(graph.Result!);
    }

    /// <summary>A frame for the block, with the sizes that this place gives it and its own names for the time axes.</summary>
    internal static Frame Inner(BlockUse block, Frame frame, string key, int layer, IReadOnlyList<Value> inputs)
    {
        Graph graph = block.Graph!;
        var times = new Dictionary<string, TimeAxis>();
        foreach ((GraphInput formal, Value given) in graph.Inputs.Zip(inputs))
        {
            if (formal.Output.TimeAxis is { } own && given.TimeAxis is { } ours)
            {
                times.TryAdd(own, frame.Time(ours));
            }
        }

        Run run = block.Config.Length == 0 ? frame.Run : frame.Run.Under(SettingReader.Member(frame.Run.Config, block.Config, layer)!);
        return new Frame(run, graph, key, layer, block.Parameters.ToDictionary(p => p.Name, p => (long)frame.SizeOf(p.Size)), times);
    }
}
