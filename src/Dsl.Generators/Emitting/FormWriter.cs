using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Model;

namespace Dsl.Generators.Emitting;

/// <summary>
/// Writes one form of a graph as statements, bracket by bracket. A value lives from its statement to the end of its bracket; one that a later bracket
/// reads is disposed after the last bracket that does.
/// </summary>
internal sealed class FormWriter
{
    private readonly Graph graph;
    private readonly Fields fields;
    private readonly CodeWriter code;
    private readonly StateNames? states;
    private readonly Dictionary<Value, string> names = new();
    private readonly NameTable locals;
    private readonly HashSet<Value> kept = [];
    private readonly HashSet<Value> bare = [];
    private string lastComment = "";

    /// <param name="graph">The form.</param>
    /// <param name="fields">What the class has built.</param>
    /// <param name="code">Where it is written.</param>
    /// <param name="states">What the state keeps, where this is the stateful form.</param>
    public FormWriter(Graph graph, Fields fields, CodeWriter code, StateNames? states = null)
    {
        (this.graph, this.fields, this.code, this.states) = (graph, fields, code, states);

        // Some names are arguments and locals of a model's forms alone.
        string[] ofModels = graph.Spec.IsModel ? ["last", "wanted", "results"] : [];
        locals = new NameTable(["config", "layer", "weights", "pass", "state", "training", "i", "next", "taken", "fast", "slope", .. ofModels, .. fields.Names]);
    }

    public void Bind(Value value, string name) => names[value] = locals.Take(name);

    /// <summary>From now on the value goes by another local, which disposes itself.</summary>
    public void Rebind(Value value, string name) => names[value] = name;

    /// <summary>A value that the caller takes over: it is not disposed here.</summary>
    public void Keep(Value value) => kept.Add(value);

    public bool Has(Value value) => names.ContainsKey(value);

    public string NameOf(Value value) => names[value];

    /// <summary>A local of the method that no value goes by.</summary>
    public string Local(string name) => locals.Take(name);

    /// <summary>Whether a value that outlives its bracket has no using declaration.</summary>
    public bool NeedsDispose(Value value) => bare.Contains(value);

    /// <summary>Disposes what outlived its bracket and has no using declaration.</summary>
    public void DisposeBare()
    {
        foreach (var value in bare)
        {
            code.Line($"{names[value]}.Dispose();");
        }
    }

    public string PassOf(string? axis) => axis is null || axis == graph.MainAxis ? "pass" : axis + "Pass";

    /// <summary>Emits the nodes in groups of one bracket each. <paramref name="after"/> are values read after these nodes.</summary>
    public void Write(IReadOnlyList<Node> nodes, IReadOnlyCollection<Value> after)
    {
        var groups = Brackets(nodes);
        var toDispose = new List<(Value Value, int LastGroup)>();
        for (var g = 0; g < groups.Count; g++)
        {
            var made = groups[g].SelectMany(n => n.Outputs).ToList();
            var escaping = made.Where(v => after.Contains(v) || groups.Skip(g + 1).SelectMany(x => x).Any(n => n.Inputs.Contains(v))).ToList();
            if (g > 0)
            {
                code.Line();
            }

            Comment(groups[g][0]);
            var isNested = made.Count > escaping.Count && escaping.Count == 1;
            if (isNested)
            {
                var result = escaping[0];
                names[result] = locals.Take(result.Hint);
                bare.Add(result);
                code.Line($"Tensor {names[result]};");
                code.Block(null, () => groups[g].ForEach(n => Write(n, result)));
                if (!after.Contains(result) && !kept.Contains(result))
                {
                    toDispose.Add((result, Enumerable.Range(0, groups.Count).Last(i => groups[i].Any(n => n.Inputs.Contains(result)))));
                }
            }
            else
            {
                groups[g].ForEach(n => Write(n, null));
            }

            foreach (var (value, _) in toDispose.Where(d => d.LastGroup == g).ToList())
            {
                code.Line($"{names[value]}.Dispose();");
                bare.Remove(value);
            }
        }
    }

    /// <summary>Writes a node's call; <paramref name="result"/> is declared already.</summary>
    public void Write(Node node, Value? result) => node.Operation.Call(new Call(this, node, result));

    /// <summary>What <c>Begin</c> does after its nodes: keeps values, and begins the blocks below.</summary>
    public void WriteKeeping()
    {
        foreach (var value in states!.Form.Held)
        {
            var isInput = states.Form.MemoryInputs.Any(i => i.Output == value);
            code.Line($"state.{states.Of(value)}.Hold({names[value]}.{(isInput ? "clone()" : "alias()")});");
        }

        foreach (var block in states.Form.Blocks)
        {
            var passes = block.Memory.Select(m => m.TimeAxis).OfType<string>().Distinct().Select(PassOf);
            var node = states.Form.Step.AllNodes.First(n => n.Outputs.Contains(block.Output));
            node.Operation.Begin(new Call(this, node, null), string.Join(", ", block.Memory.Select(m => names[m]).Concat(passes)));
        }
    }

