using System;
using System.Collections.Generic;
using System.Linq;

namespace Dsl.Text.Tokenizers;

/// <summary>What a family does around its SentencePiece file: which ids the pieces have, which tokens are beside them, what stands around a text.</summary>
internal sealed record SentencePieceFamily
{
    /// <summary>Every token by its id. Piece k of the file has the id k + <see cref="Shift"/>, but for special ones.</summary>
    internal required IReadOnlyList<string> Tokens { get; init; }

    /// <summary>How far ids lie beyond the file's own numbers.</summary>
    internal int Shift { get; init; }

    /// <summary>Tokens that are found in a text before SentencePiece sees it; all are special.</summary>
    internal required IReadOnlyList<string> Added { get; init; }

    /// <summary>The one of them to which the white space before it belongs.</summary>
    internal string? Mask { get; init; }

    internal required Func<Vocabulary, Template> Template { get; init; }

    /// <summary>What happens to a text before the file's own normalisation.</summary>
    internal INormalizer? Before { get; init; }

    /// <summary>A piece such as <c>9,</c> becomes what stands before the comma, and the comma.</summary>
    internal bool SplitsDigitCommas { get; init; }

    /// <summary>Corrects what files and template say of special tokens.</summary>
    internal Func<SpecialTokens, SpecialTokens> Special { get; init; } = special => special;

    /// <summary>What is saved: the model's file and those beside it that say how it is read.</summary>
    internal required IReadOnlyList<(string Name, byte[] Bytes)> Files { get; init; }

    /// <summary>LLaMA 1 and 2 and T5: the pieces as the file numbers them.</summary>
    internal static SentencePieceFamily Of(SentencePieceFile model, IReadOnlyList<(string Name, byte[] Bytes)> files)
    {
        JsonField? config = SpecialNames.Config(files);
        string[] pieces = [.. model.Pieces.Select(piece => piece.Text)];
        HashSet<string> known = [.. pieces];
        (bool hasBegin, bool hasEnd) = (known.Contains("<s>"), known.Contains("</s>"));
        bool addsBegin = config?.Optional("add_bos_token")?.Flag() ?? hasBegin;
        bool addsEnd = config?.Optional("add_eos_token")?.Flag() ?? (!hasBegin && hasEnd);

        // T5's sentinels are not in the file: they follow its pieces, the first of them last.
        int sentinels = model.IsBytePair || hasBegin ? 0 : config?.Optional("extra_ids")?.Int() ?? 100;
        string[] extra = [.. Enumerable.Range(0, Math.Clamp(sentinels, 0, 100_000)).Reverse().Select(k => $"<extra_id_{k}>")
            .Where(token => !known.Contains(token))];
        return new SentencePieceFamily
        {
            Tokens = [.. pieces, .. extra],
            Added = [.. Specials(model), .. extra],
            Template = vocabulary =>
            {
                var beside = TokensBeside.Read(files);
                int? Edge(bool adds, string purpose, string usual) => adds ? vocabulary.IdOf(beside.NameOf(purpose) ?? usual) : null;
                return Tokenizers.Template.Around(Edge(addsBegin, "bos_token", "<s>"), Edge(addsEnd, "eos_token", "</s>"), secondType: 0);
            },
            Files = files,
        };
    }

    /// <summary>The file's own special pieces.</summary>
    internal static IEnumerable<string> Specials(SentencePieceFile model) =>
        model.Pieces.Where(piece => piece.Kind is PieceKind.Control or PieceKind.Unknown).Select(piece => piece.Text);
}
