using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Globalization;
using System.Numerics;
using System.Text;
using System.Text.RegularExpressions;

namespace Dsl.Text.Tokenizers;

/// <summary>
/// Something to look for in a text: a text, or a regular expression. .NET matches UTF-16 units, so that <c>\p{L}</c> would pass over letters beyond U+FFFF;
/// here these are matched as one character of their category.
/// </summary>
internal sealed class TextPattern
{
    private readonly string plain;
    private readonly RegexOptions? options;
    private readonly string file;

    // A regular expression has its time limit from its making; texts of like length share one.
    private readonly ConcurrentDictionary<int, Regex> byLimit = new();

    private TextPattern(string plain, RegexOptions? options, string file) => (this.plain, this.options, this.file) = (plain, options, file);

    /// <summary>The text itself.</summary>
    internal static TextPattern Plain(string text) => new(text, null, "");

    /// <summary>A regular expression as a file has it.</summary>
    /// <exception cref="TextException">.NET cannot read it.</exception>
    internal static TextPattern Regex(string pattern, string file)
    {
        try
        {
            return new TextPattern(pattern, Options(pattern), file);
        }
        catch (ArgumentException e)
        {
            throw new TextException($"{file}: the pattern '{pattern}' cannot be read: {e.Message}");
        }
    }

    /// <summary>The engine that never goes back takes all but patterns that look around, go back to what they read, or become very large in it.</summary>
    private static RegexOptions Options(string pattern)
    {
        const RegexOptions GoesBack = RegexOptions.CultureInvariant;
        try
        {
            _ = new Regex(pattern, GoesBack | RegexOptions.NonBacktracking);
            return GoesBack | RegexOptions.NonBacktracking;
        }
        catch (NotSupportedException)
        {
            _ = new Regex(pattern, GoesBack);
            return GoesBack;
        }
    }

    /// <summary>The matches from left to right, each [start, end); none is empty.</summary>
    internal IEnumerable<(int Start, int End)> Matches(string text)
    {
        if (options is not { } how)
        {
            for (int at = plain.Length == 0 ? -1 : text.IndexOf(plain, StringComparison.Ordinal); at >= 0;)
            {
                yield return (at, at + plain.Length);
                at = text.IndexOf(plain, at + plain.Length, StringComparison.Ordinal);
            }

            yield break;
        }

        (string shadow, int[]? places) = Shadow(text);
        PatternTime time = PatternTime.Of(text);
        Regex regex = byLimit.GetOrAdd(
            (int)BitOperations.RoundUpToPowerOf2((uint)Math.Ceiling(time.Seconds)), limit => new Regex(plain, how, TimeSpan.FromSeconds(limit)));
        for (Match match = Next(regex, shadow, null, time); match.Success; match = Next(regex, shadow, match, time))
        {
            if (match.Length > 0)
            {
                (int start, int end) = (match.Index, match.Index + match.Length);
                yield return places is null ? (start, end) : (places[start], places[end]);
            }
        }
    }

    private Match Next(Regex regex, string text, Match? before, PatternTime time)
    {
        try
        {
            if (time.Take(() => before is null ? regex.Match(text) : before.NextMatch(), out Match found))
            {
                return found;
            }
        }
        catch (RegexMatchTimeoutException)
        {
        }

        throw new TextException($"{file}: the pattern '{plain}' does not come to an end on this text, expected one that reads no place over and over");
    }

    private static (string Text, int[]? Places) Shadow(string text)
    {
        if (text.AsSpan().IndexOfAnyInRange('\uD800', '\uDFFF') < 0)
        {
            return (text, null);
        }

        var shadow = new StringBuilder(text.Length);
        var places = new List<int>(text.Length + 1);
        int at = 0;
        foreach (Rune rune in text.EnumerateRunes())
        {
            shadow.Append(rune.IsBmp ? (char)rune.Value : StandIn(Rune.GetUnicodeCategory(rune)));
            places.Add(at);
            at += rune.Utf16SequenceLength;
        }

        places.Add(at);
        return (shadow.ToString(), [.. places]);
    }

    // Characters of the category that no pattern names by themselves.
    private static char StandIn(UnicodeCategory category) => category switch
    {
        UnicodeCategory.UppercaseLetter => '\u0220',
        UnicodeCategory.LowercaseLetter => '\u0221',
        UnicodeCategory.TitlecaseLetter => '\u01C5',
        UnicodeCategory.ModifierLetter => '\u02B0',
        UnicodeCategory.OtherLetter => '\u01BB',
        UnicodeCategory.NonSpacingMark => '\u0300',
        UnicodeCategory.SpacingCombiningMark => '\u0903',
        UnicodeCategory.EnclosingMark => '\u0488',
        UnicodeCategory.DecimalDigitNumber => '\u0660',
        UnicodeCategory.LetterNumber => '\u2160',
        UnicodeCategory.OtherNumber => '\u00B2',
        UnicodeCategory.ConnectorPunctuation => '\u203F',
        UnicodeCategory.DashPunctuation => '\u2010',
        UnicodeCategory.OpenPunctuation => '\u0F3A',
        UnicodeCategory.ClosePunctuation => '\u0F3B',
        UnicodeCategory.InitialQuotePunctuation => '\u00AB',
        UnicodeCategory.FinalQuotePunctuation => '\u00BB',
        UnicodeCategory.OtherPunctuation => '\u00A1',
        UnicodeCategory.MathSymbol => '\u00AC',
        UnicodeCategory.CurrencySymbol => '\u00A2',
        UnicodeCategory.ModifierSymbol => '\u00A8',
        UnicodeCategory.OtherSymbol => '\u00A6',
        UnicodeCategory.Format => '\u00AD',
        UnicodeCategory.PrivateUse => '\uE000',
        _ => '\u0378',
    };
}
