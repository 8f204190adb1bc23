using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;

namespace Dsl.Generators.Model;

/// <summary>An operation at its place: what it reads, what it gives, and the part of the declaration that it comes from.</summary>
internal sealed class Node(Operation operation, IReadOnlyList<Value> inputs, IReadOnlyList<Value> outputs, int bracket, Place place)
{
    public Operation Operation => operation;

    /// <summary>What it reads, inside its bodies too.</summary>
    public IReadOnlyList<Value> Inputs => inputs;

    public IReadOnlyList<Value> Outputs => outputs;

    public Value Output => outputs[0];

    /// <summary>The time axis that it runs along: the first that its inputs have.</summary>
    public string? TimeAxis => inputs.Select(i => i.TimeAxis).FirstOrDefault(t => t is not null);

    /// <summary>The bracket of the declaration that it comes from.</summary>
    public int Bracket => bracket;

    public Place Place => place;

    public Node With(Operation? operation = null, IReadOnlyList<Value>? inputs = null, IReadOnlyList<Value>? outputs = null) =>
        new(operation ?? Operation, inputs ?? Inputs, outputs ?? Outputs, Bracket, Place);

    /// <summary>The same node reading one value instead of another, inside its bodies too.</summary>
    public Node Reading(Value value, Value insteadOf)
    {
        if (!Inputs.Contains(insteadOf))
        {
            return this;
        }

        var bodies = Operation.Bodies.Select(b => b.Reading(value, insteadOf)).ToList();
        return With(bodies.Count == 0 ? Operation : Operation.WithBodies(bodies), Inputs.Select(i => i == insteadOf ? value : i).ToList());
    }
}

/// <summary>Nodes inside an operation, and what they give.</summary>
internal sealed record Body(IReadOnlyList<Node> Nodes, Value Result)
{
    /// <summary>What is read from outside.</summary>
    public IEnumerable<Value> Outer =>
        Nodes.SelectMany(n => n.Inputs).Append(Result).Distinct().Where(v => !Nodes.Any(n => n.Outputs.Contains(v)));

    public Body Reading(Value value, Value insteadOf) =>
        new(Nodes.Select(n => n.Reading(value, insteadOf)).ToList(), Result == insteadOf ? value : Result);
}

/// <summary>An input of a declaration.</summary>
/// <param name="Name">As the declaration has it.</param>
/// <param name="Output">The value.</param>
/// <param name="Mask">The input that says which of its tokens are real, if any.</param>
/// <param name="Steps">Whether the stateful form steps along it.</param>
/// <param name="Optional">Whether it may be left out.</param>
/// <param name="Place">Where it is declared.</param>
internal sealed record GraphInput(string Name, Value Output, string? Mask, bool Steps, bool Optional, Place Place)
{
    public bool IsIds => Output.IsIds;
}

/// <summary>An equality that only a config can decide.</summary>
internal sealed record SizeCheck(Size Left, Size Right, string What);

/// <summary>What a declaration computes. No stage changes the graph that it is given.</summary>
internal sealed record Graph(DeclarationSpec Spec, Members Members)
{
    public IReadOnlyList<GraphInput> Inputs { get; init; } = [];

    public IReadOnlyList<Node> Nodes { get; init; } = [];

    public Value? Result { get; init; }

    public IReadOnlyList<(string Name, Value Value)> Outputs { get; init; } = [];

    /// <summary>The output that a model's steps give: its logits, or the last one; null where it names none.</summary>
    public (string Name, Value Value)? Stepped => Outputs.Where(o => o.Name == "logits").Concat(Outputs.Reverse()).Cast<(string, Value)?>().FirstOrDefault();

    /// <summary>What a step of it gives: of a block its result and its outputs.</summary>
    public IReadOnlyList<Value> Results => Result is null ? [] : Spec.IsModel ? [Stepped?.Value ?? Result] : [Result, .. Outputs.Select(o => o.Value)];

