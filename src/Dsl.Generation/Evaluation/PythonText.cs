using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;

namespace Dsl.Generation.Evaluation;

/// <summary>What Python's str does and .NET's does otherwise: published evaluations are defined by it.</summary>
internal static class PythonText
{
    /// <summary>Characters whose upper case is several (Unicode's SpecialCasing), each before its upper case; .NET leaves them as they are.</summary>
    private const string Longer =
        "ßSS|ŉʼN|ǰJ\u030C|ΐΙ\u0308\u0301|ΰΥ\u0308\u0301|ևԵՒ|ẖH\u0331|ẗT\u0308|ẘW\u030A|ẙY\u030A|ẚAʾ|ὐΥ\u0313|ὒΥ\u0313\u0300|ὔΥ\u0313\u0301|"
        + "ὖΥ\u0313\u0342|ᾀἈΙ|ᾁἉΙ|ᾂἊΙ|ᾃἋΙ|ᾄἌΙ|ᾅἍΙ|ᾆἎΙ|ᾇἏΙ|ᾈἈΙ|ᾉἉΙ|ᾊἊΙ|ᾋἋΙ|ᾌἌΙ|ᾍἍΙ|ᾎἎΙ|ᾏἏΙ|ᾐἨΙ|ᾑἩΙ|ᾒἪΙ|ᾓἫΙ|ᾔἬΙ|ᾕἭΙ|ᾖἮΙ|ᾗἯΙ|ᾘἨΙ|ᾙἩΙ|ᾚἪΙ|ᾛἫΙ|ᾜἬΙ|ᾝἭΙ|"
        + "ᾞἮΙ|ᾟἯΙ|ᾠὨΙ|ᾡὩΙ|ᾢὪΙ|ᾣὫΙ|ᾤὬΙ|ᾥὭΙ|ᾦὮΙ|ᾧὯΙ|ᾨὨΙ|ᾩὩΙ|ᾪὪΙ|ᾫὫΙ|ᾬὬΙ|ᾭὭΙ|ᾮὮΙ|ᾯὯΙ|ᾲᾺΙ|ᾳΑΙ|ᾴΆΙ|ᾶΑ\u0342|ᾷΑ\u0342Ι|ᾼΑΙ|ῂῊΙ|ῃΗΙ|ῄΉΙ|ῆΗ\u0342|"
        + "ῇΗ\u0342Ι|ῌΗΙ|ῒΙ\u0308\u0300|\u1FD3Ι\u0308\u0301|ῖΙ\u0342|ῗΙ\u0308\u0342|ῢΥ\u0308\u0300|\u1FE3Υ\u0308\u0301|ῤΡ\u0313|ῦΥ\u0342|"
        + "ῧΥ\u0308\u0342|ῲῺΙ|ῳΩΙ|ῴΏΙ|ῶΩ\u0342|ῷΩ\u0342Ι|ῼΩΙ|ﬀFF|ﬁFI|ﬂFL|ﬃFFI|ﬄFFL|ﬅST|ﬆST|ﬓՄՆ|ﬔՄԵ|ﬕՄԻ|ﬖՎՆ|ﬗՄԽ";

    private static readonly Dictionary<char, string> UpperCases = Longer.Split('|').ToDictionary(pair => pair[0], pair => pair[1..]);

    /// <summary>str.isspace: .NET's white space and the four separators U+001C to U+001F.</summary>
    internal static bool IsWhiteSpace(char unit) => char.IsWhiteSpace(unit) || unit is >= '\x1C' and <= '\x1F';

    /// <summary>str.strip.</summary>
    internal static string Strip(string text) => StripEnd(text)[Leading(text)..];

    /// <summary>str.rstrip.</summary>
    internal static string StripEnd(string text)
    {
        int end = text.Length;
        while (end > 0 && IsWhiteSpace(text[end - 1]))
        {
            end--;
        }

        return text[..end];
    }

    /// <summary>len: code points, not UTF-16 units.</summary>
    internal static int Length(string text) => text.Length - text.Count(char.IsLowSurrogate);

    /// <summary>len(re.split(r"\s+", text)): white space at an end adds an empty word, and an empty text has one.</summary>
    internal static int SplitCount(string text)
    {
        int words = 1;
        for (int i = 0; i < text.Length; i++)
        {
            words += IsWhiteSpace(text[i]) && (i == 0 || !IsWhiteSpace(text[i - 1])) ? 1 : 0;
        }

        return words;
    }

    /// <summary>str.lower: Unicode's full mapping, a sigma at the end of a word included.</summary>
    internal static string Lower(string text)
    {
        if (!text.Contains('Σ') && !text.Contains('İ'))
        {
            return text.ToLowerInvariant();
        }

        var lower = new StringBuilder();
        for (int i = 0; i < text.Length; i++)
        {
            lower.Append(text[i] switch
            {
                'İ' => "i\u0307",
                'Σ' when IsFinal(text, i) => "ς",
                _ => char.IsHighSurrogate(text[i]) && i + 1 < text.Length ? text.Substring(i++, 2).ToLowerInvariant()
                    : text.Substring(i, 1).ToLowerInvariant(),
            });
        }

        return lower.ToString();
    }

    /// <summary>str.upper: Unicode's full mapping.</summary>
    internal static string Upper(string text) => text.Any(UpperCases.ContainsKey)
        ? string.Concat(text.ToUpperInvariant().Select(unit => UpperCases.GetValueOrDefault(unit) ?? unit.ToString()))
        : text.ToUpperInvariant();

    private static int Leading(string text)
    {
        int start = 0;
        int end = StripEnd(text).Length;
        while (start < end && IsWhiteSpace(text[start]))
        {
            start++;
        }

        return start;
    }

    /// <summary>After a letter and before none, marks and the like passed over.</summary>
    private static bool IsFinal(string text, int at)
    {
        static bool Passed(char unit) => char.GetUnicodeCategory(unit) is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark
            or UnicodeCategory.Format or UnicodeCategory.ModifierLetter or UnicodeCategory.ModifierSymbol || unit is '\'' or '.' or ':' or '’' or '·';
        int before = at - 1, after = at + 1;
        while (before >= 0 && Passed(text[before]))
        {
            before--;
        }

        while (after < text.Length && Passed(text[after]))
        {
            after++;
        }

        return before >= 0 && char.IsLetter(text[before]) && (after >= text.Length || !char.IsLetter(text[after]));
    }
}
