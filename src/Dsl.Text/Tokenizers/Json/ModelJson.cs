using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;

namespace Dsl.Text.Tokenizers;

/// <summary>The <c>model</c> of a tokenizer.json.</summary>
internal sealed class ModelJson
{
    private readonly JsonField json;
    private readonly string file;
    private readonly Dictionary<string, int> ids = new(StringComparer.Ordinal);

    internal ModelJson(JsonField json, string file)
    {
        this.json = json;
        this.file = file;
        Type = json.OptionalText("type")
            ?? (json.Optional("merges") is not null ? "BPE"
            : json.Optional("max_input_chars_per_word") is not null ? "WordPiece"
            : json.Optional("unk_id") is not null ? "Unigram"
            : throw new TextException($"{file}: model.type is missing, expected BPE, WordPiece, Unigram or WordLevel"));
        if (Type is not ("BPE" or "WordPiece" or "Unigram" or "WordLevel"))
        {
            throw json["type"].Unknown(Type, "BPE", "WordPiece", "Unigram", "WordLevel");
        }

        Entries = Type == "Unigram"
            ? [.. Scored().Select((piece, id) => KeyValuePair.Create(piece.Piece, id))]
            : [.. json["vocab"].Members().Select(entry => KeyValuePair.Create(entry.Name, entry.Value.Int()))];
        foreach ((string token, int id) in Entries)
        {
            ids[token] = id;
        }
    }

    /// <summary>BPE, WordPiece, Unigram or WordLevel.</summary>
    internal string Type { get; }

    /// <summary>The model's own tokens.</summary>
    internal IReadOnlyList<KeyValuePair<string, int>> Entries { get; }

    /// <summary>The token for what the model does not know.</summary>
    internal string? UnknownToken => Type == "Unigram" ? json.Optional("unk_id") is { } id ? PieceAt(id) : null : json.OptionalText("unk_token");

    /// <summary>The id of one of them; where it is listed twice, the last counts.</summary>
    internal int? IdOf(string token) => ids.TryGetValue(token, out int id) ? id : null;

    internal IPieceModel Make(Vocabulary vocabulary)
    {
        int? unknown = UnknownToken is { } token
            ? vocabulary.IdOf(token) ?? throw new TextException($"{file}: model.unk_token '{token}' is not in the vocabulary")
            : null;
        return Type switch
        {
            "BPE" => BytePair(vocabulary, unknown),
            "WordPiece" => new WordPieceModel(
                vocabulary, Entries.Select(entry => entry.Key), unknown ?? throw new TextException($"{file}: model.unk_token is missing"),
                json.OptionalText("continuing_subword_prefix") ?? "##", json.Optional("max_input_chars_per_word")?.Int() ?? 100),
            "Unigram" => new UnigramModel(
                Scored().Select((piece, id) => (piece.Piece, id, piece.Score)).Where(piece => piece.id != unknown),
                unknown ?? throw new TextException($"{file}: model.unk_id is missing"), Bytes(vocabulary), singlePrecision: false),
            _ => new WordModel(vocabulary, unknown),
        };
    }

    private BytePairModel BytePair(Vocabulary vocabulary, int? unknown)
    {
        if (json.Optional("dropout") is { } dropout && dropout.Number() != 0)
        {
            throw dropout.Error(dropout.Number().ToString(CultureInfo.InvariantCulture), "none: every text has one encoding");
        }

        string prefix = json.OptionalText("continuing_subword_prefix") ?? "";
        var joins = new Dictionary<(int, int), Join>();
        int rank = 0;
        foreach (JsonField merge in json["merges"].Items())
        {
            (string left, string right) = Sides(merge);
            string joined = left + (right.StartsWith(prefix, StringComparison.Ordinal) ? right[prefix.Length..] : right);
            if (vocabulary.IdOf(left) is not { } leftId || vocabulary.IdOf(right) is not { } rightId || vocabulary.IdOf(joined) is not { } id)
            {
                throw new TextException($"{file}: merge '{left} {right}' not in the vocabulary, expected '{left}', '{right}' and '{joined}' there");
            }

            // Of a merge that is listed twice the last counts, as in the library.
            joins[(leftId, rightId)] = new Join(rank++, id);
        }

        return new BytePairModel(vocabulary.IdOf, vocabulary.IdOf, joins, vocabulary.Count, new BytePairOptions
        {
            Unknown = unknown,
            FuseUnknown = json.Flag("fuse_unk", false),
            ByteFallback = Bytes(vocabulary),
            WholeWords = json.Flag("ignore_merges", false),
            ContinuingPrefix = prefix,
            EndSuffix = json.OptionalText("end_of_word_suffix") ?? "",
        });
    }

    private static (string Left, string Right) Sides(JsonField merge)
    {
        string[] sides = merge.IsArray ? [.. merge.Items().Select(side => side.Text())] : merge.Text().Split(' ');
        return sides is [{ Length: > 0 } left, { Length: > 0 } right] ? (left, right) : throw merge.Error("no pair", "two tokens");
    }

    private int[]? Bytes(Vocabulary vocabulary)
    {
        if (!json.Flag("byte_fallback", false))
        {
            return null;
        }

        return [.. Enumerable.Range(0, 256).Select(value =>
            vocabulary.IdOf($"<0x{value:X2}>")
                ?? throw new TextException($"{file}: model.byte_fallback, but no token <0x{value:X2}> is there, expected all 256"))];
    }

    private IEnumerable<(string Piece, double Score)> Scored()
    {
        foreach (JsonField item in json["vocab"].Items())
        {
            JsonField[] pair = [.. item.Items()];
            yield return pair.Length == 2 ? (pair[0].Text(), pair[1].Number()) : throw item.Error($"a list of {pair.Length}", "a piece and its score");
        }
    }

    private string PieceAt(JsonField id) => (uint)id.Int() < (uint)Entries.Count ? Entries[id.Int()].Key
        : throw id.Error($"{id.Int()}", $"an id below {Entries.Count}");
}