    /// <summary>The nodes that its results need, in their order: what a step computes.</summary>
    public IReadOnlyList<Node> Needed => Result is null ? Nodes : NodesFor(Results, []);

    /// <summary>Those of them, inside conditions too, that keep something from step to step.</summary>
    public IEnumerable<Node> Keeping => Flatten(Needed).Where(n => n.Operation.InTime(n, Stepping) is InTime.Shifted or InTime.Accumulating);

    /// <summary>Outputs that training adds to its loss, each times a number.</summary>
    public IReadOnlyList<(string Output, Setting Weight)> Losses { get; init; } = [];

    /// <summary>Tables that a head may be tied to, by key.</summary>
    public IReadOnlyDictionary<string, (Size Rows, Size Width)> Embeddings { get; init; } = new Dictionary<string, (Size, Size)>();

    /// <summary>What it and its blocks collect for the model: by name, with its axes.</summary>
    public IReadOnlyList<(string Name, IReadOnlyList<Axis> Axes)> Collections { get; init; } = [];

    /// <summary>Keys of its weights, those of its blocks below theirs; <c>*</c> where they are not known.</summary>
    public IReadOnlyList<string> Keys { get; init; } = [];

    /// <summary>Keys of its linear maps of one plain matrix, those of its blocks below theirs; <c>*</c> where they are not known.</summary>
    public IReadOnlyList<string> Maps { get; init; } = [];

    /// <summary>The low-rank matrices that stand beside some of the maps; null where none do.</summary>
    public AdapterSetting? Adapter { get; init; }

    /// <summary>Time axes on which some tokens may be padding.</summary>
    public IReadOnlyCollection<string> Padded { get; init; } = [];

    /// <summary>Values whose time axis no value before them runs along: each opens the pass of it.</summary>
    public IReadOnlyDictionary<Value, string> Openers
    {
        get
        {
            var known = new HashSet<string>(Inputs.Select(i => i.Output.PassAxis).OfType<string>());
            var openers = new Dictionary<Value, string>();
            foreach (var output in Nodes.SelectMany(n => n.Outputs))
            {
                if (output.OrderedAxis is { } axis && known.Add(axis))
                {
                    openers[output] = axis;
                }
            }

            return openers;
        }
    }

    /// <summary>Sizes that whoever builds the block passes in, in the order of the constructor.</summary>
    public IReadOnlyList<string> Parameters { get; init; } = [];

    /// <summary>What the constructor has to check.</summary>
    public IReadOnlyList<SizeCheck> Checks { get; init; } = [];

    /// <summary>Why there is no stateful form; null where there is one.</summary>
    public string? NotStateful { get; init; }

    /// <summary>Whether the stateful form keeps anything.</summary>
    public bool HasState { get; init; }

    /// <summary>Whether a block that this one uses has problems of its own, so that there is no code to call.</summary>
    public bool UsesBroken { get; init; }

    /// <summary>The deviation that its new weights are drawn with, and what the config calls it; null: that of its user.</summary>
    public (Setting Value, string Name)? Deviation { get; init; }

    /// <summary>Whether a code path asks which layer this is.</summary>
    public bool ReadsLayer { get; init; }

    /// <summary>The time axis that the stateful form steps along.</summary>
    public string? Stepping => Inputs.Where(i => i.Steps).Select(i => i.Output.TimeAxis).FirstOrDefault();

    /// <summary>The time axis whose pass goes without a name.</summary>
    public string? MainAxis => Spec.IsModel ? Stepping ?? Inputs.Select(i => i.Output.TimeAxis).FirstOrDefault() : Inputs[0].Output.TimeAxis;

    public IEnumerable<Node> AllNodes => Flatten(Nodes);

    /// <summary>Whether an operation is of this kind, here or in a block.</summary>
    public bool Holds<TMark>() => Nodes.Any(Holds<TMark>);

