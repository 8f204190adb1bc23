using System;
using System.Globalization;
using System.Text;

namespace Dsl.Text.Tokenizers;

/// <summary>Lower case as Python's <c>lower</c> gives it: a capital sigma that ends a word becomes the final one (the Unicode Standard, 3.13).</summary>
internal sealed class LowercaseInWords : INormalizer
{
    private const char Capital = '\u03A3', Final = '\u03C2';

    public AlignedText Apply(AlignedText text)
    {
        AlignedText lower = RuneNormalizer.Lowercase.Apply(text);
        if (!text.Text.Contains(Capital) || lower.Length != text.Length)
        {
            return lower;
        }

        char[] units = lower.Text.ToCharArray();
        for (int at = text.Text.IndexOf(Capital); at >= 0; at = text.Text.IndexOf(Capital, at + 1))
        {
            if (IsCasedBefore(text.Text, at) && !IsCasedAfter(text.Text, at + 1))
            {
                units[at] = Final;
            }
        }

        return lower.Respelt(new string(units));
    }

    /// <summary>Whether the last character that counts is a letter with case; marks and signs within words do not count.</summary>
    private static bool IsCasedBefore(string text, int end)
    {
        while (end > 0)
        {
            Rune.DecodeLastFromUtf16(text.AsSpan(0, end), out Rune rune, out int length);
            if (!IsPassedOver(rune))
            {
                return IsCased(rune);
            }

            end -= length;
        }

        return false;
    }

    private static bool IsCasedAfter(string text, int start)
    {
        while (start < text.Length)
        {
            Rune rune = Rune.GetRuneAt(text, start);
            if (!IsPassedOver(rune))
            {
                return IsCased(rune);
            }

            start += rune.Utf16SequenceLength;
        }

        return false;
    }

    private static bool IsCased(Rune rune) =>
        Rune.GetUnicodeCategory(rune) is UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter;

    private static bool IsPassedOver(Rune rune) => rune.Value is '\'' or '.' or ':' or 0xB7 or 0x387 or 0x2018 or 0x2019 or 0x2024 or 0x2027
        || Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark or UnicodeCategory.Format
            or UnicodeCategory.ModifierLetter or UnicodeCategory.ModifierSymbol;
}
