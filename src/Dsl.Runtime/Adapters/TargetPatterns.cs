using System;
using System.Collections.Generic;
using System.IO.Enumeration;
using System.Linq;
using System.Text.RegularExpressions;

namespace Dsl.Runtime;

/// <summary>Which keys an adapter's words mean.</summary>
internal static class TargetPatterns
{
    /// <summary>Whether a key ends as the word says: whole segments, or a pattern over them with <c>*</c>, <c>?</c> and lists in braces.</summary>
    internal static bool Fits(string word, string key) => Alternatives(word).Any(one => one.AsSpan().IndexOfAny('*', '?') < 0
        ? key == one || key.EndsWith("." + one, StringComparison.Ordinal)
        : Glob(one, key) || Glob("*." + one, key));

    /// <summary>Whether a regular expression describes all of a key.</summary>
    /// <exception cref="ArgumentException">It is none.</exception>
    internal static bool Whole(string expression, string key) => Matches($"^(?:{expression})$", expression, key);

    /// <summary>The value of the first expression that describes the end of a key, from the start of a segment; else the other value.</summary>
    /// <exception cref="ArgumentException">One is no regular expression.</exception>
    internal static T First<T>(IReadOnlyDictionary<string, T> patterns, string key, T otherwise)
    {
        foreach ((string expression, T value) in patterns)
        {
            if (Matches($@"^(?:.*\.)?(?:{expression})$", expression, key))
            {
                return value;
            }
        }

        return otherwise;
    }

    /// <summary>The first number among a key's segments.</summary>
    internal static int? LayerOf(string key) =>
        key.Split('.').Select(part => int.TryParse(part, out int layer) ? layer : (int?)null).FirstOrDefault(layer => layer is not null);

    private static bool Glob(string pattern, string key) => FileSystemName.MatchesSimpleExpression(pattern, key, ignoreCase: false);

    private static bool Matches(string anchored, string expression, string key)
    {
        try
        {
            // An expression of a file must not run for ever.
            return Regex.IsMatch(key, anchored, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            throw new ArgumentException($"adapter: '{expression}' is no regular expression that is supported here, expected one over keys of linear maps", e);
        }
    }

    /// <summary><c>a.{q,v}</c> is <c>a.q</c> and <c>a.v</c>.</summary>
    private static IEnumerable<string> Alternatives(string word)
    {
        int open = word.IndexOf('{', StringComparison.Ordinal), close = open < 0 ? -1 : word.IndexOf('}', open);
        return close < 0 ? [word]
            : word[(open + 1)..close].Split(',').SelectMany(each => Alternatives(word[..open] + each.Trim() + word[(close + 1)..]));
    }
}
