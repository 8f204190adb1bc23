using System.Collections.Generic;
using System.Linq;

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

    public static string LastSegment(string key) => Plain(key) is var plain ? plain.Substring(plain.LastIndexOf('.') + 1) : "";

    public static string Below(string? key, string name) => key is null or "" ? name : key + "." + name;

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
