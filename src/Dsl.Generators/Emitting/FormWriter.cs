using System;
using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Model;

namespace Dsl.Generators.Emitting;

/// <summary>
/// Writes nodes as statements, bracket by bracket. A bracket of several nodes that gives one value is a method of its own, which forms share; other nodes
/// are statements here, and their values live to the end of the method.
/// </summary>
internal sealed class FormWriter
{
    private readonly FormText text;
    private readonly Graph graph;
    private readonly CodeWriter code;
    private readonly Dictionary<Value, string> names = new();
    private readonly NameTable locals;
    private readonly HashSet<Value> kept = [];
    private readonly HashSet<string> passes = [];
    private readonly IReadOnlyDictionary<Value, string> openers;
    private string lastComment = "";

    /// <param name="text">The class that is written, and which form this is.</param>
    /// <param name="graph">The form.</param>
    /// <param name="code">Where it is written.</param>
    public FormWriter(FormText text, Graph graph, CodeWriter code)
    {
        (this.text, this.graph, this.code) = (text, graph, code);
        var other = graph.MainAxis is null ? graph.Inputs.Select(i => i.Output.TimeAxis).FirstOrDefault(a => a is not null) : null;
        Timeless = other is null ? "pass" : other + "Pass";
        openers = graph.Openers;
        string[] arguments = ["config", "layer", "weights", "pass", "state", "training", "capacity", "taken", "fast", "slope"];
        string[] ofModels = graph.Spec.IsModel ? ["last", "wanted", "results", "off"] : [];
        var handedOver = graph.Spec.IsModel ? [] : graph.Outputs.Select(o => Names.Out(o.Name));
        locals = new NameTable([.. arguments, .. ofModels, .. graph.Parameters, .. handedOver]);
    }

    /// <summary>Names of passes that were asked for.</summary>
    public IReadOnlyCollection<string> Passes => passes;

    /// <summary>Whether the state was asked for.</summary>
    public bool ReadsState { get; private set; }

    public void Bind(Value value, string name) => names[value] = locals.Take(name);

    /// <summary>From now on the value goes by another local, which disposes itself.</summary>
    public void Rebind(Value value, string name) => names[value] = name;

    /// <summary>A value that the caller takes over: it is not disposed here.</summary>
    public void Keep(Value value) => kept.Add(value);

    public bool Has(Value value) => names.ContainsKey(value);

    public string NameOf(Value value) => names[value];

    /// <summary>A local of the method that no value goes by.</summary>
    public string Local(string name) => locals.Take(name);

    /// <summary>The pass that is handed to what has no time.</summary>
    public string Timeless { get; set; }

    /// <summary>Whether the method that is written is given passes.</summary>
    public bool HasPass { get; init; } = true;

    public string PassOf(string? axis)
    {
        if (!HasPass)
        {
            throw new InvalidOperationException("A form without passes is asked for one.");
        }

        var name = axis is null ? Timeless : axis == graph.MainAxis ? "pass" : axis + "Pass";
        passes.Add(name);
        return name;
    }

    /// <summary>Statements for nodes; what they give stays bound.</summary>
    /// <param name="nodes">In their order.</param>
    /// <param name="after">Values that are read after these nodes.</param>
    public void Write(IReadOnlyList<Node> nodes, IReadOnlyCollection<Value> after)
    {
        var spaced = false;
        foreach (var (bracket, i) in Brackets(nodes).Select((b, i) => (b, i)))
        {
            var isMethod = text.Methods.IsMethod(bracket, nodes, after, text, openers);
            if (i > 0 && !(isMethod && spaced))
            {
                code.Line();
            }

            spaced = isMethod;
            if (isMethod)
            {
                WriteCall(bracket, Escaping(bracket, nodes, after)[0], isReturned: false);
                continue;
            }

            Comment(bracket[0]);
            bracket.ForEach(n => Write(n));
        }
    }

    /// <summary>Statements for nodes, and the return of one of the values.</summary>
    /// <param name="nodes">In their order.</param>
    /// <param name="result">What is returned.</param>
    /// <param name="isMethod">Whether these nodes are a method already.</param>
    public void WriteReturning(IReadOnlyList<Node> nodes, Value result, bool isMethod = false)
    {
        var brackets = Brackets(nodes);
        kept.Add(result);
        var spaced = false;
        for (var i = 0; i < brackets.Count; i++)
        {
            var isLast = i == brackets.Count - 1 && brackets[i].Last().Outputs.Contains(result);
            var isCall = !isMethod && text.Methods.IsMethod(brackets[i], nodes, [result], text, openers);
            if (i > 0 && !(isCall && spaced))
            {
                code.Line();
            }

            spaced = isCall;
            if (isCall)
            {
                WriteCall(brackets[i], Escaping(brackets[i], nodes, [result])[0], isReturned: isLast);
                if (isLast)
                {
                    return;
                }

                continue;
            }

            Comment(brackets[i][0]);
            foreach (var node in brackets[i])
            {
                var isReturned = isLast && node == brackets[i].Last() && node.Outputs.Count == 1;
                Write(node, isReturned);
                if (isReturned)
                {
                    return;
                }
            }
        }

        code.Line($"return {names[result]}{(nodes.All(n => !n.Outputs.Contains(result)) ? ".alias()" : "")};");
    }

