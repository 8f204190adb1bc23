using System;
using System.Collections.Generic;
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
