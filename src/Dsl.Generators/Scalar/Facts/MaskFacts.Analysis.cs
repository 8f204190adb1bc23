using System;
using System.Collections.Generic;
using System.Linq;

namespace Dsl.Generators.Scalar;

/// <summary>The proof: linear constraints between query and key, case by case of what the config decides.</summary>
internal sealed partial record MaskFacts
{
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
            !Mapping.Any(expression, e => e is Variable { Name: not "layer" } or Element or Entry or Length or Invoke);

        private string Host(Expression expression, int outer)
        {
            string? Own(Expression e) => e is ConfigMember s ? HostEmitter.Member(s, config, layer => HostEmitter.Text(layer, Own)) : null;
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

            return expression is ConfigMember { MayBeNull: true, Kind: not ScalarKind.Text }
                ? expression
                : expression.Children.Select(Nullable).FirstOrDefault(c => c is not null);
        }

        private Expression? Condition(Expression expression)
        {
            if (expression.Kind == ScalarKind.Bool
                && expression is not (Literal or Unary or Binary { Operator: BinaryOperator.And or BinaryOperator.Or })
                && IsHost(expression))
            {
                return expression;
            }

            return expression.Children.Select(Condition).FirstOrDefault(c => c is not null);
        }

        private static Expression Assume(Expression rule, Expression condition, bool holds) => Mapping.Map(rule, e =>
        {
            if (e.Equals(condition))
            {
                return Literal.Of(holds);
            }

            if (condition is not IsNull { Operand: var operand })
            {
                return null;
            }

            switch (e)
            {
                case Unwrap u when u.Operand.Equals(operand):
                    return holds ? (u.Other is null ? u : Assume(u.Other, condition, holds)) : new Unwrap(operand, null);
                case Binary b
                    when b.Operator is >= BinaryOperator.Less and <= BinaryOperator.GreaterOrEqual
                        && holds
                        && (Lifts(b.Left, operand) || Lifts(b.Right, operand)):
                    return Literal.Of(false);
                case ConfigMember s when s.Equals(operand) && !holds:
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
            bool? Known(Expression x) => x is Literal { Kind: ScalarKind.Bool } c ? c.Value != 0 : null;
            switch (e)
            {
                case Unary { Operator: UnaryOperator.Not } u:
                    var operand = Simplify(u.Operand);
                    return Known(operand) is { } value ? Literal.Of(!value)
                        : operand is Unary { Operator: UnaryOperator.Not } twice ? twice.Operand
                        : new Unary(UnaryOperator.Not, operand);
                case Binary { Operator: BinaryOperator.And or BinaryOperator.Or } b:
                    var left = Simplify(b.Left);
                    var right = Simplify(b.Right);
                    var neutral = b.Operator == BinaryOperator.And;
                    return Known(left) is { } l ? (l == neutral ? right : Literal.Of(!neutral))
                        : Known(right) is { } r ? (r == neutral ? left : Literal.Of(!neutral))
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
            return left is { Causal: true, Exact: true, Windows.Count: 0 }
                && Atoms(early, true) is { Count: 1 } atoms
                && atoms[0] is { Query: 0, Key: 1 } atom ? atom.Bound() : null;
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
                case Literal c:
                    return c.Value != 0 == holds ? Fact.True : Fact.False;
                case Unary { Operator: UnaryOperator.Not } u:
                    return Facts(u.Operand, !holds);
                case Binary { Operator: BinaryOperator.And or BinaryOperator.Or } b:
                    var left = Facts(b.Left, holds);
                    var right = Facts(b.Right, holds);
                    if (b.Operator == BinaryOperator.And == holds)
                    {
                        return new Fact(
                            left.Causal || right.Causal, [.. left.Windows.Union(right.Windows)], left.Exact && right.Exact, left.Never || right.Never);
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
                case Literal c:
                    return new Linear(0, 0, (long)c.Value, default);
                case Variable v when v.Name == query:
                    return new Linear(1, 0, 0, default);
                case Variable v when v.Name == key:
                    return new Linear(0, 1, 0, default);
                case Unary { Operator: UnaryOperator.Negate } u:
                    return LinearOf(u.Operand)?.Times(-1);
                case Binary { Operator: BinaryOperator.Add or BinaryOperator.Subtract } b:
                    return LinearOf(b.Left) is { } left && LinearOf(b.Right) is { } right ? left.Plus(right, b.Operator == BinaryOperator.Add ? 1 : -1) : null;
                case Binary { Operator: BinaryOperator.Multiply } b when b.Left is Literal { Value: > -1000 and < 1000 } factor:
                    return LinearOf(b.Right)?.Times((int)factor.Value);
                case Binary { Operator: BinaryOperator.Multiply } b when b.Right is Literal { Value: > -1000 and < 1000 } factor:
                    return LinearOf(b.Left)?.Times((int)factor.Value);
            }

            return IsHost(e) ? new Linear(0, 0, 0, new[] { new Term(Host(e, 9), 1) }.ToEquatable()) : null;
        }
    }
}
