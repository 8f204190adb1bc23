using System;
using System.Collections.Generic;
using System.Linq;

namespace Dsl.Generators.Model;

/// <summary>A size in normal form: a sum of products of symbols with whole exponents (division by a product is a negative exponent).</summary>
internal sealed class Polynomial
{
    private const int MostTerms = 64;

    private const int MostFactors = 16;

    private readonly SortedDictionary<string, long> terms = new(StringComparer.Ordinal);

    /// <summary>Coefficients by monomial; a monomial is <c>symbol^exponent</c> joined by <c>*</c>, the empty one is 1.</summary>
    public IReadOnlyDictionary<string, long> Terms => terms;

    public bool IsZero => terms.Count == 0;

    public long? Constant => terms.Count == 0 ? 0 : terms.Count == 1 && terms.ContainsKey("") ? terms[""] : null;

    public IEnumerable<string> Symbols => terms.Keys.SelectMany(Parse).Select(p => p.Symbol).Distinct();

    /// <summary>Whether a number in it is none that C# counts sizes with.</summary>
    public bool IsBeyondInt => terms.Values.Any(c => Math.Abs(c) > int.MaxValue);

    /// <summary>Whether nothing in it is divided by a symbol.</summary>
    public bool IsWhole => terms.Keys.SelectMany(Parse).All(p => p.Exponent > 0);

    public static Polynomial Of(long value)
    {
        var result = new Polynomial();
        result.Add("", value);
        return result;
    }

    public static Polynomial Of(string symbol)
    {
        var result = new Polynomial();
        result.Add(symbol.Replace('*', '×') + "^1", 1);
        return result;
    }

    public static Polynomial operator +(Polynomial a, Polynomial b) => Combine(a, b, 1);

    public static Polynomial operator -(Polynomial a, Polynomial b) => Combine(a, b, -1);

    /// <summary>The product; null where it grows past what a declaration can mean.</summary>
    public static Polynomial? Multiply(Polynomial a, Polynomial b)
    {
        if (a.terms.Count * b.terms.Count > MostTerms)
        {
            return null;
        }

        var result = new Polynomial();
        foreach (var x in a.terms)
        {
            foreach (var y in b.terms)
            {
                var monomial = Join(x.Key, y.Key, 1);
                if (Parse(monomial).Any(p => Math.Abs(p.Exponent) > MostFactors))
                {
                    return null;
                }

                result.Add(monomial, Bounded((double)x.Value * y.Value));
            }
        }

        return result;
    }

    /// <summary>The exact quotient by a single product; null where the divisor is a sum or a coefficient does not divide.</summary>
    public static Polynomial? Divide(Polynomial a, Polynomial b)
    {
        if (b.terms.Count != 1)
        {
            return null;
        }

        var (monomial, coefficient) = (b.terms.First().Key, b.terms.First().Value);
        var result = new Polynomial();
        foreach (var x in a.terms)
        {
            if (coefficient == 0 || x.Value % coefficient != 0)
            {
                return null;
            }

            result.Add(Join(x.Key, monomial, -1), x.Value / coefficient);
        }

        return result;
    }

    /// <summary>Splits into <c>factor * symbol + rest</c>; null where the symbol stands in another power or not at all.</summary>
    public (Polynomial Factor, Polynomial Remainder)? Linear(string symbol)
    {
        var (factor, rest) = (new Polynomial(), new Polynomial());
        foreach (var term in terms)
        {
            var power = Parse(term.Key).Where(p => p.Symbol == symbol).Select(p => p.Exponent).FirstOrDefault();
            if (power == 0)
            {
                rest.Add(term.Key, term.Value);
            }
            else if (power == 1)
            {
                factor.Add(Join(term.Key, symbol + "^1", -1), term.Value);
            }
            else
            {
                return null;
            }
        }

        // factor * symbol = -rest, with the sign where it is easier to read.
        return factor.IsZero ? null : factor.terms.Values.All(c => c < 0) ? (factor.Negate(), rest.Negate()) : (factor, rest);
    }

    public Polynomial Negate() => Of(0) - this;

    /// <summary>The size expression that spells this form.</summary>
    public Size ToSize()
    {
        Size? sum = null;
        foreach (var term in terms)
        {
            Size? product = null, divisor = null;
            foreach (var (symbol, exponent) in Parse(term.Key))
            {
                for (var i = 0; i < Math.Abs(exponent); i++)
                {
                    var factor = symbol[0] == '?'
                        ? new Size.Unknown(int.Parse(symbol.Substring(1), System.Globalization.CultureInfo.InvariantCulture))
                        : Size.Of(symbol);
                    (product, divisor) = exponent > 0
                        ? (product is null ? factor : product * factor, divisor)
                        : (product, divisor is null ? factor : divisor * factor);
                }
            }

            var value = product is null ? Size.Of(Math.Abs(term.Value)) : Math.Abs(term.Value) == 1 ? product : Size.Of(Math.Abs(term.Value)) * product;
            value = divisor is null ? value : value / divisor;
            sum = sum is null ? (term.Value < 0 ? Size.Of(0) - value : value) : term.Value < 0 ? sum - value : sum + value;
        }

        return sum ?? Size.Of(0);
    }

    private static Polynomial Combine(Polynomial a, Polynomial b, long sign)
    {
        var result = new Polynomial();
        foreach (var x in a.terms)
        {
            result.Add(x.Key, x.Value);
        }

        foreach (var y in b.terms)
        {
            result.Add(y.Key, sign * y.Value);
        }

        return result;
    }

    /// <summary>A number past what any size is stays there, and wraps around to none that could be one.</summary>
    private static long Bounded(double coefficient) => (long)Math.Max(-9e15, Math.Min(9e15, coefficient));

    private void Add(string monomial, long coefficient)
    {
        var sum = Bounded((double)(terms.TryGetValue(monomial, out var old) ? old : 0) + coefficient);
        if (sum == 0)
        {
            terms.Remove(monomial);
        }
        else
        {
            terms[monomial] = sum;
        }
    }

    private static string Join(string a, string b, int sign)
    {
        var powers = new SortedDictionary<string, int>(StringComparer.Ordinal);
        foreach (var (symbol, exponent) in Parse(a))
        {
            powers[symbol] = exponent;
        }

        foreach (var (symbol, exponent) in Parse(b))
        {
            powers[symbol] = (powers.TryGetValue(symbol, out var old) ? old : 0) + (sign * exponent);
        }

        return string.Join("*", powers.Where(p => p.Value != 0).Select(p => p.Key + "^" + p.Value.ToString(System.Globalization.CultureInfo.InvariantCulture)));
    }

    private static IEnumerable<(string Symbol, int Exponent)> Parse(string monomial) =>
        monomial.Length == 0
            ? []
            : monomial.Split('*')
                .Select(p =>
                    (p.Substring(0, p.LastIndexOf('^')), int.Parse(p.Substring(p.LastIndexOf('^') + 1), System.Globalization.CultureInfo.InvariantCulture)));
}