    /// <summary>A node's call, as a statement or what the method returns.</summary>
    public void Write(Node node, bool isReturned = false)
    {
        var call = new Call(this, node, isReturned);
        node.Operation.Call(call);
        foreach (var output in isReturned ? [] : node.Outputs.Where(openers.ContainsKey))
        {
            var axis = openers[output];
            var pass = node.Operation is IPassMaker maker ? maker.PassOf(call) : null;
            code.Line($"using var {PassOf(axis)} = "
                + $"{pass ?? $"Pass.Over((int){names[output]}.shape[0], (int){names[output]}.shape[1], {names[output]}.device, training)"};");
        }
    }

    /// <summary>What <c>Begin</c> does after its nodes: keeps values, and begins the blocks below.</summary>
    public void WriteKeeping(StateNames states)
    {
        foreach (var value in states.Form.Held)
        {
            var isInput = states.Form.MemoryInputs.Any(i => i.Output == value);
            code.Line($"state.{states.Of(value)}.Hold({names[value]}.{(isInput ? "clone()" : "alias()")});");
        }

        foreach (var block in states.Form.Blocks)
        {
            var along = block.Memory.Select(m => m.PassAxis).OfType<string>().Distinct().Select(PassOf);
            var node = states.Form.Step.AllNodes.First(n => n.Outputs.Contains(block.Output));
            node.Operation.Begin(new Call(this, node, false), string.Join(", ", block.Memory.Select(m => names[m]).Concat(along)));
        }
    }

    /// <summary>In a step, values that the state keeps are read from it.</summary>
    public void BindHeld(StateNames states)
    {
        foreach (var value in states.Form.Held)
        {
            names[value] = $"state.{states.Of(value)}.Value!";
        }
    }

    /// <summary>What a node passes back to one of its inputs.</summary>
    public string Back(Node node, int input, string gradient) => node.Operation.WayBack!(new Call(this, node, false), input, gradient);

    /// <summary>Runs of nodes that come from one bracket each.</summary>
    private static List<List<Node>> Brackets(IReadOnlyList<Node> nodes)
    {
        var brackets = new List<List<Node>>();
        foreach (var node in nodes)
        {
            if (brackets.Count == 0 || brackets[brackets.Count - 1][0].Bracket != node.Bracket)
            {
                brackets.Add([]);
            }

            brackets[brackets.Count - 1].Add(node);
        }

        return brackets;
    }

    /// <summary>What is read of some nodes outside of them.</summary>
    public static List<Value> Escaping(IReadOnlyList<Node> some, IReadOnlyList<Node> all, IReadOnlyCollection<Value> after) =>
        some.SelectMany(n => n.Outputs).Where(v => after.Contains(v) || all.Any(n => n.Inputs.Contains(v) && !some.Contains(n))).ToList();

    private void WriteCall(IReadOnlyList<Node> nodes, Value result, bool isReturned)
    {
        var call = CallOf(nodes, result);
        if (isReturned)
        {
            code.Line($"return {call};");
        }
        else
        {
            code.Line($"{Target(result)} = {call};");
        }
    }

    /// <summary>The call of the method that nodes have become.</summary>
    private string CallOf(IReadOnlyList<Node> nodes, Value result)
    {
        var method = text.Methods.Of(nodes, result, graph, text);
        var given = method.Passes.Select(p => p == "pass" ? Timeless : p).ToList();
        passes.UnionWith(given);
        ReadsState |= method.ReadsState;
        var state = method.ReadsState ? [text.Kind == FormKind.Parallel ? "null" : "state"] : Array.Empty<string>();
        return $"{method.Name}({string.Join(", ", method.Reads.Select(v => names[v]).Concat(given).Concat(state))})";
    }

