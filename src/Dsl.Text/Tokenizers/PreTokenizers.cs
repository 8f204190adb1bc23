using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;

namespace Dsl.Text.Tokenizers;

/// <summary>Divides a text into words, across which no token reaches.</summary>
internal interface IPreTokenizer
{
    IEnumerable<AlignedText> Split(AlignedText text);
}

/// <summary>What becomes of the separators.</summary>
internal enum SplitBehavior
{
    Removed,
    Isolated,
    MergedWithPrevious,
    MergedWithNext,
    Contiguous,
}

/// <summary>One after the other, each on all parts of the one before.</summary>
internal sealed class PreTokenizerSequence(IReadOnlyList<IPreTokenizer> steps) : IPreTokenizer
{
    public IEnumerable<AlignedText> Split(AlignedText text) =>
        steps.Aggregate<IPreTokenizer, IEnumerable<AlignedText>>([text], (parts, step) => parts.SelectMany(step.Split));
}

/// <summary>Splits at the matches of a pattern, or at what lies between them.</summary>
internal sealed class PatternSplit(Func<string, IEnumerable<(int Start, int End)>> matches, SplitBehavior behavior, bool invert = false) : IPreTokenizer
{
    /// <summary>A separator for each character that the condition takes.</summary>
    internal static PatternSplit Each(Func<Rune, bool> isSeparator, SplitBehavior behavior) => new(text => Runes(text, isSeparator), behavior);

    /// <summary>White space away, punctuation by itself, as BERT has it: all of ASCII that is no letter, digit or space counts as punctuation.</summary>
    internal static PreTokenizerSequence Bert { get; } = new([Each(Rune.IsWhiteSpace, SplitBehavior.Removed), Each(IsPunctuation, SplitBehavior.Isolated)]);

    internal static bool IsPunctuation(Rune rune) => rune.IsAscii
        ? rune.Value > ' ' && rune.Value < 127 && !Rune.IsLetterOrDigit(rune)
        : Rune.GetUnicodeCategory(rune) is >= UnicodeCategory.ConnectorPunctuation and <= UnicodeCategory.OtherPunctuation;

    public IEnumerable<AlignedText> Split(AlignedText text)
    {
        var parts = new Parts(behavior);
        foreach ((int start, int end, bool separator) in Cover(text.Text))
        {
            if (parts.Add(start, end, separator) is ( >= 0, _) part)
            {
                yield return text.Slice(part.Start, part.End);
            }
        }

        if (parts.Open is ( >= 0, _) last)
        {
            yield return text.Slice(last.Start, last.End);
        }
    }

    /// <summary>The whole text as separators and what lies between, without empty parts.</summary>
    private IEnumerable<(int Start, int End, bool Separator)> Cover(string text)
    {
        int done = 0;
        foreach ((int start, int end) in matches(text))
        {
            if (start > done)
            {
                yield return (done, start, invert);
            }

            yield return (start, end, !invert);
            done = end;
        }

        if (done < text.Length)
        {
            yield return (done, text.Length, invert);
        }
    }

    private static IEnumerable<(int Start, int End)> Runes(string text, Func<Rune, bool> isSeparator)
    {
        int at = 0;
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (isSeparator(rune))
            {
                yield return (at, at + rune.Utf16SequenceLength);
            }

            at += rune.Utf16SequenceLength;
        }
    }

    /// <summary>Joins neighbours; at most one part is open at a time, so that a long text is split as it is read.</summary>
    private sealed class Parts(SplitBehavior behavior)
    {
        private bool openSeparator;

        internal (int Start, int End) Open { get; private set; } = (-1, -1);

        /// <summary>The part that this one completes; Start is -1 where none is.</summary>
        internal (int Start, int End) Add(int start, int end, bool separator)
        {
            bool joins = Open.Start >= 0 && behavior switch
            {
                SplitBehavior.Contiguous => separator == openSeparator,
                SplitBehavior.MergedWithPrevious => separator && !openSeparator,
                SplitBehavior.MergedWithNext => !separator && openSeparator,
                _ => false,
            };
            (int Start, int End) complete = joins ? (-1, -1) : Open;
            Open = separator && behavior == SplitBehavior.Removed ? (-1, -1) : (joins ? Open.Start : start, end);
            openSeparator = separator;
            return complete;
        }
    }
}

/// <summary>Spaces become a visible sign, one is put in front, and a word begins at each sign (SentencePiece).</summary>
internal sealed class MetaspaceSplit(char sign, MetaspacePrefix prefix, bool split) : IPreTokenizer
{
    private readonly PatternSplit words = new(TextPattern.Plain(sign.ToString()).Matches, SplitBehavior.MergedWithNext);

    public IEnumerable<AlignedText> Split(AlignedText text)
    {
        AlignedText spelt = text.Respelt(text.Text.Replace(' ', sign));
        if (spelt.Length > 0 && spelt.Text[0] != sign && (prefix == MetaspacePrefix.Always || (prefix == MetaspacePrefix.First && text.OriginalStart == 0)))
        {
            spelt = PrependNormalizer.Prepend(spelt, sign.ToString());
        }

        return split ? words.Split(spelt) : [spelt];
    }
}

/// <summary>Where the sign is put in front: nowhere, before the whole text, before each stretch between added tokens.</summary>
internal enum MetaspacePrefix
{
    Never,
    First,
    Always,
}
