using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Lowering;
using Dsl.Generators.Model;

namespace Dsl.Generators.Emitting;

/// <summary>Which form a text is of.</summary>
internal enum FormKind
{
    Parallel,
    Stateful,

    /// <summary>One text for both: the state may be null.</summary>
    Either,
}

/// <summary>A form that is being written.</summary>
internal sealed record FormText(Fields Fields, StateNames? States, BracketMethods Methods, FormKind Kind);

/// <summary>A private method of the class.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Reads">Values that it is given.</param>
/// <param name="Passes">Passes that it is given.</param>
/// <param name="ReadsState">Whether it is given the state.</param>
internal sealed record BracketMethod(string Name, IReadOnlyList<Value> Reads, IReadOnlyCollection<string> Passes, bool ReadsState);

/// <summary>
/// The methods that brackets become. What two forms have alike is one method. The forms are written twice: the first time tells which brackets they have.
/// </summary>
internal sealed class BracketMethods(Fields fields)
{
    private readonly List<(IReadOnlyList<Node> Nodes, HashSet<FormKind> Kinds)> seen = [];
    private readonly List<(IReadOnlyList<Node> Nodes, FormKind Kind, BracketMethod Method)> made = [];
    private readonly List<string> texts = [];

    /// <summary>The methods, in the order in which they are first called.</summary>
    public IReadOnlyList<string> Texts => texts;

    /// <summary>Writes the forms, a first time to see what they have alike.</summary>
    public void Write(System.Action forms)
    {
        forms();
        made.Clear();
        texts.Clear();
        fields.ForgetMethods();
        forms();
    }

    /// <summary>
    /// Whether nodes are a method: several that give one value, unless they are all there is and nothing else has them, or one of them opens a pass.
    /// </summary>
    public bool IsMethod(IReadOnlyList<Node> nodes, IReadOnlyList<Node> all, IReadOnlyCollection<Value> after, FormText text,
        IReadOnlyDictionary<Value, string> openers) =>
        nodes.Count > 1
        && nodes.All(n => n.Outputs.All(o => !openers.ContainsKey(o)))
        && FormWriter.Escaping(nodes, all, after).Count == 1
        && (nodes.Count < all.Count || KindsOf(nodes, text).Count > 1);

    /// <summary>The method of nodes in a form.</summary>
    public BracketMethod Of(IReadOnlyList<Node> nodes, Value result, Graph graph, FormText text)
    {
        var kind = KindsOf(nodes, text).Count > 1 ? FormKind.Either : text.Kind;
        if (made.FirstOrDefault(m => m.Kind == kind && Same(m.Nodes, nodes)).Method is { } known)
        {
            return known;
        }

        var body = new CodeWriter();
        var form = new FormWriter(text with { Kind = kind }, graph, body);
        var reads = nodes.SelectMany(n => n.Inputs).Distinct().Where(v => nodes.All(n => !n.Outputs.Contains(v))).ToList();
        foreach (var value in reads)
        {
            form.Bind(value, value.Hint);
        }

        var place = texts.Count;
        texts.Add("");
        form.WriteReturning(nodes, result, isMethod: true);
        var passes = form.Passes.OrderBy(p => p != "pass").ThenBy(p => p, System.StringComparer.Ordinal).ToList();
        var method = new BracketMethod(fields.MethodName(NameOf(nodes, graph)), reads, passes, form.ReadsState);
        var state = !form.ReadsState ? [] : new[] { kind == FormKind.Either ? "State? state" : "State state" };
        var parameters = reads.Select(r => "Tensor " + form.NameOf(r)).Concat(passes.Select(p => "Pass " + p)).Concat(state);
        var whole = new CodeWriter();
        whole.Block($"private Tensor {method.Name}({string.Join(", ", parameters)})", () => whole.Lines(body.ToString().TrimEnd('\n')));
        texts[place] = whole.ToString();
        made.Add((nodes, kind, method));
        return method;
    }

    /// <summary>The forms that have these nodes.</summary>
    private HashSet<FormKind> KindsOf(IReadOnlyList<Node> nodes, FormText text)
    {
        if (seen.FirstOrDefault(s => Same(s.Nodes, nodes)) is not ({ }, { } kinds))
        {
            kinds = [];
            seen.Add((nodes, kinds));
        }

        // Within one text for both it is in both.
        kinds.UnionWith(text.Kind == FormKind.Either ? [FormKind.Parallel, FormKind.Stateful] : [text.Kind]);
        return kinds;
    }

    private static bool Same(IReadOnlyList<Node> a, IReadOnlyList<Node> b) =>
        a.Count == b.Count && a.Zip(b, (x, y) => (x, y)).All(p =>
            p.x == p.y
            || (p.x.Inputs.SequenceEqual(p.y.Inputs)
                && p.x.Outputs.SequenceEqual(p.y.Outputs)
                && (p.x.Operation.Bodies.Count == 0
                    ? p.x.Operation == p.y.Operation
                    : p.x.Operation.Bodies.Zip(p.y.Operation.Bodies, (m, n) => (m, n)).All(q => q.m.Result == q.n.Result && Same(q.m.Nodes, q.n.Nodes)))));

    /// <summary>What a person would call a bracket: by its last word that is neither a name nor a modifier, or by that word's key.</summary>
    private static string NameOf(IReadOnlyList<Node> nodes, Graph graph)
    {
        var parts = nodes[0].Bracket < graph.Spec.Brackets.Count ? graph.Spec.Brackets[nodes[0].Bracket].Parts.ToList() : [];
        string[] minor = ["From", "Residual", "When", "Unless", "As", "Output", "LayerNorm", "RmsNorm", "Dropout", "Activate", "Heads", "Merge", "Rearrange"];
        var named = parts.LastOrDefault(p => p.Name == "As")?.Text(0);
        var major = parts.LastOrDefault(p => !minor.Contains(p.Name));
        var name = named
            ?? (major is null ? "" : major.Types.Count > 0 ? Names.Simple(major.Types[0]) : major.Name == "Linear" ? KeyText.LastSegment(major.Text(0) ?? "")
            : major.Name == "Apply" ? major.Text(0) ?? "" : major.Name);
        return "Run" + Names.Pascal(name.Length == 0 ? nodes[0].Output.Hint : name);
    }
}