    /// <summary>The left side of the statement that makes a value.</summary>
    private string Target(Value value)
    {
        if (!names.ContainsKey(value))
        {
            names[value] = locals.Take(value.Hint);
        }

        return (kept.Contains(value) ? "var " : "using var ") + names[value];
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

    private sealed class Call(FormWriter form, Node node, bool isReturned, Action<string>? instead = null) : Calling(form.text.Fields.Text)
    {
        private StateNames? States => form.text.States;

        private FormKind Kind => States?.Keeps(node) == true ? form.text.Kind : FormKind.Parallel;

        public override Node Node => node;

        public override Node Whole => form.text.Kind == FormKind.Stateful ? States!.WholeOf(node) : node;

        public override string State => Kind switch
        {
            FormKind.Parallel => "null",
            FormKind.Stateful => StateCode("."),
            _ => StateCode("?."),
        };

        public override string ByForm(string parallel, Func<string, string> stateful) => Kind switch
        {
            FormKind.Parallel => parallel,
            FormKind.Stateful => stateful(StateCode(".")),
            _ => $"state is null ? {parallel} : {stateful(StateCode("."))}",
        };

        public override FieldReference Field(string slot = "") => form.text.Fields.Of(node.Operation, form.text.Fields.PathOf(node), slot);

        public override string Code(Size size) => form.text.Fields.SizeInForm(size);

        public override string In(int index = 0) => form.names[node.Inputs[index]];

        public override string PassOf(string? axis) => form.PassOf(axis);

        public override bool HasPass => form.HasPass;

        public override string Local(string wanted) => form.locals.Take(wanted);

        public override void Line(string line) => form.code.Line(line);

        public override void Block(string? head, Action body) => form.code.Block(head, body);

        public override void Result(string expression, string comment = "")
        {
            if (instead is not null)
            {
                instead(expression);
                return;
            }

            Line($"{(isReturned ? "return" : form.Target(node.Output) + " =")} {expression};{After(comment)}");
        }

        public override void Also(int output, string expression) => Line($"{form.Target(node.Outputs[output])} = {expression};");

        public override void Results(string name, string expression, string comment = "")
        {
            // using var qkvProj = _qkvProj.ApplyParts(normed);  // one product
            // var (qProj, kProj, vProj) = qkvProj;
            var parts = form.locals.Take(name);
            Line($"using var {parts} = {expression};{After(comment)}");
            var outputs = node.Outputs.Select(o => form.names[o] = form.locals.Take(o.Named is { } own && IsIdentifier(own) ? own : o.Hint)).ToList();
            if (outputs.Count <= 5)
            {
                Line($"var ({string.Join(", ", outputs)}) = {parts};");
            }
            else
            {
                outputs.ForEach(o => Line($"var {o} = {parts}[{outputs.IndexOf(o)}];"));
            }

            foreach (var output in node.Outputs.Where(form.kept.Contains))
            {
                // A view that outlives the parts.
                var own = form.locals.Take(output.Hint);
                Line($"var {own} = {form.names[output]}.alias();");
                form.names[output] = own;
            }
        }

        public override void Branch(string condition) =>
            Result($"{condition} ? {Of(node.Operation.Bodies[0])} : {Of(node.Operation.Bodies[1])}");

        private string StateCode(string access)
        {
            form.ReadsState = true;
            return States!.CodeOf(node, access);
        }

        /// <summary>What a body gives, as an expression: one call, or the call of a method that several have become.</summary>
        private string Of(Body body)
        {
            var nodes = body.Nodes;
            if (nodes.Count == 0 || nodes.All(n => !n.Outputs.Contains(body.Result)))
            {
                return form.names[body.Result] + ".alias()";
            }

            return nodes.Count == 1 && nodes[0].Outputs.Count == 1 && Single(nodes[0]) is { } expression ? expression : form.CallOf(nodes, body.Result);
        }

        /// <summary>A call that is one expression and nothing else.</summary>
        private string? Single(Node inner)
        {
            string? expression = null;
            var lines = new CodeWriter();
            var trial = new FormWriter(form.text, form.graph, lines);
            foreach (var name in form.names)
            {
                trial.names[name.Key] = name.Value;
            }

            inner.Operation.Call(new Call(trial, inner, false, found => expression = found));
            if (lines.ToString().Length > 0)
            {
                return null;
            }

            form.passes.UnionWith(trial.passes);
            form.ReadsState |= trial.ReadsState;
            return expression is { } e && e.StartsWith("state is null", StringComparison.Ordinal) ? $"({e})" : expression;
        }

        private static string After(string comment) => comment.Length == 0 ? "" : "  // " + comment;

        private static bool IsIdentifier(string name) =>
            name.Length > 0 && (char.IsLetter(name[0]) || name[0] == '_') && name.All(c => char.IsLetterOrDigit(c) || c == '_');
    }
}
