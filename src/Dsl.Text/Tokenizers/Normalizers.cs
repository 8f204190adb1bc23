using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;
using System.Text.RegularExpressions;

namespace Dsl.Text.Tokenizers;

/// <summary>Changes a text before it is split: lower case, accents, white space.</summary>
internal interface INormalizer
{
    AlignedText Apply(AlignedText text);
}

/// <summary>One after the other.</summary>
internal sealed class NormalizerSequence(IReadOnlyList<INormalizer> steps) : INormalizer
{
    public AlignedText Apply(AlignedText text) => steps.Aggregate(text, (current, step) => step.Apply(current));
}

/// <summary>NFC, NFD, NFKC or NFKD.</summary>
internal sealed class UnicodeFormNormalizer(bool compatible, bool compose) : INormalizer
{
    public AlignedText Apply(AlignedText text) => UnicodeForms.Apply(text, compatible, compose);
}

/// <summary>Changes each character by itself: to another, to several, to none.</summary>
/// <param name="map">What a character becomes; null: it stays.</param>
internal sealed class RuneNormalizer(Func<Rune, string?> map) : INormalizer
{
    /// <summary>Lower case without regard to neighbours; I with a dot becomes two characters.</summary>
    internal static RuneNormalizer Lowercase { get; } = new(rune =>
        rune.Value == 0x130 ? "i\u0307" : Rune.ToLowerInvariant(rune) is var lower && lower != rune ? lower.ToString() : null);

    /// <summary>Without marks that take no place of their own; decompose first.</summary>
    internal static RuneNormalizer WithoutAccents { get; } =
        new(rune => Rune.GetUnicodeCategory(rune) == UnicodeCategory.NonSpacingMark ? "" : null);

    /// <summary>Without any marks, those that take a place of their own among them: what tokenizer.json calls StripAccents.</summary>
    internal static RuneNormalizer WithoutMarks { get; } = new(rune => Rune.GetUnicodeCategory(rune)
        is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark ? "" : null);

    public AlignedText Apply(AlignedText text)
    {
        var built = new AlignedText.Builder(text);
        int at = 0;
        foreach (Rune rune in text.Text.EnumerateRunes())
        {
            int end = at + rune.Utf16SequenceLength;
            if (map(rune) is not { } mapped)
            {
                built.Append(text, at, end);
            }
            else
            {
                built.Append(mapped, text.Origin(at, end));
            }

            at = end;
        }

        return built.Build();
    }
}

/// <summary>Puts a text in front; not before nothing.</summary>
internal sealed class PrependNormalizer(string prefix) : INormalizer
{
    public AlignedText Apply(AlignedText text) => Prepend(text, prefix);

    internal static AlignedText Prepend(AlignedText text, string prefix)
    {
        if (text.Length == 0 || prefix.Length == 0)
        {
            return text;
        }

        // What was put in front belongs to the first character.
        var built = new AlignedText.Builder(text);
        built.Append(prefix, text.Origin(0, char.IsHighSurrogate(text.Text[0]) ? 2 : 1));
        built.Append(text, 0, text.Length);
        return built.Build();
    }
}

/// <summary>Puts a text for each match of a pattern.</summary>
internal sealed class ReplaceNormalizer(TextPattern pattern, string content) : INormalizer
{
    public AlignedText Apply(AlignedText text)
    {
        var built = new AlignedText.Builder(text);
        int done = 0;
        foreach ((int start, int end) in pattern.Matches(text.Text))
        {
            built.Append(text, done, start);
            built.Append(content, text.Origin(start, end));
            done = end;
        }

        if (done == 0)
        {
            return text;
        }

        built.Append(text, done, text.Length);
        return built.Build();
    }
}

/// <summary>Without white space at its ends.</summary>
internal sealed class StripNormalizer(bool left, bool right) : INormalizer
{
    public AlignedText Apply(AlignedText text)
    {
        int start = 0, end = text.Length;
        while (left && start < end && char.IsWhiteSpace(text.Text[start]))
        {
            start++;
        }

        while (right && end > start && char.IsWhiteSpace(text.Text[end - 1]))
        {
            end--;
        }

        return text.Slice(start, end);
    }
}

/// <summary>BERT's cleaning (google-research/bert, tokenization.py): no control characters, room around ideographs, no accents, lower case.</summary>
internal static class BertNormalizer
{
    internal static INormalizer Make(bool clean, bool spaceIdeographs, bool stripAccents, bool lowercase)
    {
        var steps = new List<INormalizer>();
        if (clean)
        {
            steps.Add(new RuneNormalizer(rune => IsDropped(rune) ? "" : Rune.IsWhiteSpace(rune) ? " " : null));
        }

        if (spaceIdeographs)
        {
            steps.Add(new RuneNormalizer(rune => IsIdeograph(rune.Value) ? $" {rune} " : null));
        }

        if (stripAccents)
        {
            steps.Add(new UnicodeFormNormalizer(compatible: false, compose: false));
            steps.Add(RuneNormalizer.WithoutAccents);
        }

        if (lowercase)
        {
            steps.Add(RuneNormalizer.Lowercase);
        }

        return new NormalizerSequence(steps);
    }

    private static bool IsDropped(Rune rune) => rune.Value is 0 or 0xFFFD
        || (rune.Value is not ('\t' or '\n' or '\r')
            && Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.PrivateUse);

    // The ranges of the published implementation; 2B920 is its own.
    private static bool IsIdeograph(int code) => code is (>= 0x4E00 and <= 0x9FFF) or (>= 0x3400 and <= 0x4DBF) or (>= 0x20000 and <= 0x2A6DF)
        or (>= 0x2A700 and <= 0x2B73F) or (>= 0x2B740 and <= 0x2B81F) or (>= 0x2B920 and <= 0x2CEAF) or (>= 0xF900 and <= 0xFAFF)
        or (>= 0x2F800 and <= 0x2FA1F);
}
