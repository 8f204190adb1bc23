using System;
using System.Collections.Generic;
using System.Linq;

namespace Dsl.Generators.Scalar;

/// <summary>
/// What is proven of a mask; what is not proven is unknown, never guessed. Texts are C# over a variable <c>config</c>, ints.
/// </summary>
/// <param name="Causal">No query sees a later key.</param>
/// <param name="Window">Of type int or int?: every visible key has <c>query - key &lt; window</c>, null at run time means no bound; null here: not proven.</param>
/// <param name="Exact">
/// The mask as one of the known rules, as a C# expression of <c>MaskRule</c> (<c>MaskRule.Causal</c>, <c>MaskRule.Full</c>, <c>MaskRule.Band(w)</c>, or a choice of
/// them by the config), where it is exactly that; else null.
/// </param>
/// <param name="Prefix">The mask is exactly causal, but keys before this position are visible to all; null: it is not, or not proven.</param>
internal sealed record MaskFacts(bool Causal, string? Window, string? Exact, string? Prefix)
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
            if (yes is null && Condition == (no + "|").Replace(".Value|", " is null"))
            {
                return no!.Substring(0, no.Length - ".Value".Length);
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

            return new Linear(Query + (sign * other.Query), Key + (sign * other.Key), Constant + (sign * other.Constant), terms.Where(t => t.Times != 0).ToEquatable());
        }

        public Linear Times(int factor) => new(Query * factor, Key * factor, Constant * factor, Terms.Select(t => t with { Times = t.Times * factor }).Where(t => t.Times != 0).ToEquatable());

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

    private sealed class Analysis(string? query, string? key, string config)
    {
        private int work;

        // The config decides: one shape for each way its conditions can fall.
        public Shape Split(Expression rule, int cases)
        {
            rule = Simplify(rule);
            var condition = Find(rule);
            if (condition is null)
            {
                return Prove(rule);
            }

            if (cases == 0 || ++work > 200)
            {
                return new Leaf(false, null, false, false, null);
            }

            var yes = Split(Assume(rule, condition, true), cases - 1);
            var no = Split(Assume(rule, condition, false), cases - 1);
            return yes.Equals(no) ? yes : new Choice(Host(condition, 6), yes, no);
        }

        private bool IsHost(Expression expression) =>
            !Mapping.Any(expression, e => e is Variable or Element or Entry or Length or Invoke);

        private string Host(Expression expression, int outer)
        {
            string? Own(Expression e) => e is Setting s ? config + "." + s.Member : null;
            return outer >= 8 ? HostEmitter.Tight(expression, Own) : HostEmitter.Text(expression, Own);
        }

        // A condition of the config alone; first of all, whether a member is null.
        private Expression? Find(Expression expression) =>
            NullTest(expression) ?? (Nullable(expression) is { } setting ? new IsNull(setting) : null) ?? Condition(expression);

        private Expression? NullTest(Expression expression) =>
            expression is IsNull && IsHost(expression) ? expression : expression.Children.Select(NullTest).FirstOrDefault(c => c is not null);

        private static Expression? Nullable(Expression expression)
        {
            if (expression is Unwrap)
            {
                return null;
            }

            return expression is Setting { MayBeNull: true, Kind: not ScalarKind.Text } ? expression : expression.Children.Select(Nullable).FirstOrDefault(c => c is not null);
        }

        private Expression? Condition(Expression expression)
        {
            if (expression.Kind == ScalarKind.Bool && expression is not Constant && IsHost(expression) && expression is not Binary { Operator: BinaryOperator.And or BinaryOperator.Or }
                && expression is not Unary)
            {
                return expression;
            }

            return expression.Children.Select(Condition).FirstOrDefault(c => c is not null);
        }

        private static Expression Assume(Expression rule, Expression condition, bool holds) => Mapping.Map(rule, e =>
        {
            if (e.Equals(condition))
            {
                return Constant.Of(holds);
            }

            if (condition is not IsNull { Operand: var operand })
            {
                return null;
            }

            switch (e)
            {
                case Unwrap u when u.Operand.Equals(operand):
                    return holds ? (u.Other is null ? u : Assume(u.Other, condition, holds)) : new Unwrap(operand, null);
                case Binary b when b.Operator is >= BinaryOperator.Less and <= BinaryOperator.GreaterOrEqual && holds && (Lifts(b.Left, operand) || Lifts(b.Right, operand)):
                    return Constant.Of(false);
                case Setting s when s.Equals(operand) && !holds:
                    return new Unwrap(s, null);
                default:
                    return null;
            }
        });

        // Null in, null out.
        private static bool Lifts(Expression expression, Expression operand) => expression.Equals(operand) || (expression switch
        {
            Unary u => Lifts(u.Operand, operand),
            ConvertTo c => Lifts(c.Operand, operand),
            Binary { Operator: <= BinaryOperator.Remainder } b => Lifts(b.Left, operand) || Lifts(b.Right, operand),
            _ => false,
        });

        private Expression Simplify(Expression e)
        {
            bool? Known(Expression x) => x is Constant { Kind: ScalarKind.Bool } c ? c.Value != 0 : null;
            switch (e)
            {
                case Unary { Operator: UnaryOperator.Not } u:
                    var operand = Simplify(u.Operand);
                    return Known(operand) is { } value ? Constant.Of(!value) : operand is Unary { Operator: UnaryOperator.Not } twice ? twice.Operand : new Unary(UnaryOperator.Not, operand);
                case Binary { Operator: BinaryOperator.And or BinaryOperator.Or } b:
                    var left = Simplify(b.Left);
                    var right = Simplify(b.Right);
                    var neutral = b.Operator == BinaryOperator.And;
                    return Known(left) is { } l ? (l == neutral ? right : Constant.Of(!neutral))
                        : Known(right) is { } r ? (r == neutral ? left : Constant.Of(!neutral))
                        : left.Equals(right) ? left : b with { Left = left, Right = right };
                case Select s:
                    var condition = Simplify(s.Condition);
                    var yes = Simplify(s.Yes);
                    var no = Simplify(s.No);
                    if (Known(condition) is { } c2)
                    {
                        return c2 ? yes : no;
                    }

                    return s.Kind != ScalarKind.Bool ? new Select(condition, yes, no)
                        : Simplify(new Binary(
                            BinaryOperator.Or,
                            new Binary(BinaryOperator.And, condition, yes, ScalarKind.Bool),
                            new Binary(BinaryOperator.And, new Unary(UnaryOperator.Not, condition), no, ScalarKind.Bool),
                            ScalarKind.Bool));
                default:
                    return e;
            }
        }

        private Leaf Prove(Expression rule)
        {
            var facts = Facts(rule, true);
            var window = facts.Windows.Count > 0 ? facts.Windows[0] : null;
            var exact = facts.Exact && facts.Windows.Count <= 1;
            string? prefix = null;
            if (rule is Binary { Operator: BinaryOperator.Or } or)
            {
                prefix = Prefix(or.Left, or.Right) ?? Prefix(or.Right, or.Left);
            }

            return new Leaf(facts.Causal, window, facts.Never, exact, prefix);
        }

        private string? Prefix(Expression causal, Expression early)
        {
            var left = Facts(causal, true);
            return left is { Causal: true, Exact: true, Windows.Count: 0 } && Atoms(early, true) is { Count: 1 } atoms && atoms[0] is { Query: 0, Key: 1 } atom ? atom.Bound() : null;
        }

        /// <param name="Exact">The conjunction of what is listed is the condition itself, no more, no less.</param>
        private sealed record Fact(bool Causal, IReadOnlyList<string> Windows, bool Exact, bool Never)
        {
            public static readonly Fact Unknown = new(false, [], false, false);
            public static readonly Fact True = new(false, [], true, false);
            public static readonly Fact False = new(true, [], false, true);
        }

        private Fact Facts(Expression e, bool holds)
        {
            switch (e)
            {
                case Constant c:
                    return c.Value != 0 == holds ? Fact.True : Fact.False;
                case Unary { Operator: UnaryOperator.Not } u:
                    return Facts(u.Operand, !holds);
                case Binary { Operator: BinaryOperator.And or BinaryOperator.Or } b:
                    var left = Facts(b.Left, holds);
                    var right = Facts(b.Right, holds);
                    if (b.Operator == BinaryOperator.And == holds)
                    {
                        return new Fact(left.Causal || right.Causal, [.. left.Windows.Union(right.Windows)], left.Exact && right.Exact, left.Never || right.Never);
                    }

                    return left.Never ? right : right.Never ? left
                        : new Fact(left.Causal && right.Causal, [.. left.Windows.Intersect(right.Windows)], false, false);
                default:
                    if (Atoms(e, holds) is not { } atoms)
                    {
                        return Fact.Unknown;
                    }

                    var fact = Fact.True;
                    foreach (var atom in atoms)
                    {
                        var one = One(atom);
                        fact = new Fact(fact.Causal || one.Causal, [.. fact.Windows.Union(one.Windows)], fact.Exact && one.Exact, fact.Never || one.Never);
                    }

                    return fact;
            }

            static Fact One(Linear atom)
            {
                if (atom is { Query: 0, Key: 0 } && atom.Terms.Count == 0)
                {
                    return atom.Constant <= 0 ? Fact.True : Fact.False;
                }

                // Positions are never negative.
                if (atom.Query <= 0 && atom.Key <= 0 && atom.Constant <= 0 && atom.Terms.Count == 0)
                {
                    return Fact.True;
                }

                if (atom is { Query: -1, Key: 1 } && atom.Terms.Count == 0 && atom.Constant >= 0)
                {
                    return new Fact(true, [], atom.Constant == 0, false);
                }

                return atom is { Query: 1, Key: -1 } ? new Fact(false, [atom.Bound()], true, false) : Fact.Unknown;
            }
        }

        // A comparison as linear constraints that all hold, or null.
        private List<Linear>? Atoms(Expression e, bool holds)
        {
            if (e is not Binary b || b.Left.Kind != ScalarKind.Int || b.Left.Nullable || b.Right.Nullable)
            {
                return null;
            }

            // |x| < y is x < y and -x < y.
            if (b.Left is Call { Function: "Abs" } abs)
            {
                if (Upper(b.Operator, holds) is not { } strict || LinearOf(abs.Arguments[0]) is not { } x || LinearOf(b.Right) is not { } y)
                {
                    return null;
                }

                return [At(x, y, strict), At(x.Times(-1), y, strict)];
            }

            if (LinearOf(b.Left) is not { } left || LinearOf(b.Right) is not { } right)
            {
                return null;
            }

            return (b.Operator, holds) switch
            {
                (BinaryOperator.Less, true) or (BinaryOperator.GreaterOrEqual, false) => [At(left, right, true)],
                (BinaryOperator.LessOrEqual, true) or (BinaryOperator.Greater, false) => [At(left, right, false)],
                (BinaryOperator.Greater, true) or (BinaryOperator.LessOrEqual, false) => [At(right, left, true)],
                (BinaryOperator.GreaterOrEqual, true) or (BinaryOperator.Less, false) => [At(right, left, false)],
                (BinaryOperator.Equal, true) or (BinaryOperator.NotEqual, false) => [At(left, right, false), At(right, left, false)],
                _ => null,
            };

            static bool? Upper(BinaryOperator op, bool holds) => (op, holds) switch
            {
                (BinaryOperator.Less, true) or (BinaryOperator.GreaterOrEqual, false) => true,
                (BinaryOperator.LessOrEqual, true) or (BinaryOperator.Greater, false) => false,
                _ => null,
            };

            static Linear At(Linear small, Linear large, bool strict)
            {
                var difference = small.Plus(large, -1);
                return strict ? difference with { Constant = difference.Constant + 1 } : difference;
            }
        }

        private Linear? LinearOf(Expression e)
        {
            if (e.Kind != ScalarKind.Int || ++work > 5000)
            {
                return null;
            }

            switch (e)
            {
                case Constant c:
                    return new Linear(0, 0, (long)c.Value, default);
                case Variable v when v.Name == query:
                    return new Linear(1, 0, 0, default);
                case Variable v when v.Name == key:
                    return new Linear(0, 1, 0, default);
                case Unary { Operator: UnaryOperator.Negate } u:
                    return LinearOf(u.Operand)?.Times(-1);
                case Binary { Operator: BinaryOperator.Add or BinaryOperator.Subtract } b:
                    return LinearOf(b.Left) is { } left && LinearOf(b.Right) is { } right ? left.Plus(right, b.Operator == BinaryOperator.Add ? 1 : -1) : null;
                case Binary { Operator: BinaryOperator.Multiply } b when b.Left is Constant { Value: > -1000 and < 1000 } factor:
                    return LinearOf(b.Right)?.Times((int)factor.Value);
                case Binary { Operator: BinaryOperator.Multiply } b when b.Right is Constant { Value: > -1000 and < 1000 } factor:
                    return LinearOf(b.Left)?.Times((int)factor.Value);
            }

            return IsHost(e) ? new Linear(0, 0, 0, new[] { new Term(Host(e, 9), 1) }.ToEquatable()) : null;
        }
    }
}
