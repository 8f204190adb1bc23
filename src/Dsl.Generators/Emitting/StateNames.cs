using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Lowering;
using Dsl.Generators.Model;

namespace Dsl.Generators.Emitting;

/// <summary>Names and types of what the stateful form keeps.</summary>
internal sealed class StateNames
{
    private readonly Dictionary<Node, StateField> fields = new();
    private readonly Dictionary<Value, string> held = new();

    public StateNames(StatefulForm form, Fields built)
    {
        Form = form;
        var table = new NameTable(
            "Timeline", "Batch", "Length", "Bytes", "Parts", "Own", "Clone", "Select", "Truncate", "Reset", "Dispose", "Fresh", "State");
        foreach (var node in form.Step.AllNodes.Where(n => n.Operation.InTime(n, form.Step.Stepping) is InTime.Shifted or InTime.Accumulating))
        {
            var field = node.Operation.State(built.At(node))!;
            fields[node] = field with { Name = table.Take(char.ToUpperInvariant(field.Name[0]) + field.Name.Substring(1)) };
        }

        foreach (var value in form.Held)
        {
            held[value] = table.Take(char.ToUpperInvariant(value.Hint[0]) + value.Hint.Substring(1));
        }
    }

    public StatefulForm Form { get; }

    /// <summary>What is kept for nodes, in their order.</summary>
    public IEnumerable<StateField> Fields => fields.Values;

    public bool Keeps(Node node) => fields.ContainsKey(node);

    /// <summary>The state of a node, where it is known to be there.</summary>
    public string CodeOf(Node node) => $"state.{fields[node].Name}{(fields[node].Optional ? "!" : "")}";

    public string Of(Value value) => held[value];

    /// <summary>The node with all that it reads.</summary>
    public Node WholeOf(Node node) => Form.Blocks.FirstOrDefault(b => b.Output == node.Output)?.Whole ?? node;

    /// <summary>What says which tokens of a memory are real.</summary>
    public static string RealOf(string axis) => char.ToUpperInvariant(axis[0]) + axis.Substring(1) + "Real";

    /// <summary>Writes what the constructor of a state makes.</summary>
    public void Build(CodeWriter code, string module, string owner)
    {
        foreach (var name in held.Values)
        {
            code.Line($"{name} = {owner}.Own(new HeldValue());");
        }

        foreach (var field in fields.Values)
        {
            code.Line($"{field.Name} = {field.Value(owner, module)};");
        }
    }

    public void Properties(CodeWriter code)
    {
        foreach (var property in held.Values.Select(name => $"public HeldValue {name} {{ get; }}")
            .Concat(fields.Values.Select(f => $"public {f.Type}{(f.Optional && f.Type[f.Type.Length - 1] != '?' ? "?" : "")} {f.Name} {{ get; }}")))
        {
            code.Line();
            code.Line(property);
        }
    }
}