    /// <summary>In a step, values that the state keeps are read from it.</summary>
    public void BindHeld()
    {
        foreach (var value in states!.Form.Held)
        {
            names[value] = $"state.{states.Of(value)}.Value!";
        }
    }

    /// <summary>What a node passes back to one of its inputs.</summary>
    public string Back(Node node, int input, string gradient) => node.Operation.WayBack!(new Call(this, node, null), input, gradient);

    private static List<List<Node>> Brackets(IReadOnlyList<Node> nodes)
    {
        var groups = new List<List<Node>>();
        foreach (var node in nodes)
        {
            if (groups.Count == 0 || groups[groups.Count - 1][0].Bracket != node.Bracket)
            {
                groups.Add([]);
            }

            groups[groups.Count - 1].Add(node);
        }

        return groups;
    }

    /// <summary>The bracket that the next lines come from, where it is another one.</summary>
    private void Comment(Node first)
    {
        if (first.Bracket < graph.Spec.Brackets.Count)
        {
            var source = "// " + Declared.Short(graph.Spec.Brackets[first.Bracket].ToSource());
            if (source != lastComment)
            {
                code.Line(source);
            }

            lastComment = source;
        }
    }

    private sealed class Call(FormWriter form, Node node, Value? result) : Calling(form.fields.Text)
    {
        public override Node Node => node;

        public override Node Whole => form.states?.WholeOf(node) ?? node;

        public override bool Steps => form.states?.Keeps(node) == true;

        public override string State => Steps ? form.states!.CodeOf(node) : "null";

        private bool IsResult => node.Outputs.Count == 1 && node.Output == result;

        public override FieldReference Field(string slot = "") => form.fields.Of(node.Operation, form.fields.PathOf(node), slot);

        public override string Code(Size size) => form.fields.SizeInForm(size);

        public override string In(int index = 0) => form.names[node.Inputs[index]];

        public override string PassOf(string? axis) => form.PassOf(axis);

        public override string Local(string wanted) => form.locals.Take(wanted);

        public override void Result(string expression, string comment = "") => Line($"{Target()} = {expression};{After(comment)}");

        public override void Results(string name, string expression, string comment = "")
        {
            var parts = form.locals.Take(name);
            Line($"using var {parts} = {expression};{After(comment)}");
            for (var i = 0; i < node.Outputs.Count; i++)
            {
                var output = node.Outputs[i];
                if (output == result || form.kept.Contains(output))
                {
                    if (!form.names.ContainsKey(output))
                    {
                        form.names[output] = form.locals.Take(output.Hint);
                    }

                    Line($"{(output == result ? "" : "var ")}{form.names[output]} = {parts}[{i}].alias();");
                }
                else
                {
                    form.names[output] = $"{parts}[{i}]";
                }
            }
        }

        public override string Open(string? value = null)
        {
            if (!IsResult)
            {
                form.names[node.Output] = form.locals.Take(node.Output.Hint);
            }

            var name = form.names[node.Output];
            if (value is not null)
            {
                Line($"{(IsResult ? "" : "var ")}{name} = {value};");
            }
            else if (!IsResult)
            {
                Line($"Tensor {name};");
            }

            return name;
        }

        public override void Close()
        {
            if (!IsResult && !form.kept.Contains(node.Output))
            {
                var name = form.names[node.Output];
                Line($"using var {form.locals.Take(name + "Scope")} = {name};");
            }
        }

        public override void Line(string line) => form.code.Line(line);

        public override void Block(string? head, Action body) => form.code.Block(head, body);

        public override void Inside(Body body)
        {
            var target = form.names[node.Output];
            var maker = body.Nodes.FirstOrDefault(n => n.Outputs.Count == 1 && n.Output == body.Result);
            foreach (var inner in body.Nodes)
            {
                if (inner == maker)
                {
                    form.names[body.Result] = target;
                }

                form.Write(inner, inner == maker ? body.Result : null);
            }

            if (maker is null)
            {
                Line($"{target} = {form.names[body.Result]}.alias();{After(body.Nodes.Count == 0 ? "the identity" : "")}");
            }
        }

        private static string After(string comment) => comment.Length == 0 ? "" : "  // " + comment;

        /// <summary>The left side of the statement that makes the output.</summary>
        private string Target()
        {
            if (IsResult)
            {
                return form.names[node.Output];
            }

            if (!form.names.ContainsKey(node.Output))
            {
                form.names[node.Output] = form.locals.Take(node.Output.Hint);
            }

            return (form.kept.Contains(node.Output) ? "var " : "using var ") + form.names[node.Output];
        }
    }
}
