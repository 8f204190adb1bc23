using System;
using System.Collections.Generic;
using System.Linq;

namespace Dsl.Text;

/// <summary>The tokens of a vocabulary between which a text stands whose middle is to be written.</summary>
/// <param name="Prefix">Before what stands before the gap.</param>
/// <param name="Suffix">Before what stands behind it.</param>
/// <param name="Middle">Before what fills it.</param>
/// <param name="End">Behind what fills it.</param>
public sealed record InfillTokens(int Prefix, int Suffix, int Middle, int End)
{
    private static readonly (string Prefix, string Suffix, string Middle, string End)[] spellings =
    [
        ("▁<PRE>", "▁<SUF>", "▁<MID>", "▁<EOT>"),
        ("<PRE>", "<SUF>", "<MID>", "<EOT>"),
        ("<fim_prefix>", "<fim_suffix>", "<fim_middle>", "<|endoftext|>"),
        ("<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>", "<|endoftext|>"),
    ];

    /// <summary>Those that a vocabulary has.</summary>
    /// <exception cref="TextException">It has none.</exception>
    public static InfillTokens Of(ITokenizer tokenizer)
    {
        foreach ((string prefix, string suffix, string middle, string end) in spellings)
        {
            if (tokenizer.IdOf(prefix) is { } before && tokenizer.IdOf(suffix) is { } behind && tokenizer.IdOf(middle) is { } between
                && tokenizer.IdOf(end) is { } last)
            {
                return new InfillTokens(before, behind, between, last);
            }
        }

        throw new TextException($"the vocabulary '{tokenizer.Name}' marks no gaps, expected tokens such as "
            + string.Join(", ", spellings[1].Prefix, spellings[1].Suffix, spellings[1].Middle, spellings[1].End));
    }
}

/// <summary>
/// A text with a gap as ids (Bavarian and others, 2022, arXiv 2207.14255; Rozière and others, 2023, arXiv 2308.12950): prefix, suffix, middle, or the suffix
/// first, where the middle goes on from the prefix as if there were no gap.
/// </summary>
public static class Infilling
{
    /// <summary>Stands where the gap is, in texts that hold their gap.</summary>
    public const string Mark = "<FILL_ME>";

    // Spaces that a vocabulary puts before a text belong to it only where a text begins.
    private const string Beginning = "☺";

    private const string LeadingSpace = "▁";

    private static readonly EncodingOptions plain = new(AddSpecials: false, SpecialsAsText: true);

    /// <summary>What stands before the mark of a text, and what behind it.</summary>
    /// <exception cref="TextException">There is no mark, or there are several.</exception>
    public static (string Prefix, string Suffix) Split(string text)
    {
        string[] parts = text.Split(Mark);
        return parts.Length == 2 ? (parts[0], parts[1]) : throw new TextException($"{parts.Length - 1} gaps, expected {Mark} once in the text");
    }

    /// <summary>The ids that the middle is written after.</summary>
    /// <param name="prefix">Before the gap; may be empty.</param>
    /// <param name="suffix">Behind it; may be empty.</param>
    /// <param name="tokenizer">Whose ids; what it puts before a text stands first.</param>
    /// <param name="suffixFirst">The suffix stands before the prefix.</param>
    /// <exception cref="TextException">The vocabulary marks no gaps.</exception>
    public static int[] Prompt(string prefix, string suffix, ITokenizer tokenizer, bool suffixFirst = false)
    {
        InfillTokens tokens = InfillTokens.Of(tokenizer);
        return suffixFirst
            ? [.. Before(tokenizer), tokens.Prefix, tokens.Suffix, .. Within(suffix, tokenizer), tokens.Middle, .. Ids(prefix, tokenizer)]
            : [.. Before(tokenizer), tokens.Prefix, .. Ids(prefix, tokenizer), tokens.Suffix, .. Within(suffix, tokenizer), tokens.Middle];
    }

    /// <summary>The ids that are learned. With the suffix first, prefix and middle are one text, whose tokens no border cuts.</summary>
    /// <param name="prefix">Before the gap.</param>
    /// <param name="middle">What fills it.</param>
    /// <param name="suffix">Behind it.</param>
    /// <param name="tokenizer">Whose ids.</param>
    /// <param name="suffixFirst">The suffix stands before the prefix.</param>
    /// <exception cref="TextException">The vocabulary marks no gaps.</exception>
    public static int[] Training(string prefix, string middle, string suffix, ITokenizer tokenizer, bool suffixFirst = false)
    {
        int end = InfillTokens.Of(tokenizer).End;
        return suffixFirst ? [.. Prompt(prefix + middle, suffix, tokenizer, suffixFirst: true), end]
            : [.. Prompt(prefix, suffix, tokenizer), .. Within(middle, tokenizer), end];
    }

    private static IEnumerable<int> Before(ITokenizer tokenizer)
    {
        TokenEncoding around = tokenizer.Encode("x", null);
        return around.Ids.Take(around.SpecialMask.TakeWhile(mask => mask == 1).Count());
    }

    private static int[] Ids(string text, ITokenizer tokenizer) => text.Length == 0 ? [] : tokenizer.Encode(text, null, plain).Ids;

    /// <summary>The ids of a text that does not begin one.</summary>
    private static int[] Within(string text, ITokenizer tokenizer)
    {
        if (text.Length == 0 || tokenizer.TokenOf(Ids("x", tokenizer)[0])?.StartsWith(LeadingSpace, StringComparison.Ordinal) != true)
        {
            return Ids(text, tokenizer);
        }

        int[] beginning = Ids(Beginning, tokenizer), whole = Ids(Beginning + text, tokenizer);
        return whole.AsSpan().StartsWith(beginning) ? whole[beginning.Length..] : Ids(text, tokenizer);
    }
}
