using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;

namespace Dsl.Text.Tokenizers;

/// <summary>
/// tokenizer.model, spiece.model and sentencepiece.bpe.model: SentencePiece (Kudo and Richardson 2018, arXiv 1808.06226) with byte pairs, as LLaMA 1 and 2
/// have it, or unigrams, as T5, ALBERT, mBART and XLM-R. What each family does around its file is a <see cref="SentencePieceFamily"/>.
/// </summary>
internal static class SentencePieceReader
{
    private const char Sign = '\u2581';

    internal static PieceTokenizer Read(IReadOnlyList<(string Name, byte[] Bytes)> files, string file)
    {
        SentencePieceFile model = SentencePieceFile.Read(files[0].Bytes, file);
        int unknown = model.Pieces.FindIndex(piece => piece.Kind == PieceKind.Unknown);
        if (unknown < 0)
        {
            throw new TextException($"{file}: no piece of kind 2 (unknown), expected one");
        }

        SentencePieceFamily family = files[0].Name == FairseqPieces.FileName ? FairseqPieces.Of(model, files, file)
            : AlbertPieces.Matches(model) ? AlbertPieces.Of(model, files)
            : SentencePieceFamily.Of(model, files);
        var beside = TokensBeside.Read(files);
        KeyValuePair<string, int>[] listed = [.. family.Tokens.Select((text, id) => KeyValuePair.Create(text, id))];
        if (listed.Length != family.Tokens.Distinct().Count())
        {
            Vocabulary.Of(listed, file);
        }

        Dictionary<string, int> ids = listed.ToDictionary();
        (IReadOnlyList<AddedToken> added, IReadOnlyList<KeyValuePair<string, int>> entries) = beside.Join(
            family.Added.Distinct().Select(token => new AddedToken(ids[token], token, Special: true, StripLeft: token == family.Mask)),
            listed, isWhole: false, file);
        var warnings = new List<string>();
        var vocabulary = Vocabulary.Of(entries, file, warnings);
        unknown = ids[model.Pieces[unknown].Text];
        Template template = family.Template(vocabulary);
        var own = new SentencePieceNormalizer(
            model.CharsMap.Length > 0 ? CharsMap.Read(model.CharsMap, file) : null, model.DummyPrefix, model.SqueezesSpaces, model.EscapesSpaces);
        IPieceModel pieces = Frozen(model, family.Shift, model.IsBytePair
            ? BytePairs(model, family.Shift, vocabulary, unknown, file)
            : Unigrams(model, family.Shift, vocabulary, unknown, file));
        return new PieceTokenizer(new TokenizerParts
        {
            Name = model.IsBytePair ? "bpe" : "unigram",
            File = file,
            Vocabulary = vocabulary,

            // SentencePiece adds a space before every text, so that no added token could be found in the normalised one.
            Added = [.. added.Select(token => token with { Normalized = false })],
            Normalizer = family.Before is null ? own : new NormalizerSequence([family.Before, own]),
            Model = family.SplitsDigitCommas ? new DigitCommas(pieces, vocabulary, unknown, model.DummyPrefix) : pieces,
            Template = template,
            Decoder = [new ByteFallbackStep(), new SentencePieceStep(model.DummyPrefix, model.SqueezesSpaces)],
            Special = family.Special(SpecialNames.Of(beside, vocabulary, template, vocabulary.TokenOf(unknown))),
            WordSign = Sign,
            Surfaces = new Dictionary<int, string> { [unknown] = model.UnknownSurface },
            Warnings = warnings,
            Files = family.Files,
        });
    }

