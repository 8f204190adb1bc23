using System.Collections.Generic;
using System.Linq;
using System.Text;
using Dsl.Generators.Checking;
using Dsl.Generators.Reading;

namespace Dsl.Generators.Lowering;

/// <summary>What a declaration computes, with every size known as far as the declaration fixes it.</summary>
internal sealed class Graph(DeclarationSpec spec, Unifier sizes)
{
    public DeclarationSpec Spec => spec;

    public Unifier Sizes => sizes;

    public List<InputNode> Inputs { get; } = [];

    public List<Node> Nodes { get; } = [];

    public Value? Result { get; set; }

    public List<(string Name, Value Value)> Outputs { get; } = [];

    /// <summary>Tables that a head may be tied to, by key.</summary>
    public Dictionary<string, (Size Rows, Size Width)> Embeddings { get; } = new(System.StringComparer.Ordinal);

    /// <summary>Sizes that whoever builds the block passes in, in the order of the constructor.</summary>
    public List<string> Parameters { get; } = [];

    /// <summary>Why there is no stateful form; null where there is one.</summary>
    public string? NotStateful { get; set; }

    /// <summary>Whether the stateful form keeps anything.</summary>
    public bool HasState { get; set; }

    /// <summary>Whether a block that this one uses has problems of its own, so that there is no code to call.</summary>
    public bool UsesBroken { get; set; }

    /// <summary>The deviation that its new weights are drawn with, and what the config calls it; null: that of its user.</summary>
    public (Setting Value, string Name)? Deviation { get; set; }

    /// <summary>Whether a code path asks which layer this is.</summary>
    public bool ReadsLayer { get; set; }

    /// <summary>Whether it has weights that are trained within the sequence: then its way back is written too, and nothing in it is fused.</summary>
    public bool IsLearner => AllNodes.Any(n => n is LinearNode { Fast: true });

    public IEnumerable<Node> AllNodes => Flatten(Nodes);

    public static IEnumerable<Node> Flatten(IEnumerable<Node> nodes) =>
        nodes.SelectMany(n => n is IfNode choice ? Flatten(choice.Then).Concat(Flatten(choice.Otherwise)).Prepend(n) : [n]);

    /// <summary>The graph as text with values numbered in order: two graphs that compute the same print the same.</summary>
    public string Print()
    {
        var text = new StringBuilder();
        var numbers = new Dictionary<Value, int>();
        string NumberOf(Value v) => "%" + (numbers.TryGetValue(v, out var n) ? n : numbers[v] = numbers.Count);
        foreach (var input in Inputs)
        {
            text.AppendLine($"{NumberOf(input.Output)} = {input.Describe(Spell)} [{Axes(input.Output)}]");
        }

        Print(Nodes, "");
        foreach (var (name, value) in Outputs)
        {
            text.AppendLine($"output {name} = {NumberOf(value)}");
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
                    $"{indent}{string.Join(", ", node.Outputs.Select(NumberOf))} = {node.Describe(Spell)} ({inputs}) ["
                        + $"{string.Join("; ", node.Outputs.Select(Axes))}]");
                if (node is IfNode choice)
                {
                    Print(choice.Then, indent + "  then ");
                    text.AppendLine($"{indent}  then {NumberOf(choice.ThenResult)}");
                    Print(choice.Otherwise, indent + "  else ");
                    text.AppendLine($"{indent}  else {NumberOf(choice.OtherwiseResult)}");
                }
            }
        }

        string Axes(Value value) => string.Join(" ", value.Axes.Select(a => a.Size is null ? a.Name : Spell(a.Size)));
    }

    /// <summary>A size in normal form, so that different spellings of one size print the same.</summary>
    public string Spell(Size size) => sizes.FormOf(sizes.Resolve(size)).ToSize().Spell();
}
