using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Lowering;
using Dsl.Generators.Model;

namespace Dsl.Generators.Emitting;

/// <summary>
/// What a class builds once and its forms read: weights, tables, masks, scales, blocks. The forms ask for the fields of an operation by the operation itself
/// and the conditions that it stands under, so that each branch has its own.
/// </summary>
internal sealed class Fields
{
    /// <summary>What generated code calls by these names, so that no member may have them.</summary>
    private static readonly string[] Called =
    [
        "Forward", "Advance", "Begin", "Read", "Learn", "Masks", "Fusions", "State", "Contract",
            "Wanted", "Results", "_parameters", "_to", "_buffers", "_modules",
    ];

    private readonly Forms forms;
    private readonly NameTable taken;
    private readonly List<(string Type, FieldReference Field, bool StartsEmpty)> declared = [];
    private readonly Dictionary<(Operation Operation, string Path, string Slot), FieldReference> ofOperation = new();
    private readonly Dictionary<string, FieldReference> ofValue = new();
    private readonly HashSet<(Operation, string)> built = [];
    private readonly Dictionary<Node, string> paths = new();
    private readonly List<string> methods = [];
    private readonly SortedSet<string> sizes = new(StringComparer.Ordinal);

    public Fields(Forms forms)
    {
        this.forms = forms;
        var spec = forms.Source.Spec;
        taken = new NameTable(["config", "layer", spec.SimpleName, .. Called, .. spec.OwnMembers, .. forms.Source.Parameters]);
        Text = new ClassText(forms.Source, taken);
    }

    public ClassText Text { get; }

    /// <summary>Declarations of the fields, in the order in which they are built.</summary>
    public IEnumerable<string> Declarations =>
        sizes.Select(s => $"private readonly long {s};")
            .Concat(declared.Select(d => $"private readonly {d.Type}{(d.Field.Optional ? "?" : "")} {d.Field.Name}{(d.StartsEmpty ? " = []" : "")};"));

    /// <summary>Statements by which the constructor keeps sizes that the forms read.</summary>
    public IEnumerable<string> SizesKept => sizes.Select(s => $"this.{s} = {s};");

    /// <summary>Writes the constructor's statements: what any form needs, each once.</summary>
    public void Build(CodeWriter code)
    {
        foreach (var graph in forms.All)
        {
            Build(graph.Nodes, "", code);
        }
    }

    /// <summary>A name for a method of the class.</summary>
    public string MethodName(string wanted)
    {
        methods.Add(taken.Take(wanted));
        return methods[methods.Count - 1];
    }

    /// <summary>Gives the names of methods back, which are written anew.</summary>
    public void ForgetMethods()
    {
        methods.ForEach(taken.Release);
        methods.Clear();
    }

    /// <summary>The conditions that a node stands under.</summary>
    public string PathOf(Node node) => paths[node];

    /// <summary>A field of an operation.</summary>
    public FieldReference Of(Operation operation, string path, string slot) => ofOperation[(operation, path, slot)];

    /// <summary>A size as the forms write it: one that the constructor was given is kept in a field.</summary>
    public string SizeInForm(Size size)
    {
        sizes.UnionWith(size.Symbols.Where(s => s[0] == '@').Select(s => s.Substring(1)));
        return size.ToCode();
    }

    /// <summary>What an operation asks while something other than its call is written.</summary>
    public Construction At(Node node) => new Builder(this, node.Operation, PathOf(node), new CodeWriter());

    private void Build(IReadOnlyList<Node> nodes, string path, CodeWriter code)
    {
        foreach (var node in nodes)
        {
            paths[node] = path;
            if (node.Operation.Bodies.Count > 0 || built.Add((node.Operation, path)))
            {
                node.Operation.Build(new Builder(this, node.Operation, path, code));
            }
        }
    }

    private FieldReference Add(Operation operation, string path, string slot, string type, string name, string value, bool neverNull, CodeWriter code)
    {
        // Equal values under equal conditions are one field, whoever asks for them.
        var id = $"{path} {type} {value}";
        if (!ofValue.TryGetValue(id, out var field))
        {
            field = new FieldReference(taken.Take("_" + Names.Camel(KeyText.Plain(name))), path.Length > 0 && !neverNull);
            declared.Add((type, field, neverNull && path.Length > 0 && type.EndsWith("[]", StringComparison.Ordinal)));
            ofValue[id] = field;
            code.Line($"{field.Name} = {value};");
        }

        return ofOperation[(operation, path, slot)] = field;
    }

    private sealed class Builder(Fields fields, Operation operation, string path, CodeWriter code) : Construction(fields.Text)
    {
        public override string Layer => fields.forms.Source.Spec.IsModel ? "0" : "layer";

        public override FieldReference Field(string slot = "") => fields.Of(operation, path, slot);

        public override FieldReference Field(string type, string name, string value, string slot = "", bool list = false) =>
            fields.Add(operation, path, slot, type, name, value, list, code);

        public override string Code(Size size) => size.ToCode();

        public override void Line(string line) => code.Line(line);

        public override void Block(string? head, Action body, string tail = "") => code.Block(head, body, tail);

        public override void Branch(string condition)
        {
            var branches = operation.Bodies.Select((body, i) =>
            {
                var inside = new CodeWriter();
                fields.Build(body.Nodes, $"{path}/{operation.Id}.{i}", inside);
                return inside.ToString().TrimEnd('\n');
            }).ToList();
            var heads = branches[0].Length > 0 ? [$"if ({condition})", "else"] : new[] { "", $"if (!{condition})" };
            foreach (var (head, branch) in heads.Zip(branches, (h, b) => (h, b)).Where(b => b.b.Length > 0))
            {
                code.Block(head, () => code.Lines(branch));
            }
        }
    }
}
