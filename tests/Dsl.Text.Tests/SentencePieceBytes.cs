using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json.Nodes;
using Dsl.Text.Tokenizers;
using Google.Protobuf;

namespace Dsl.Text.Tests;

/// <summary>Writes SentencePiece model files (sentencepiece_model.proto), and tokenizer.json as Hugging Face's converters make it of one.</summary>
internal static class SentencePieceBytes
{
    internal static byte[] Unigram(IEnumerable<(string Text, float Score, PieceKind Kind)> pieces, byte[]? charsMap = null)
    {
        var bytes = new MemoryStream();
        using (var file = new CodedOutputStream(bytes, leaveOpen: true))
        {
            foreach ((string text, float score, PieceKind kind) in pieces)
            {
                Message(file, 1, piece =>
                {
                    piece.WriteTag(1, WireFormat.WireType.LengthDelimited);
                    piece.WriteString(text);
                    piece.WriteTag(2, WireFormat.WireType.Fixed32);
                    piece.WriteFloat(score);
                    piece.WriteTag(3, WireFormat.WireType.Varint);
                    piece.WriteEnum((int)kind);
                });
            }

            Message(file, 2, trainer =>
            {
                trainer.WriteTag(3, WireFormat.WireType.Varint);
                trainer.WriteEnum(1);
            });
            if (charsMap is not null)
            {
                Message(file, 3, normalizer =>
                {
                    normalizer.WriteTag(2, WireFormat.WireType.LengthDelimited);
                    normalizer.WriteBytes(ByteString.CopyFrom(charsMap));
                });
            }
        }

        return bytes.ToArray();
    }

    /// <summary>A tokenizer.json of type Unigram.</summary>
    internal static JsonObject Json(
        IEnumerable<(string Text, double Score)> pieces, int unknown, IEnumerable<JsonNode> normalizers, JsonNode preTokenizer,
        IEnumerable<(int Id, string Text)> added, string mask, JsonNode? template) => new()
        {
            ["added_tokens"] = new JsonArray([.. added.Select(token => new JsonObject
            {
                ["id"] = token.Id,
                ["content"] = token.Text,
                ["lstrip"] = token.Text == mask,
                ["special"] = true,
            })]),
            ["normalizer"] = new JsonObject { ["type"] = "Sequence", ["normalizers"] = new JsonArray([.. normalizers]) },
            ["pre_tokenizer"] = preTokenizer,
            ["post_processor"] = template,
            ["decoder"] = Metaspace(),
            ["model"] = new JsonObject
            {
                ["type"] = "Unigram",
                ["unk_id"] = unknown,
                ["vocab"] = new JsonArray([.. pieces.Select(piece => new JsonArray(piece.Text, piece.Score))]),
            },
        };

    internal static JsonObject Metaspace() => new() { ["type"] = "Metaspace", ["replacement"] = "\u2581", ["prepend_scheme"] = "always", ["split"] = true };

    /// <summary>A template written as <c>[CLS]:0 A:0 [SEP]:0</c>.</summary>
    internal static JsonObject Template(string single, string pair, IReadOnlyDictionary<string, int> ids)
    {
        JsonArray Parts(string template) => new([.. template.Split(' ').Select(part => new JsonObject
        {
            [part[0] is 'A' or 'B' ? "Sequence" : "SpecialToken"] = new JsonObject { ["id"] = part[..^2], ["type_id"] = part[^1] - '0' },
        })]);
        return new JsonObject
        {
            ["type"] = "TemplateProcessing",
            ["single"] = Parts(single),
            ["pair"] = Parts(pair),
            ["special_tokens"] = new JsonObject(ids.Select(token => KeyValuePair.Create<string, JsonNode?>(
                token.Key, new JsonObject { ["id"] = token.Key, ["ids"] = new JsonArray(token.Value), ["tokens"] = new JsonArray(token.Key) }))),
        };
    }

    private static void Message(CodedOutputStream file, int field, System.Action<CodedOutputStream> write)
    {
        var bytes = new MemoryStream();
        using (var message = new CodedOutputStream(bytes, leaveOpen: true))
        {
            write(message);
        }

        file.WriteTag(field, WireFormat.WireType.LengthDelimited);
        file.WriteBytes(ByteString.CopyFrom(bytes.ToArray()));
    }
}
