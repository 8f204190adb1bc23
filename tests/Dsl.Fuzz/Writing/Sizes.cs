using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;

namespace Dsl.Fuzz.Writing;

/// <summary>
/// A size as a sum of products of symbols, in one order: equal sizes have equal text. A symbol is a stored member of the config, an opaque derived one, or
/// the width that a block leaves to its user (<see cref="Width"/>).
/// </summary>
internal sealed class Size : IEquatable<Size>
{
    private readonly SortedDictionary<string, long> terms;

    private Size(SortedDictionary<string, long> terms) => this.terms = terms;

    /// <summary>What enters a block whose user decides how wide it is.</summary>
    public static Size Width { get; } = Of("@");

    public long? Constant => terms.Count == 0 ? 0 : terms.Count == 1 && terms.First().Key.Length == 0 ? terms.First().Value : null;

    public bool HasWidth => terms.Keys.Any(k => k.Contains('@', StringComparison.Ordinal));

    public static Size Of(long constant) => new(new SortedDictionary<string, long>(StringComparer.Ordinal) { [""] = constant });

    public static Size Of(string symbol) => new(new SortedDictionary<string, long>(StringComparer.Ordinal) { [symbol] = 1 });

    public static Size operator +(Size a, Size b)
    {
        var sum = new SortedDictionary<string, long>(a.terms, StringComparer.Ordinal);
        foreach ((string symbols, long factor) in b.terms)
        {
            sum[symbols] = sum.GetValueOrDefault(symbols) + factor;
        }

        return new(Cleaned(sum));
    }

    public static Size operator *(Size a, Size b)
    {
        var product = new SortedDictionary<string, long>(StringComparer.Ordinal);
        foreach ((string left, long l) in a.terms)
        {
            foreach ((string right, long r) in b.terms)
            {
                string symbols = Ordered((left + " " + right).Split(' ', StringSplitOptions.RemoveEmptyEntries));
                product[symbols] = product.GetValueOrDefault(symbols) + (l * r);
            }
        }

        return new(Cleaned(product));
    }

    /// <summary>The number, where the symbols have these values.</summary>
    public long Evaluate(Func<string, long> symbol) =>
        terms.Sum(t => t.Key.Split(' ', StringSplitOptions.RemoveEmptyEntries).Aggregate(t.Value, (product, s) => product * symbol(s)));

    /// <summary>The same with the user's width in the place of the block's.</summary>
    public Size At(Size width) => terms.Aggregate(
        Of(0),
        (sum, t) => sum + t.Key.Split(' ', StringSplitOptions.RemoveEmptyEntries).Aggregate(Of(t.Value), (product, s) => product * (s == "@" ? width : Of(s))));

    public bool Equals(Size? other) => other is not null && ToString() == other.ToString();

    public override bool Equals(object? obj) => Equals(obj as Size);

    public override int GetHashCode() => ToString().GetHashCode(StringComparison.Ordinal);

    public override string ToString() => string.Join(" + ", terms.Select(t => string.Create(CultureInfo.InvariantCulture, $"{t.Value} {t.Key}")));

    // A head's width that is derived: Heads * (Hidden / Heads) is Hidden.
    private static string Ordered(string[] symbols)
    {
        var list = symbols.ToList();
        while (list.Contains("Hidden/Heads") && list.Contains("Heads"))
        {
            list.Remove("Hidden/Heads");
            list.Remove("Heads");
            list.Add("Hidden");
        }

        list.Sort(StringComparer.Ordinal);
        return string.Join(' ', list);
    }

    private static SortedDictionary<string, long> Cleaned(SortedDictionary<string, long> terms)
    {
        foreach (string symbols in terms.Where(t => t.Value == 0).Select(t => t.Key).ToArray())
        {
            terms.Remove(symbols);
        }

        return terms;
    }
}

/// <summary>A value of the dataflow as the writer knows it.</summary>
/// <param name="Name">How later brackets find it; null where it has no name.</param>
/// <param name="Time">Its time axis, <c>t</c> or <c>s</c>; 0 for one row a sequence (pooled).</param>
/// <param name="Middle">Axes between time and channels, by name.</param>
/// <param name="Last">Its channels.</param>
/// <param name="LastName">The name of that axis.</param>
internal sealed record Flow(string? Name, char Time, IReadOnlyList<(string Name, Size Size)> Middle, Size Last, string LastName = "d")
{
    public bool IsPlain => Middle.Count == 0 && Time != 0;

    /// <summary>Each token once for each expert: what acts on it acts on each alone.</summary>
    public bool IsOfExperts => Middle is [{ Name: "e" }];

    /// <summary>The same axes but the name.</summary>
    public bool Fits(Flow other) =>
        Time == other.Time && Last.Equals(other.Last) && Middle.Count == other.Middle.Count
            && Middle.Zip(other.Middle).All(p => p.First.Size.Equals(p.Second.Size) && p.First.Name == p.Second.Name);

    public bool FitsBeforeLast(Flow other) => Fits(other with { Last = Last });
}
