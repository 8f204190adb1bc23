using System.Collections.Generic;
using System.Linq;
using System.Text.RegularExpressions;

namespace Dsl.Generators.Model;

/// <summary>Keys with indices in braces.</summary>
internal static class KeyText
{
    /// <summary>The names in braces: <c>"h.{layer}.attn"</c> has <c>layer</c>.</summary>
    public static IEnumerable<string> Indices(string key)
    {
        var open = key.IndexOf('{');
        while (open >= 0)
        {
            var close = key.IndexOf('}', open);
            if (close < 0)
            {
                yield break;
            }

            yield return key.Substring(open + 1, close - open - 1);
            open = key.IndexOf('{', close);
        }
    }

    /// <summary>The key without its indices: <c>h.{layer}.attn</c> is <c>h.attn</c>.</summary>
    public static string Plain(string key) => Indices(key).Aggregate(key, (k, i) => k.Replace(".{" + i + "}", "").Replace("{" + i + "}", ""));

    /// <summary>Whether a pattern can name a tensor of one of these keys.</summary>
    public static bool MayMatch(string pattern, IEnumerable<string> keys)
    {
        var glob = new Regex("^" + Regex.Escape(Indexed(pattern)).Replace("\\*", ".*").Replace("\\?", ".") + "$", RegexOptions.CultureInvariant);
        return keys.Any(key => key.EndsWith("*", System.StringComparison.Ordinal)
            || new[] { "", ".weight", ".bias" }.Any(tensor => glob.IsMatch(Indexed(key.TrimStart('/')) + tensor)));
    }

    /// <summary>Whether a key may end as a pattern says, whole segments of it: <c>*</c>, <c>?</c>, and lists in braces.</summary>
    public static bool MayEnd(string pattern, IEnumerable<string> keys)
    {
        var glob = Regex.Escape(pattern).Replace("\\*", ".*").Replace("\\?", ".");
        glob = Regex.Replace(glob, @"\\\{([^{}]*)}", m => "(" + m.Groups[1].Value.Replace("\\ ", "").Replace(",", "|") + ")");
        var end = new Regex(@"^(.*\.)?" + glob + "$", RegexOptions.CultureInvariant);
        return keys.Any(key => key.EndsWith("*", System.StringComparison.Ordinal) || end.IsMatch(Indexed(key.TrimStart('/'))));
    }

    /// <summary>The key with one number wherever an index or a number stands: any will do where patterns are tried.</summary>
    private static string Indexed(string key) =>
        Regex.Replace(Indices(key).Aggregate(key, (k, i) => k.Replace("{" + i + "}", "0")), @"(?<=^|\.)[0-9]+(?=\.|$)", "0");

    public static string LastSegment(string key) => Plain(key) is var plain ? plain.Substring(plain.LastIndexOf('.') + 1) : "";

    public static string Below(string? key, string name) => key is null or "" ? name : name.Length == 0 ? key : key + "." + name;

    /// <summary>The key as a C# string expression.</summary>
    public static string ToCode(string key, ConfigSpec config)
    {
        var literal = Microsoft.CodeAnalysis.CSharp.SymbolDisplay.FormatLiteral(key, quote: true);
        var indexed = false;
        foreach (var index in Indices(key))
        {
            indexed = true;
            if (index != "layer")
            {
                literal = literal.Replace("{" + index + "}", "{config." + index + (config.Member(index) is { OfLayer: true } ? "(layer)" : "") + "}");
            }
        }

        return indexed ? "$" + literal : literal;
    }
}
