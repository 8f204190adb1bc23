using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;

namespace Dsl.Text.Tokenizers;

/// <summary>
/// ALBERT's spiece.model (google-research/albert, tokenization.py): the text is cleaned before SentencePiece sees it, numbers are parted from the commas
/// after them, and [CLS] A [SEP] B [SEP] stand around texts. <c>remove_space</c>, <c>keep_accents</c> and <c>do_lower_case</c> of tokenizer_config.json count.
/// </summary>
internal static class AlbertPieces
{
    internal static bool Matches(SentencePieceFile model) => new[] { "[CLS]", "[SEP]" }.All(token => model.Pieces.Exists(piece => piece.Text == token));

    internal static SentencePieceFamily Of(SentencePieceFile model, IReadOnlyList<(string Name, byte[] Bytes)> files)
    {
        JsonField? config = SpecialNames.Config(files);
        bool Says(string key, bool otherwise) => config?.Optional(key)?.Flag() ?? otherwise;
        return new SentencePieceFamily
        {
            Tokens = [.. model.Pieces.Select(piece => piece.Text)],
            Added = [.. SentencePieceFamily.Specials(model).Union(["[CLS]", "[SEP]"])],
            Mask = "[MASK]",
            Template = vocabulary =>
            {
                (int before, int after) = (vocabulary.IdOf("[CLS]")!.Value, vocabulary.IdOf("[SEP]")!.Value);
                TemplatePart[] single = [TemplatePart.Special(0, before), TemplatePart.First(0), TemplatePart.Special(0, after)];
                return new Template(single, [.. single, TemplatePart.Second(1), TemplatePart.Special(1, after)]);
            },
            Before = Cleaning(Says("remove_space", true), Says("keep_accents", false), Says("do_lower_case", true)),
            SplitsDigitCommas = true,
            Files = files,
        };
    }

    private static NormalizerSequence Cleaning(bool removeSpace, bool keepAccents, bool lowercase)
    {
        var steps = new List<INormalizer>();
        if (removeSpace)
        {
            steps.Add(new Spaces());
        }

        steps.Add(new ReplaceNormalizer(TextPattern.Plain("``"), "\""));
        steps.Add(new ReplaceNormalizer(TextPattern.Plain("''"), "\""));
        if (!keepAccents)
        {
            steps.Add(new UnicodeFormNormalizer(compatible: true, compose: false));
            steps.Add(new RuneNormalizer(rune => UnicodeForms.CombiningClass(rune) != 0 ? "" : null));
        }

        if (lowercase)
        {
            steps.Add(new LowercaseInWords());
        }

        return new NormalizerSequence(steps);
    }

    /// <summary>White space as Python's <c>split</c> knows it, squeezed and trimmed.</summary>
    private sealed class Spaces : INormalizer
    {
        // Python counts the four separators U+001C to U+001F as white space too.
        private static readonly RuneNormalizer Plain = new(rune => Rune.IsWhiteSpace(rune) || rune.Value is >= 0x1C and <= 0x1F ? " " : null);

        public AlignedText Apply(AlignedText text) => SentencePieceNormalizer.Squeeze(Plain.Apply(text));
    }

    /// <summary>Lower case as Python's <c>lower</c> gives it: a capital sigma that ends a word becomes the final one (the Unicode Standard, 3.13).</summary>
    private sealed class LowercaseInWords : INormalizer
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
}

/// <summary>
/// A piece that ends with a digit and a comma is cut anew without the comma, which becomes a token of its own: 9,9 is 9 and , and 9 (ALBERT and XLNet).
/// </summary>
internal sealed class DigitCommas(IPieceModel inner, Vocabulary vocabulary, int unknown, bool dummyPrefix) : IPieceModel
{
    private const char Sign = '\u2581';

    public void Cut(string word, List<Piece> pieces)
    {
        int first = pieces.Count;
        inner.Cut(word, pieces);
        Piece[] cut = [.. pieces[first..]];
        pieces.RemoveRange(first, cut.Length);
        foreach (Piece piece in cut)
        {
            if (piece.End - piece.Start > 1 && word[piece.End - 1] == ',' && char.IsDigit(word[piece.End - 2]))
            {
                CutAnew(word, piece.Start, piece.End - 1, pieces);
                pieces.Add(new Piece(vocabulary.IdOf(",") ?? unknown, piece.End - 1, piece.End));
            }
            else
            {
                pieces.Add(piece);
            }
        }
    }

    /// <summary>SentencePiece puts its sign in front again; where the piece had none, it is taken away from what comes back.</summary>
    private void CutAnew(string word, int start, int end, List<Piece> pieces)
    {
        bool signed = word[start] == Sign;
        int put = signed || !dummyPrefix ? 0 : 1;
        var cut = new List<Piece>();
        inner.Cut(put > 0 ? Sign + word[start..end] : word[start..end], cut);
        foreach (Piece piece in cut)
        {
            (int from, int to) = (piece.Start - put, piece.End - put);
            if (from >= 0)
            {
                pieces.Add(new Piece(piece.Id, start + from, start + to));
            }
            else if (to > 0)
            {
                pieces.Add(new Piece(vocabulary.IdOf(word.Substring(start, to)) ?? unknown, start, start + to));
            }
        }
    }
}
