using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Lowering;
using Dsl.Generators.Model;

namespace Dsl.Generators.Emitting;

/// <summary>Names and types of what the stateful form keeps.</summary>
internal sealed class StateNames
{
    private readonly Dictionary<Value, StateField> fields = new();
    private readonly Dictionary<Value, string> held = new();

    public StateNames(StatefulForm form, Fields built)
    {
        Form = form;
        var table = new NameTable(
            "Timeline", "Batch", "Length", "Bytes", "Parts", "Own", "Clone", "Select", "Truncate", "Reset", "Dispose", "Fresh", "State");
        foreach (var node in form.Step.Keeping)
        {
            var field = node.Operation.State(built.At(node))!;
            fields[node.Output] = field with { Name = table.Take(char.ToUpperInvariant(field.Name[0]) + field.Name.Substring(1)) };
        }

        foreach (var value in form.Held)
        {
            held[value] = table.Take(char.ToUpperInvariant(value.Hint[0]) + value.Hint.Substring(1));
        }
    }

    public StatefulForm Form { get; }

    /// <summary>What is kept for nodes, in their order.</summary>
    public IEnumerable<StateField> Fields => fields.Values;

    /// <summary>Whether the node keeps anything; the same node of another form does too.</summary>
    public bool Keeps(Node node) => fields.ContainsKey(node.Output);

    /// <summary>The state of a node, where it is known to be there.</summary>
    /// <param name="node">The node.</param>
    /// <param name="access">How the state is read: <c>.</c>, or <c>?.</c> where it may be null.</param>
    public string CodeOf(Node node, string access) =>
        $"state{access}{fields[node.Output].Name}{(fields[node.Output].Optional && access == "." ? "!" : "")}";

    public string Of(Value value) => held[value];

    /// <summary>The node with all that it reads.</summary>
    public Node WholeOf(Node node) => Form.Blocks.FirstOrDefault(b => b.Output == node.Output)?.Whole ?? node;

    /// <summary>What says which tokens of a memory are real.</summary>
    public static string RealOf(string axis) => char.ToUpperInvariant(axis[0]) + axis.Substring(1) + "Real";

    /// <summary>Writes what the constructor of a state makes.</summary>
    public void Build(CodeWriter code, string module, string owner)
    {
        foreach (var (name, _, value) in All(module, owner))
        {
            code.Line($"{name} = {value};");
        }
    }

    /// <summary>Writes the properties of a state, which a constructor sets.</summary>
    public void Properties(CodeWriter code)
    {
        foreach (var (name, type, _) in All("", ""))
        {
            code.Line();
            code.Line($"public {type} {name} {{ get; }}");
        }
    }

    /// <summary>Writes the properties of a state, each with what makes it.</summary>
    public void Properties(CodeWriter code, string module, string owner)
    {
        foreach (var ((name, type, value), i) in All(module, owner).Select((p, i) => (p, i)))
        {
            if (i > 0)
            {
                code.Line();
            }

            code.Line($"public {type} {name} {{ get; }} = {value};");
        }
    }

    private IEnumerable<(string Name, string Type, string Value)> All(string module, string owner) =>
        held.Values.Select(name => (name, "HeldValue", $"{owner}.Own(new HeldValue())"))
            .Concat(fields.Values.Select(f => (f.Name, f.Type + (f.Optional && f.Type[f.Type.Length - 1] != '?' ? "?" : ""), f.Value(owner, module))));
}
