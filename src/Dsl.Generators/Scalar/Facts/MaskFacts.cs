using System;
using System.Collections.Generic;
using System.Linq;

namespace Dsl.Generators.Scalar;

/// <summary>
/// What is proven of a mask; what is not proven is unknown, never guessed. Texts are C# over a variable <c>config</c>, ints.
/// </summary>
/// <param name="Causal">No query sees a later key.</param>
/// <param name="Window">
/// Of type int or int?: every visible key has <c>query - key &lt; window</c>, null at run time means no bound; null here: not proven.
/// </param>
/// <param name="Exact">
/// The mask as one of the known rules, as a C# expression of <c>MaskRule</c> (<c>MaskRule.Causal</c>, <c>MaskRule.Full</c>, <c>MaskRule.Band(w)</c>, or a
/// choice of
/// them by the config), where it is exactly that; else null.
/// </param>
/// <param name="Prefix">The mask is exactly causal, but keys before this position are visible to all; null: it is not, or not proven.</param>
internal sealed partial record MaskFacts(bool Causal, string? Window, string? Exact, string? Prefix)
{
    private const int MostCases = 4;

    /// <param name="config">The C# expression that reads the config.</param>
    public static MaskFacts Analyse(ScalarFunction mask, string config = "config")
    {
        var query = mask.Parameters.FirstOrDefault(p => p.Name == "query")?.Name;
        var key = mask.Parameters.FirstOrDefault(p => p.Name == "key")?.Name;
        if (mask.Result != ScalarKind.Bool || Inliner.ToExpression(mask) is not { } rule)
        {
            return new MaskFacts(false, null, null, null);
        }

        var analysis = new Analysis(query, key, config);
        var shape = analysis.Split(rule, MostCases);
        return new MaskFacts(shape.Causal, shape.WindowText(), shape.ExactText(), (shape as Leaf)?.PrefixText);
    }

    /// <summary>
    /// The <c>MaskRule</c> as a C# expression: a known rule where the mask is exactly one, else the user's own method with what is proven of it.
    /// </summary>
    /// <param name="call">The C# call of the mask with arguments <c>query</c> and <c>key</c>.</param>
    public string Rule(string name, string call) => Exact
        ?? $"MaskRule.Rule(\"{name}\", causal: {(Causal ? "true" : "false")}, window: {Window ?? "null"}, (query, key) => {call})";

    private abstract record Shape
    {
        public abstract bool Causal { get; }

        public abstract string? WindowText();

        public abstract string? ExactText();
    }

    private sealed record Leaf(bool IsCausal, string? Window, bool Empty, bool IsExact, string? PrefixText) : Shape
    {
        public override bool Causal => IsCausal || Empty;

        public override string? WindowText() => Window;

        public override string? ExactText() =>
            !IsExact || Empty ? null
            : Window is not null ? (IsCausal ? $"MaskRule.Band({Window})" : null)
            : IsCausal ? "MaskRule.Causal" : "MaskRule.Full";
    }

    private sealed record Choice(string Condition, Shape Yes, Shape No) : Shape
    {
        public override bool Causal => Yes.Causal && No.Causal;

        public override string? WindowText()
        {
            var yes = Yes.WindowText();
            var no = No.WindowText();
            if (yes == no || (yes is null && no is null))
            {
                return yes;
            }

            // c.Window is null ? (int?)null : c.Window.Value is c.Window.
            if (yes is null && no is not null && no.EndsWith(".Value", StringComparison.Ordinal))
            {
                var bound = no.Substring(0, no.Length - ".Value".Length).TrimEnd('!');
                if (Condition == bound + " is null")
                {
                    return bound;
                }
            }

            return $"({Condition} ? {yes ?? "(int?)null"} : {no ?? "(int?)null"})";
        }

        public override string? ExactText()
        {
            var yes = Yes.ExactText();
            var no = No.ExactText();
            return yes is null || no is null ? null : yes == no ? yes : $"({Condition} ? {yes} : {no})";
        }
    }

    /// <summary>q * query + k * key + constant + sum of host terms &lt;= 0.</summary>
    private sealed record Linear(int Query, int Key, long Constant, EquatableArray<Term> Terms)
    {
        public bool IsHost => Query == 0 && Key == 0;

        public Linear Plus(Linear other, int sign)
        {
            var terms = Terms.ToList();
            foreach (var term in other.Terms)
            {
                var at = terms.FindIndex(t => t.Text == term.Text);
                if (at < 0)
                {
                    terms.Add(term with { Times = sign * term.Times });
                }
                else
                {
                    terms[at] = terms[at] with { Times = terms[at].Times + (sign * term.Times) };
                }
            }

            return new Linear(
                Query + (sign * other.Query), Key + (sign * other.Key), Constant + (sign * other.Constant), terms.Where(t => t.Times != 0).ToEquatable());
        }

        public Linear Times(int factor) =>
            new(Query * factor, Key * factor, Constant * factor, Terms.Select(t => t with { Times = t.Times * factor }).Where(t => t.Times != 0).ToEquatable());

        /// <summary>1 - constant - terms, as C#: x &lt; this is x + constant + terms &lt;= 0.</summary>
        public string Bound()
        {
            var text = "";
            foreach (var term in Terms)
            {
                var times = -term.Times;
                var product = Math.Abs(times) == 1 ? term.Text : $"{Math.Abs(times)} * {term.Text}";
                text += text.Length == 0 ? (times < 0 ? "-" : "") + product : (times < 0 ? " - " : " + ") + product;
            }

            var constant = 1 - Constant;
            return text.Length == 0 ? constant.ToString(System.Globalization.CultureInfo.InvariantCulture)
                : constant == 0 ? text : text + (constant < 0 ? " - " : " + ") + Math.Abs(constant).ToString(System.Globalization.CultureInfo.InvariantCulture);
        }
    }

    /// <summary>A host expression, binding as tightly as a factor.</summary>
    private readonly record struct Term(string Text, int Times);
}