    private static BytePairModel BytePairs(SentencePieceFile model, int shift, Vocabulary vocabulary, int unknown, string file)
    {
        var symbols = new Dictionary<string, int>(StringComparer.Ordinal);
        var joined = new List<(string Text, int Id, float Score)>();
        for (int id = 0; id < model.Pieces.Count; id++)
        {
            (string text, float score, PieceKind kind) = model.Pieces[id];
            if (kind == PieceKind.Unused)
            {
                throw new TextException($"{file}: piece {id} '{text}' is of kind 5 (unused), which byte pairs are not read with, expected kinds 1 to 4 and 6");
            }

            if (kind is PieceKind.Normal or PieceKind.UserDefined)
            {
                symbols.Add(text, id + shift);
                joined.Add((text, id + shift, score));
            }
        }

        // Characters that are in pieces and no pieces themselves take part in joins under numbers beyond the vocabulary.
        foreach (string character in joined.SelectMany(piece => piece.Text.EnumerateRunes()).Select(rune => rune.ToString()).Distinct().ToArray())
        {
            symbols.TryAdd(character, vocabulary.Count + symbols.Count);
        }

        // The pair joins first whose piece has the highest score; equal scores are one rank.
        Dictionary<float, int> ranks = joined.Select(piece => piece.Score).Distinct().OrderDescending().Select((score, rank) => (score, rank))
            .ToDictionary(entry => entry.score, entry => entry.rank);
        Dictionary<(int, int), Join> joins = PairJoins.Of(joined.Select(piece => (piece.Text, piece.Id, ranks[piece.Score])), symbols);
        return new BytePairModel(
            spelling => symbols.TryGetValue(spelling, out int id) ? id : null, vocabulary.IdOf, joins, vocabulary.Count,
            new BytePairOptions { Unknown = unknown, FuseUnknown = true, ByteFallback = Bytes(model, vocabulary, file) });
    }

    private static UnigramModel Unigrams(SentencePieceFile model, int shift, Vocabulary vocabulary, int unknown, string file) => new(
        model.Pieces.Select((piece, id) => (piece, id)).Where(entry => entry.piece.Kind == PieceKind.Normal)
            .Select(entry => (entry.piece.Text, entry.id + shift, (double)entry.piece.Score)),
        unknown, Bytes(model, vocabulary, file), singlePrecision: true);

    private static IPieceModel Frozen(SentencePieceFile model, int shift, IPieceModel inner)
    {
        AddedToken[] frozen = [.. model.Pieces.Select((piece, id) => (piece, id)).Where(entry => entry.piece.Kind == PieceKind.UserDefined)
            .Select(entry => new AddedToken(entry.id + shift, entry.piece.Text, Special: false))];
        return frozen.Length > 0 ? new FrozenPieces(inner, new AddedTokens(frozen.Select(token => (token.Content, token)))) : inner;
    }

    private static int[]? Bytes(SentencePieceFile model, Vocabulary vocabulary, string file) => !model.ByteFallback ? null
        : [.. Enumerable.Range(0, 256).Select(value => vocabulary.IdOf(string.Create(CultureInfo.InvariantCulture, $"<0x{value:X2}>"))
            ?? throw new TextException($"{file}: byte_fallback, but no piece <0x{value:X2}> is there, expected all 256"))];
}

/// <summary>Pieces that a user defined: they are never cut and never joined to anything.</summary>
internal sealed class FrozenPieces(IPieceModel inner, AddedTokens frozen) : IPieceModel
{
    public void Cut(string word, List<Piece> pieces)
    {
        foreach ((AddedToken? token, int start, int end) in frozen.Split(word, specialsAsText: false))
        {
            if (token is not null)
            {
                pieces.Add(new Piece(token.Id, start, end));
                continue;
            }

            int first = pieces.Count;
            inner.Cut(word[start..end], pieces);
            for (int i = first; i < pieces.Count; i++)
            {
                pieces[i] = pieces[i] with { Start = pieces[i].Start + start, End = pieces[i].End + start };
            }
        }
    }
}

/// <summary>sentencepiece's normaliser: its table, then white space squeezed and trimmed or left, a space in front, spaces as signs.</summary>
internal sealed class SentencePieceNormalizer(CharsMap? map, bool dummyPrefix, bool squeezes, bool escapes) : INormalizer
{
    public AlignedText Apply(AlignedText text)
    {
        AlignedText mapped = map?.Apply(text) ?? text;
        AlignedText spaced = squeezes ? Squeeze(mapped) : mapped;
        if (dummyPrefix)
        {
            spaced = PrependNormalizer.Prepend(spaced, " ");
        }

        return escapes ? spaced.Respelt(spaced.Text.Replace(' ', '\u2581')) : spaced;
    }

    /// <summary>One space for each run of them, and none at the ends.</summary>
    internal static AlignedText Squeeze(AlignedText text)
    {
        var built = new AlignedText.Builder(text);
        for (int i = 0; i < text.Length; i++)
        {
            if (text.Text[i] != ' ' || (built.Length > 0 && built.Last != ' '))
            {
                built.Append(text, i, i + 1);
            }
        }

        if (built.Length > 0 && built.Last == ' ')
        {
            built.RemoveLast();
        }

        return built.Build();
    }
}
