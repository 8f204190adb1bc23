using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;
using Dsl.Text.Tokenizers;

namespace Dsl.Text.Templates;

/// <summary>Texts as Python has them: positions count characters, and white space, case and spelling are its own.</summary>
internal static class PythonText
{
    // Letters that become several in upper case; the rest of them is ancient Greek, which is refused.
    private static readonly Dictionary<int, string> Wide = new()
    {
        [0xDF] = "SS",
        [0x149] = "\u02BCN",
        [0x1F0] = "J\u030C",
        [0x587] = "\u0535\u0552",
        [0x1E96] = "H\u0331",
        [0x1E97] = "T\u0308",
        [0x1E98] = "W\u030A",
        [0x1E99] = "Y\u030A",
        [0x1E9A] = "A\u02BE",
        [0xFB00] = "FF",
        [0xFB01] = "FI",
        [0xFB02] = "FL",
        [0xFB03] = "FFI",
        [0xFB04] = "FFL",
        [0xFB05] = "ST",
        [0xFB06] = "ST",
    };

    internal static bool IsSpace(char unit) => char.IsWhiteSpace(unit) || unit is >= '\u001C' and <= '\u001F';

    internal static string TrimEnd(string text) => Trim(text, null, left: false, right: true);

    /// <summary>Without white space, or any of some characters, at its ends.</summary>
    internal static string Trim(string text, string? characters, bool left = true, bool right = true)
    {
        if (characters is not null)
        {
            HashSet<Rune> away = [.. characters.EnumerateRunes()];
            int first = 0, end = text.Length;
            while (left && first < end && Rune.GetRuneAt(text, first) is var rune && away.Contains(rune))
            {
                first += rune.Utf16SequenceLength;
            }

            while (right && end > first && Rune.DecodeLastFromUtf16(text.AsSpan(first, end - first), out Rune last, out int length) == 0 && away.Contains(last))
            {
                end -= length;
            }

            return text[first..end];
        }

        int start = 0, stop = text.Length;
        while (left && start < stop && IsSpace(text[start]))
        {
            start++;
        }

        while (right && stop > start && IsSpace(text[stop - 1]))
        {
            stop--;
        }

        return text[start..stop];
    }

    internal static string Lower(string text) => new LowercaseInWords().Apply(AlignedText.Of(text)).Text;

    internal static string Upper(string text)
    {
        var upper = new StringBuilder(text.Length);
        foreach (Rune rune in text.EnumerateRunes())
        {
            upper.Append(UpperOf(rune));
        }

        return upper.ToString();
    }

    /// <summary>The first letter large, the rest small.</summary>
    internal static string Capitalize(string text)
    {
        if (text.Length == 0)
        {
            return text;
        }

        Rune first = Rune.GetRuneAt(text, 0);
        string large = first.Value switch
        {
            >= 0x1C4 and <= 0x1C6 => "\u01C5",
            >= 0x1C7 and <= 0x1C9 => "\u01C8",
            >= 0x1CA and <= 0x1CC => "\u01CB",
            >= 0x1F1 and <= 0x1F3 => "\u01F2",
            _ => UpperOf(first),
        };

        // Lower case looks at its neighbours, so that the whole text is asked for it.
        string small = Lower(text);
        int from = Lower(first.ToString()).Length;
        return (large.Length > first.Utf16SequenceLength ? large[..1] + Lower(large[1..]) : large) + small[from..];
    }

    /// <summary>How many characters.</summary>
    internal static int Length(string text) => IsPlain(text) ? text.Length : text.EnumerateRunes().Count();

    /// <summary>The unit at which a character begins, or the text's end.</summary>
    internal static int UnitOf(string text, int character)
    {
        if (IsPlain(text))
        {
            return Math.Clamp(character, 0, text.Length);
        }

        int unit = 0;
        for (; character > 0 && unit < text.Length; character--)
        {
            unit += Rune.GetRuneAt(text, unit).Utf16SequenceLength;
        }

        return unit;
    }

    /// <summary>Python's parts between separators; between white space where there is none to look for.</summary>
    /// <param name="text">The text.</param>
    /// <param name="separator">Null: any run of white space.</param>
    /// <param name="most">Splits at so many places at most; below 0: at all.</param>
    internal static List<object?> Split(string text, string? separator, long most)
    {
        var parts = new List<object?>();
        int from = 0;
        if (separator is not null)
        {
            for (int at = text.IndexOf(separator, StringComparison.Ordinal); at >= 0 && (most < 0 || parts.Count < most);
                at = text.IndexOf(separator, from, StringComparison.Ordinal))
            {
                parts.Add(text[from..at]);
                from = at + separator.Length;
            }

            parts.Add(text[from..]);
            return parts;
        }

        while (true)
        {
            while (from < text.Length && IsSpace(text[from]))
            {
                from++;
            }

            if (from == text.Length)
            {
                return parts;
            }

            if (most >= 0 && parts.Count >= most)
            {
                parts.Add(text[from..]);
                return parts;
            }

            int end = from;
            while (end < text.Length && !IsSpace(text[end]))
            {
                end++;
            }

            parts.Add(text[from..end]);
            from = end;
        }
    }

    /// <summary>The same from the end.</summary>
    internal static List<object?> SplitBack(string text, string? separator, long most)
    {
        if (most < 0)
        {
            return Split(text, separator, most);
        }

        var parts = new List<object?>();
        int end = text.Length;
        while (true)
        {
            while (separator is null && end > 0 && IsSpace(text[end - 1]))
            {
                end--;
            }

            if (separator is null && end == 0)
            {
                break;
            }

            int at = separator is not null ? end == 0 ? -1 : text.AsSpan(0, end).LastIndexOf(separator) : LastSpace(text, end);
            if (at < 0 || parts.Count >= most)
            {
                parts.Add(separator is null ? Trim(text[..end], null, left: false) : text[..end]);
                break;
            }

            int width = separator?.Length ?? 1;
            parts.Add(text[(at + width)..end]);
            end = at;
        }

        parts.Reverse();
        return parts;
    }

