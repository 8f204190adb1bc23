using System.Collections.Generic;
using System.Linq;

namespace Dsl.Generators.Scalar;

/// <summary>What one kind of scalar function may have: a row of a table that reading holds every function against.</summary>
/// <param name="Has">Its arguments and what it returns, as the end of a sentence.</param>
/// <param name="Result">What it returns.</param>
/// <param name="Indices">The ints that something gives it, by name.</param>
/// <param name="Values">Which values: none, the score alone, numbers one by one, or also Complex ones and spans.</param>
/// <param name="Weights">Which <c>[Parameter]</c>s.</param>
internal sealed record FormRule(
    string Has, ScalarKind Result, IReadOnlyList<string> Indices, FormValues Values = FormValues.None, FormValues Weights = FormValues.None,
    bool States = false, bool Tables = false, bool Loops = false)
{
    /// <summary>The index of a function that has no values but the place in a mini-batch, and spans with an element for each.</summary>
    private const string PlaceIndex = "place";

    private static readonly Dictionary<ScalarForm, FormRule> Rules = new()
    {
        [ScalarForm.Mask] = new(
            "int query, int key, int layer and the config, and returns a bool", ScalarKind.Bool, ["query", "key", "layer"], Loops: true),
        [ScalarForm.Score] = new(
            "double score, int head, int query, int key, int layer, [Table] Matrix and [Table(\"b query head n\")] ReadOnlySpan<double> arguments "
                + "and the config, and returns a double",
            ScalarKind.Double, ["head", "query", "key", "layer"], FormValues.Score, Tables: true),
        [ScalarForm.Pointwise] = new(
            "doubles, [Parameter] doubles, int layer and the config, walks no loop, and returns a double; with axes, [Pointwise(\"b t e\")], it has spans "
                + "and loops too (as the rate of a row: int place instead of doubles, and spans with an element for each place)",
            ScalarKind.Double, ["layer", PlaceIndex], FormValues.Numbers, FormValues.Numbers),
        [ScalarForm.Recurrence] = new(
            "states (ref double, Span<double>), doubles, spans with [Axes], [Parameter]s, int position, int layer and the config, and returns a double",
            ScalarKind.Double, ["position", "layer"], FormValues.Any, FormValues.Any, States: true, Loops: true),
        [ScalarForm.Transfer] = new(
            "a Complex, the node, weights (doubles, Complex ones, spans), int layer and the config, and returns a Complex",
            ScalarKind.Complex, ["layer"], FormValues.Any, FormValues.Any, Loops: true),
    };

    /// <summary>A pointwise function that says axes: of spans too, and it walks them.</summary>
    private static readonly FormRule OverAxes = new(
        "doubles, spans with [Axes], [Parameter]s, int layer and the config, and returns a double",
        ScalarKind.Double, ["layer"], FormValues.Any, FormValues.Any, Loops: true);

    /// <summary>The rule of a kind; null for a helper, which may have what its caller gives it.</summary>
    /// <param name="axes">The axes that it says.</param>
    public static FormRule? Of(ScalarForm form, string axes) =>
        form == ScalarForm.Pointwise && axes.Length > 0 ? OverAxes : Rules.TryGetValue(form, out var rule) ? rule : null;

    /// <summary>What a function may not have: at the parameter of that name, or, where it is empty, at what it returns.</summary>
    public IEnumerable<(string Parameter, string Message)> Problems(ScalarFunction function)
    {
        var end = $": a [{function.Form}] function has {Has}.";

        // A mask without its query or key is told so where it is used.
        var lacks = function.Form == ScalarForm.Mask && !Indices.Take(2).All(i => function.Parameters.Any(p => p.Name == i));
        foreach (var parameter in function.Parameters.Where(p => !Allows(p, function) && !(lacks && p.Role == ScalarRole.Index)))
        {
            yield return (parameter.Name, $"'{parameter.Name}' cannot be {Described(parameter)}{end}");
        }

        if (function.Result != Result)
        {
            yield return ("", $"'{function.Name}' cannot return {Article(function.Result)}{end}");
        }
    }

    private bool Allows(ScalarParameter p, ScalarFunction function)
    {
        var place = function.Parameters.Any(q => q is { Role: ScalarRole.Index, Name: PlaceIndex });
        return p.Role switch
        {
            ScalarRole.Config => true,
            ScalarRole.State => States,
            ScalarRole.Table => Tables && p is { Kind: ScalarKind.Double } && (p.Span == p.Axes.Length > 0),
            ScalarRole.Derived => States && p.Kind is ScalarKind.Double or ScalarKind.Complex,
            ScalarRole.Index => Indices.Contains(p.Name) && (p.Name != PlaceIndex || !function.Of(ScalarRole.Value).Any()),
            ScalarRole.Parameter => Fits(p, Weights) || (place && p is { Kind: ScalarKind.Double, Span: true } && Indices.Contains(PlaceIndex)),
            _ => Values == FormValues.Score ? p is { Name: "score", Kind: ScalarKind.Double, Span: false } && function.Parameters[0] == p : Fits(p, Values),
        };
    }

    private static bool Fits(ScalarParameter p, FormValues which) => which switch
    {
        FormValues.Any => p.Kind is ScalarKind.Double or ScalarKind.Complex,
        FormValues.Numbers => p is { Kind: ScalarKind.Double, Span: false },
        _ => false,
    };

    private static string Described(ScalarParameter p) => p.Role switch
    {
        ScalarRole.State => p.Span ? "a state's span" : "a state",
        ScalarRole.Table => p.Span ? "a table's span" + (p.Axes.Length > 0 ? "" : " without axes") : "a table" + (p.Axes.Length > 0 ? " with axes" : ""),
        ScalarRole.Derived => "derived",
        ScalarRole.Index => "an index",
        ScalarRole.Parameter => p.Span ? "a [Parameter] span" : $"a [Parameter] {Word(p.Kind)}",
        _ => p.Span ? "a span" : Article(p.Kind),
    };

    private static string Article(ScalarKind kind) => (kind == ScalarKind.Int ? "an " : "a ") + Word(kind);

    private static string Word(ScalarKind kind) => kind == ScalarKind.Complex ? "Complex" : HostEmitter.TypeOf(kind);
}

/// <summary>Which tensors' elements a function may take.</summary>
internal enum FormValues
{
    None,

    /// <summary>The score, first.</summary>
    Score,

    /// <summary>One double of each.</summary>
    Numbers,

    /// <summary>Doubles and Complex ones, one or a span of each.</summary>
    Any,
}
