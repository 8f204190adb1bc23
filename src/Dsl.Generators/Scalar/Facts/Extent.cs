using System;
using System.Collections.Generic;
using System.Linq;

namespace Dsl.Generators.Scalar;

/// <summary>How large a scalar function is once every helper stands where it is called. What is larger than the limits is refused before it is written
/// out.</summary>
/// <param name="Size">Operations, each call counted with all that it brings.</param>
/// <param name="Depth">How deep they are nested.</param>
internal readonly record struct Extent(long Size, int Depth)
{
    /// <summary>A kernel with its gradient is some ten times this; the largest function of the zoo has under 200.</summary>
    public const int MostOperations = 2000;

    /// <summary>Of one expression as it is written. What walks trees calls itself once a level, on a compiler's thread of a megabyte.</summary>
    public const int DeepestExpression = 128;

    /// <summary>Of blocks of statements inside each other.</summary>
    public const int DeepestBlock = 60;

    /// <summary>Of expressions with the helpers in them.</summary>
    public const int DeepestInlined = 384;

    /// <summary>Why the function is refused; null where it is not.</summary>
    public string? Excess => Size > MostOperations
        ? $"has {(Size > 1_000_000 ? "more than a million" : Invariant.Text(Size))} operations, expected {Invariant.Text(MostOperations)} at most"
        : Depth > DeepestInlined ? $"nests them {Invariant.Text(Depth)} deep, expected {Invariant.Text(DeepestInlined)} at most"
        : null;

    /// <param name="function">A function.</param>
    /// <param name="helper">What is known of the helpers that it calls, by full name.</param>
    public static Extent Of(ScalarFunction function, IReadOnlyDictionary<string, Extent> helper) => Of(function.Body, helper);

    private static Extent Of(IEnumerable<Statement> statements, IReadOnlyDictionary<string, Extent> helper) =>
        All(statements.Select(s => s switch
        {
            Declare d => d.Value is null ? default : Of(d.Value, helper),
            Assign a => Of(a.Value, helper),
            Store t => All([Of(t.Index, helper), Of(t.Value, helper)]),
            If i => Around(Of(i.Condition, helper), Of(i.Then, helper), Of(i.Else, helper)),
            Loop l => Around(Of(l.From, helper), Of(l.To, helper), Of(l.Body, helper)),
            Return r => Of(r.Value, helper),
            _ => default,
        }));

    private static Extent Of(Expression expression, IReadOnlyDictionary<string, Extent> helper)
    {
        var around = Around([.. expression.Children.Select(c => Of(c, helper))]);
        return expression is Invoke call && helper.TryGetValue(call.FullName, out var inside)
            ? new Extent(Bounded(around.Size + inside.Size), (int)Bounded((long)around.Depth + inside.Depth))
            : around;
    }

    private static Extent All(IEnumerable<Extent> parts)
    {
        var (size, depth) = (0L, 0);
        foreach (var part in parts)
        {
            (size, depth) = (Bounded(size + part.Size), Math.Max(depth, part.Depth));
        }

        return new Extent(size, depth);
    }

    private static Extent Around(params Extent[] parts) => All(parts) is var all ? new Extent(all.Size + 1, all.Depth + 1) : default;

    /// <summary>Doubling helpers have more operations than a number holds: what is over the limit is over it.</summary>
    private static long Bounded(long number) => Math.Min(number, int.MaxValue);
}