    private static int LastSpace(string text, int end)
    {
        int at = end - 1;
        while (at >= 0 && !IsSpace(text[at]))
        {
            at--;
        }

        return at;
    }

    internal static List<object?> Lines(string text)
    {
        var lines = new List<object?>();
        int from = 0;
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] is '\n' or '\r' or '\v' or '\f' or (>= '\u001C' and <= '\u001E') or '\u0085' or '\u2028' or '\u2029')
            {
                lines.Add(text[from..i]);
                i += text[i] == '\r' && i + 1 < text.Length && text[i + 1] == '\n' ? 1 : 0;
                from = i + 1;
            }
        }

        if (from < text.Length)
        {
            lines.Add(text[from..]);
        }

        return lines;
    }

    /// <summary>The text with so many places of another replaced; below 0: all.</summary>
    internal static string Replace(TemplateRun run, string text, string from, string to, long most)
    {
        var built = new StringBuilder();
        int done = 0;
        for (long times = 0; most < 0 || times < most; times++)
        {
            // Nothing stands before each character, and after the last.
            int at = from.Length == 0 ? (times == 0 ? 0 : done < text.Length ? done + Rune.GetRuneAt(text, done).Utf16SequenceLength : -1)
                : text.IndexOf(from, done, StringComparison.Ordinal);
            if (at < 0)
            {
                break;
            }

            run.Take(2L * (at - done + to.Length));
            built.Append(text, done, at - done).Append(to);
            done = at + from.Length;
        }

        run.Take(2L * (text.Length - done));
        return built.Append(text, done, text.Length - done).ToString();
    }

    /// <summary>Python's <c>repr</c> of a text.</summary>
    internal static void Quote(StringBuilder to, string text)
    {
        char quote = text.Contains('\'') && !text.Contains('"') ? '"' : '\'';
        to.Append(quote);
        foreach (Rune rune in text.EnumerateRunes())
        {
            _ = rune.Value switch
            {
                '\n' => to.Append("\\n"),
                '\r' => to.Append("\\r"),
                '\t' => to.Append("\\t"),
                '\\' => to.Append("\\\\"),
                _ when rune.Value == quote => to.Append('\\').Append(quote),
                < 0x20 or (>= 0x7F and <= 0xFF) when !IsPrintable(rune) => to.Append(CultureInfo.InvariantCulture, $"\\x{rune.Value:x2}"),
                _ when !IsPrintable(rune) => rune.IsBmp ? to.Append(CultureInfo.InvariantCulture, $"\\u{rune.Value:x4}")
                    : to.Append(CultureInfo.InvariantCulture, $"\\U{rune.Value:x8}"),
                _ => to.Append(rune.ToString()),
            };
        }

        to.Append(quote);
    }

    /// <summary>Python's spelling of a number: the shortest that reads back, with an exponent from 1e16 on and below 1e-4.</summary>
    internal static string Spell(double number)
    {
        if (!double.IsFinite(number))
        {
            return double.IsNaN(number) ? "nan" : number > 0 ? "inf" : "-inf";
        }

        string shortest = number.ToString("R", CultureInfo.InvariantCulture);
        if (number == 0)
        {
            return double.IsNegative(number) ? "-0.0" : "0.0";
        }

        // Digits and the place of the point, from whichever form .NET chose.
        string sign = number < 0 ? "-" : "";
        string[] halves = shortest.TrimStart('-').Split('E');
        string[] sides = halves[0].Split('.');
        string digits = (sides[0] + (sides.Length > 1 ? sides[1] : "")).TrimStart('0');
        int leading = sides[0] == "0" ? -(sides[1].Length - sides[1].TrimStart('0').Length) : sides[0].Length;
        int point = leading + (halves.Length > 1 ? int.Parse(halves[1], CultureInfo.InvariantCulture) : 0);
        digits = digits.TrimEnd('0');
        int exponent = point - 1;
        if (exponent is < -4 or >= 16)
        {
            string mantissa = digits.Length > 1 ? $"{digits[..1]}.{digits[1..]}" : digits;
            return string.Create(CultureInfo.InvariantCulture, $"{sign}{mantissa}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}");
        }

        return sign + (point <= 0 ? $"0.{new string('0', -point)}{digits}"
            : point >= digits.Length ? $"{digits}{new string('0', point - digits.Length)}.0" : $"{digits[..point]}.{digits[point..]}");
    }

    private static bool IsPlain(string text) => text.AsSpan().IndexOfAnyInRange('\uD800', '\uDFFF') < 0;

    private static string UpperOf(Rune rune) => Wide.TryGetValue(rune.Value, out string? several) ? several
        : rune.Value is 0x390 or 0x3B0 or (>= 0x1F50 and <= 0x1FFC) ? throw new TemplateException($"'{rune}' in upper case is not supported")
        : Rune.ToUpperInvariant(rune).ToString();

    private static bool IsPrintable(Rune rune) => rune.Value == ' ' || Rune.GetUnicodeCategory(rune) is not (UnicodeCategory.Control or UnicodeCategory.Format
        or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned or UnicodeCategory.LineSeparator
        or UnicodeCategory.ParagraphSeparator or UnicodeCategory.SpaceSeparator);
}