    /// <summary>Whether an operation is of this kind: the node's, or one inside it or in a block of it.</summary>
    public static bool Holds<TMark>(Node node) =>
        Flatten([node]).Any(n => n.Operation is TMark || n.Operation.Blocks.Any(b => b.Graph?.Holds<TMark>() == true));

    /// <summary>The nodes that make these values, in their order.</summary>
    /// <param name="wanted">What is wanted.</param>
    /// <param name="given">Values that are there already.</param>
    public IReadOnlyList<Node> NodesFor(IEnumerable<Value> wanted, IReadOnlyCollection<Value> given)
    {
        var makers = Nodes.SelectMany(n => n.Outputs.Select(o => (Output: o, Node: n))).ToDictionary(p => p.Output, p => p.Node);
        var needed = new HashSet<Node>();
        var open = new Stack<Value>(wanted);
        while (open.Count > 0)
        {
            var value = open.Pop();
            if (!given.Contains(value) && makers.TryGetValue(value, out var maker) && needed.Add(maker))
            {
                foreach (var input in maker.Inputs)
                {
                    open.Push(input);
                }
            }
        }

        return Nodes.Where(needed.Contains).ToList();
    }

    public static IEnumerable<Node> Flatten(IEnumerable<Node> nodes) =>
        nodes.SelectMany(n => n.Operation.Bodies.SelectMany(b => Flatten(b.Nodes)).Prepend(n));

    /// <summary>The nodes after each was rewritten, those inside others first.</summary>
    public static IReadOnlyList<Node> Rewrite(IReadOnlyList<Node> nodes, Func<Body, Body> inside) =>
        nodes.Select(n => n.Operation.Bodies.Count == 0 ? n : n.With(n.Operation.WithBodies(n.Operation.Bodies.Select(inside).ToList()))).ToList();

    /// <summary>The graph as text with values numbered in order: two graphs that compute the same print the same.</summary>
    public string Print()
    {
        var text = new StringBuilder();
        var numbers = new Dictionary<Value, int>();
        string NumberOf(Value v) => "%" + (numbers.TryGetValue(v, out var n) ? n : numbers[v] = numbers.Count);
        foreach (var input in Inputs)
        {
            text.AppendLine($"{NumberOf(input.Output)} = input {input.Name} [{Axes(input.Output)}]");
        }

        Print(Nodes, "");
        foreach (var (name, value) in Outputs)
        {
            text.AppendLine($"output {name} = {NumberOf(value)}");
        }

        if (Adapter is not null)
        {
            text.AppendLine(Adapter.Describe());
        }

        if (Result is not null)
        {
            text.AppendLine($"result {NumberOf(Result)}");
        }

        return text.ToString();

        void Print(IEnumerable<Node> nodes, string indent)
        {
            foreach (var node in nodes)
            {
                var inputs = string.Join(", ", node.Inputs.Select(NumberOf));
                text.AppendLine(
                    $"{indent}{string.Join(", ", node.Outputs.Select(NumberOf))} = {node.Operation.Describe(Spell)} ({inputs}) ["
                        + $"{string.Join("; ", node.Outputs.Select(Axes))}]");
                foreach (var (body, i) in node.Operation.Bodies.Select((b, i) => (b, i)))
                {
                    var name = i == 0 ? "then" : "else";
                    Print(body.Nodes, $"{indent}  {name} ");
                    text.AppendLine($"{indent}  {name} {NumberOf(body.Result)}");
                }
            }
        }

        string Axes(Value value) => string.Join(" ", value.Axes.Select(a => a.Size is null ? a.Name : Spell(a.Size)));
    }

    /// <summary>A size in normal form, so that different spellings of one size are equal.</summary>
    public Size Normal(Size size) => Members.FormOf(size).ToSize();

    /// <summary>A size in normal form, in the words of the declaration.</summary>
    public string Spell(Size size) => Normal(size).Spell();
}
