using System.Collections.Generic;
using System.Linq;
using Dsl.Generators.Model;

namespace Dsl.Generators.Checking;

internal enum Verdict
{
    Proved,
    Refuted,

    /// <summary>Left to a check in the constructor.</summary>
    Open,
}

/// <summary>Makes sizes equal: fixes unknown ones, and tells for known ones whether they are.</summary>
internal sealed class Unifier(Members members)
{
    private readonly Dictionary<int, Size> bound = new();
    private int count;

    /// <summary>Equalities that only a config can decide.</summary>
    public List<(Size Left, Size Right, string What)> Open { get; } = [];

    public Size Fresh() => new Size.Unknown(count++);

    /// <summary>The size with everything known put in.</summary>
    public Size Resolve(Size size) => size switch
    {
        Size.Unknown u when bound.TryGetValue(u.Id, out var value) => Resolve(value),
        Size.Binary b => b with { Left = Resolve(b.Left), Right = Resolve(b.Right) },
        _ => size,
    };

    public bool IsKnown(Size size) => Resolve(size) is var s && s switch
    {
        Size.Unknown => false,
        Size.Binary b => IsKnown(b.Left) && IsKnown(b.Right),
        _ => true,
    };

    public void Bind(Size.Unknown unknown, Size value) => bound[unknown.Id] = value;

    public Verdict Unify(Size a, Size b, string what)
    {
        (a, b) = (Resolve(a), Resolve(b));
        if (a == b)
        {
            return Verdict.Proved;
        }

        if (a is Size.Unknown left && !Mentions(b, left.Id))
        {
            bound[left.Id] = b;
            return Verdict.Proved;
        }

        if (b is Size.Unknown right && !Mentions(a, right.Id))
        {
            bound[right.Id] = a;
            return Verdict.Proved;
        }

        var difference = FormOf(a) - FormOf(b);
        if (difference.IsZero)
        {
            return Verdict.Proved;
        }

        // One unknown that stands in the first power is solved for.
        foreach (var symbol in difference.Symbols.Where(s => s[0] == '?').OrderBy(s => s, System.StringComparer.Ordinal))
        {
            if (difference.Linear(symbol) is var (factor, rest) && Polynomial.Divide(rest.Negate(), factor) is { } value)
            {
                var size = value.ToSize();
                bound[int.Parse(symbol.Substring(1), System.Globalization.CultureInfo.InvariantCulture)] = size;
                if (!value.IsWhole && !members.Has(value))
                {
                    // A quotient that no member of the config is, so that nobody has checked that it comes out even.
                    Open.Add((size * factor.ToSize(), rest.Negate().ToSize(), what));
                    return Verdict.Open;
                }

                return Verdict.Proved;
            }
        }

        // Where it must be a quotient that only a config can tell to be whole, it is that quotient, under a check.
        var unknown = difference.Symbols.Where(s => s[0] == '?').ToList();
        if (unknown.Count == 1
            && unknown[0] is var lonely
            && difference.Linear(lonely) is var (divisor, dividend)
            && dividend.Constant is null
            && !divisor.Symbols.Contains(lonely))
        {
            var quotient = dividend.Negate().ToSize() / divisor.ToSize();
            bound[int.Parse(lonely.Substring(1), System.Globalization.CultureInfo.InvariantCulture)] = quotient;
            Open.Add((quotient * divisor.ToSize(), dividend.Negate().ToSize(), what));
            return Verdict.Open;
        }

        if (difference.Symbols.All(s => !members.IsOpaque(s)))
        {
            return Verdict.Refuted;
        }

        Open.Add((a, b, what));
        return Verdict.Open;
    }

    /// <summary>Whether two sizes are equal for certain.</summary>
    public bool Same(Size a, Size b) => (FormOf(Resolve(a)) - FormOf(Resolve(b))).IsZero;

    private static bool Mentions(Size size, int id) => size switch
    {
        Size.Unknown u => u.Id == id,
        Size.Binary b => Mentions(b.Left, id) || Mentions(b.Right, id),
        _ => false,
    };

    public Polynomial FormOf(Size size) => members.FormOf(size);
}
