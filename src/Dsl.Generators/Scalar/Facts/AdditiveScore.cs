using System.Linq;

namespace Dsl.Generators.Scalar;

/// <summary>Recognises a score rule of the form <c>score + f(query, key, head, ...)</c>.</summary>
internal static class AdditiveScore
{
    /// <summary>The parameter that a rule is about.</summary>
    private const string Score = "score";

    /// <summary>The same rule without the score: what it adds; null where it does anything else with it.</summary>
    public static ScalarFunction? Added(ScalarFunction function)
    {
        if (function.Body.Count == 0 || function.Body[function.Body.Count - 1] is not Return last)
        {
            return null;
        }

        var before = function.Body.Take(function.Body.Count - 1).ToList();
        return before.All(s => s is Declare { Value: { } value } && !Mentions(value)) && IsSum(last.Value, out var rest) && rest is not null
            ? function with { Body = before.Append(new Return(rest)).ToEquatable() }
            : null;
    }

    /// <summary>Whether the score is added in once; <paramref name="rest"/> is the sum without it, null where it is the score alone.</summary>
    private static bool IsSum(Expression sum, out Expression? rest)
    {
        rest = null;
        if (sum is Variable { Name: Score })
        {
            return true;
        }

        if (sum is not Binary { Operator: BinaryOperator.Add or BinaryOperator.Subtract } both || Mentions(both.Left) == Mentions(both.Right))
        {
            return false;
        }

        var (inside, outside) = Mentions(both.Left) ? (both.Left, both.Right) : (both.Right, both.Left);
        if ((both.Operator == BinaryOperator.Subtract && inside == both.Right) || !IsSum(inside, out var left))
        {
            return false;
        }

        rest = left is not null ? both with { Left = left, Right = outside }
            : both.Operator == BinaryOperator.Add ? outside
            : new Unary(UnaryOperator.Negate, outside);
        return true;
    }

    private static bool Mentions(Expression expression) => expression is Variable { Name: Score } || expression.Children.Any(Mentions);
}
