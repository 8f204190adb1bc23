using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Checking;
using Dsl.Generators.Model;

namespace Dsl.Generators.Parts;

/// <summary><c>Collect("name")</c> in a block: the model may read what every layer has here. <c>Collected("name", size)</c> reads it.</summary>
internal sealed class CollectPart : Part
{
    public override IReadOnlyList<Word> Words { get; } = [new("Collect"), new("Collected")];

    public override void Check(PartSpec part, Elaborator at)
    {
        if (at.Channels(part) is not { } x || !at.HasTime(part, x))
        {
            return;
        }

        var name = part.Text(0) ?? "";
        if (part.Name == "Collected")
        {
            Read(part, name, x, at);
            return;
        }

        if (at.Spec.IsModel || x.Axes.Count != 3)
        {
            at.Report(Problems.PartPlace, part.Place, "Collect", "in a block, behind a value [b, t, d]");
            return;
        }

        at.Collections.Add((name, x.Axes));
        at.Current = [at.Add(part, new Collect(name), [x], Names.Camel(name), x.Axes)];
    }

    private static void Read(PartSpec part, string name, Value x, Elaborator at)
    {
        var size = at.SizeOf(part[1], part.Place.At(1)) ?? at.Fresh();
        if (!at.Spec.IsModel)
        {
            at.Report(Problems.PartPlace, part.Place, "Collected", "in a model");
            return;
        }

        // What is collected along another axis is another pass's.
        var wanted = new Value(-1, "", [x.Axes[0], x.Axes[1], new Axis("d", size)]);
        foreach (var (_, collected) in at.Collections.Where(c => c.Name == name && c.Axes[1].Name == x.OrderedAxis))
        {
            at.Same(new Value(-1, "", collected), wanted, part.Place, Problems.SizesDiffer, $"what is collected as '{name}'", "what is read");
        }

        var axes = new[] { x.Axes[0], x.Axes[1], new Axis(at.FreshAxis("layers"), null), new Axis("d", size) };
        at.Current = [at.Add(part, new Collected(name, size), [x], Names.Camel(name), axes)];

        // All that collect must stand before, whatever a run is asked for.
        at.AtEnd(nodes =>
        {
            var collectors = nodes.Where(n => Collects(n, name, x.OrderedAxis!)).ToList();
            if (collectors.Count == 0)
            {
                at.Report(Problems.NameUnknown, part.Place.At(0), name, $"no block of this model collects it along '{x.OrderedAxis}'");
            }
            else if (collectors.Except(Before(nodes, x)).Any())
            {
                at.Report(Problems.PartPlace, part.Place, "Collected", $"behind all blocks that collect '{name}'");
            }
        });
    }

    /// <summary>Whether a node, or one of the blocks that it uses, collects under a name along a time axis of the graph that the node stands in.</summary>
    private static bool Collects(Node node, string name, string time) => Graph.Flatten([node]).Any(n =>
        (n.Operation is Collect collect && collect.Name == name && n.Output.OrderedAxis == time)
        || n.Operation.Blocks.Any(b => b.Graph is { } graph && Within(graph, n, time) is { } own && graph.Nodes.Any(inner => Collects(inner, name, own))));

    /// <summary>What a block calls a time axis of the values that it is given; null where none of them has it.</summary>
    private static string? Within(Graph block, Node use, string time) => block.Inputs.Zip(use.Inputs, (formal, given) => (formal, given))
        .SelectMany(p => p.formal.Output.Axes.Zip(p.given.Axes, (inner, outer) => (inner, outer)))
        .FirstOrDefault(p => p.inner.Size is null && p.outer.Size is null && p.outer.Name == time && p.inner.Name != "b").inner?.Name;

    private static HashSet<Node> Before(IReadOnlyList<Node> nodes, Value value)
    {
        var before = new HashSet<Node>();
        var open = new Stack<Value>([value]);
        while (open.Count > 0)
        {
            var wanted = open.Pop();
            if (nodes.FirstOrDefault(n => n.Outputs.Contains(wanted)) is { } maker && before.Add(maker))
            {
                foreach (var input in maker.Inputs)
                {
                    open.Push(input);
                }
            }
        }

        return before;
    }
}

/// <summary>Hands on what it reads, and keeps it for the model.</summary>
internal sealed record Collect(string Name) : TokenOperation, IHandsOver
{
    public override string Called => $"what is collected as '{Name}'";

    public override WayBack? WayBack => null;

    public override string Describe(Func<Size, string> spell) => $"collect '{Name}'";

    public override Operation MapSizes(Func<Size, Size> map) => this;

    public override void Build(Construction at)
    {
    }

    public override void Call(Calling at) => at.Result($"{at.Pass()}.Collect({Writing.Text(Name)}, {at.In()})");
}

/// <summary>What layers have collected, side by side. Reads the value that all of them stand before.</summary>
internal sealed record Collected(string Name, Size Size) : SummaryOperation
{
    public override string Called => $"what is collected as '{Name}'";

    public override string Describe(Func<Size, string> spell) => $"collected '{Name}' {spell(Size)}";

    public override Operation MapSizes(Func<Size, Size> map) => this with { Size = map(Size) };

    public override void Build(Construction at)
    {
    }

    protected override string Reason => $"its result reads what layers collect as '{Name}'";

    public override void Call(Calling at) => at.Result($"{at.Pass()}.Collected({Writing.Text(Name)}, {at.Code(Size)}, {at.In()})");
}
